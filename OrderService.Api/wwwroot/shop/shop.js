// The shop page: products, a cart, a checkout, and the order on its way.

import { ask, identify, Problem } from "/pages/api.js";
import { at, element, hidden, mark, say, tell } from "/pages/dom.js";
import { count, many, money, newId, time } from "/pages/format.js";
import { badge } from "/pages/states.js";
import { picture } from "./pictures.js";
import { tracker } from "./tracking.js";
import { wordsFor } from "./words.js";

const Chosen = "shop.customer";
const Customers = 1000;
const Few = 20;

let cart = null;
let page = 0;
let key = null;
let tracked = null;
let visits = 0;

function trouble(failure) {
  if (!(failure instanceof Problem)) {
    throw failure;
  }

  at("trouble").replaceChildren(...wordsFor(failure, cart));
  at("trouble").hidden = false;
  at("trouble").scrollIntoView({ block: "center" });
}

/** Does something that the shop may refuse, and says so if it does. */
async function attempt(action) {
  at("trouble").hidden = true;
  try {
    await action();
  } catch (failure) {
    trouble(failure);
  }
}

// Products

async function showShelf() {
  const shelf = await ask("GET", `/shop/products?page=${page}`);
  const pages = Math.max(1, Math.ceil(shelf.totalItems / shelf.size));
  at("shelf").replaceChildren(...shelf.items.map(product => element("li", {},
    picture(product.name),
    element("div", { class: "about" }, element("h3", {}, product.name), element("p", { class: "id soft" }, product.id)),
    element("div", { class: "buy" },
      element("p", { class: "price" }, element("strong", {}, money(product.price, product.currency)), stockOf(product)),
      element("button", { type: "button", "data-product": product.id, disabled: product.available <= 0, onclick: () => add(product) },
        "Add to cart", hidden(`: ${product.name}`))))));
  say(at("page"), `Page ${count(page + 1)} of ${count(pages)}`);
  at("previous").disabled = page === 0;
  at("next").disabled = page + 1 >= pages;
}

function stockOf(product) {
  return product.available <= 0 ? element("span", { class: "small none" }, "Sold out")
    : product.available < Few ? element("span", { class: "small few" }, `Only ${product.available} left`)
    : null;
}

function turn(by) {
  page += by;
  attempt(async () => {
    await showShelf();
    at("content").focus();
    at("content").scrollIntoView();
    tell(at("page").textContent);
  });
}

at("previous").addEventListener("click", () => turn(-1));
at("next").addEventListener("click", () => turn(1));

// The cart

const add = product => attempt(async () => {
  showCart(await ask("POST", "/api/cart/items", { body: { productId: product.id, quantity: 1 } }));
  tell(`${product.name} is in your cart: ${many(cart.itemCount, "piece")}, ${money(cart.total, cart.currency)}.`);
});

const setQuantity = (item, quantity) => attempt(async () => {
  try {
    showCart(await ask("PUT", `/api/cart/items/${encodeURIComponent(item.productId)}`, { body: { quantity } }));
    tell(`${quantity} × ${item.productName}. The total is ${money(cart.total, cart.currency)}.`);
  } catch (failure) {
    showCart(await ask("GET", "/api/cart"));
    throw failure;
  }
});

const remove = item => attempt(async () => {
  showCart(await ask("DELETE", `/api/cart/items/${encodeURIComponent(item.productId)}`));
  tell(`${item.productName} is no longer in your cart.`);
  at("cart").focus();
});

function showCart(now) {
  cart = now;

  // Another cart is another checkout.
  key = null;
  const focused = at("lines").contains(document.activeElement) ? document.activeElement.dataset.line : undefined;
  at("lines").replaceChildren(...cart.items.map(lineOf));
  at("lines").querySelector(`[data-line="${CSS.escape(focused ?? "")}"]`)?.focus();
  const isEmpty = cart.items.length === 0;
  at("cart-empty").hidden = !isEmpty;
  at("checkout-box").hidden = isEmpty;
  at("to-cart").hidden = isEmpty;
  say(at("pieces"), isEmpty ? "" : many(cart.itemCount, "piece"));
  const total = money(cart.total, cart.currency);
  say(at("total"), total);
  say(at("order"), `Place order · ${total}`);
  at("to-cart").replaceChildren(element("span", {}, `Cart: ${many(cart.itemCount, "piece")}`), element("span", {}, total));
}

function lineOf(item) {
  const id = `quantity-${item.productId}`;
  const quantity = element("input", {
    id, type: "number", inputmode: "numeric", min: 1, max: 1000, step: 1, value: item.quantity, "data-line": item.productId,
    onchange: () => setQuantity(item, quantity.valueAsNumber || 0),
  });
  return element("li", {},
    element("div", {}, element("strong", {}, item.productName), element("p", { class: "small soft" }, `${money(item.unitPrice, cart.currency)} each`)),
    element("p", { class: "amount" }, money(item.totalPrice, cart.currency)),
    element("div", { class: "quantity" }, element("label", { for: id, class: "small soft" }, "Pieces", hidden(` of ${item.productName}`)), quantity),
    element("button", { type: "button", class: "quiet", onclick: () => remove(item) }, "Remove", hidden(` ${item.productName}`)));
}

// The checkout

function showError(field, text) {
  at(field).setAttribute("aria-invalid", text !== "");
  at(`${field}-error`).textContent = text;
  at(`${field}-error`).hidden = text === "";
}

at("checkout").addEventListener("submit", event => {
  event.preventDefault();
  attempt(checkOut);
});

async function checkOut() {
  const address = at("address").value.trim();
  const notes = at("notes").value.trim();
  showError("notes", "");
  showError("address", address === "" ? "Where should it go? Street, number and town are enough." : "");
  if (address === "") {
    at("address").focus();
    return;
  }

  // The same key for the same attempt: sent again after an answer that was lost, it is still one order.
  key ??= newId();
  at("order").disabled = true;
  try {
    const order = await ask("POST", "/api/cart/checkout", {
      headers: { "Idempotency-Key": key }, body: { shippingAddress: address, notes: notes === "" ? null : notes },
    });
    showCart(await ask("GET", "/api/cart"));
    tell(`Your order is placed: ${money(order.totalAmount, order.currency)}.`);
    showOrders(await readOrders());
    track(order);
    at("track-title").focus();
    await showShelf();
  } catch (failure) {
    await refused(failure);
  } finally {
    at("order").disabled = false;
  }
}

async function refused(failure) {
  if (failure instanceof Problem && failure.name === "validation") {
    const { shippingAddress, notes } = failure.details.errors;
    showError("address", shippingAddress?.join(" ") ?? "");
    showError("notes", notes?.join(" ") ?? "");
    if (shippingAddress || notes) {
      at(shippingAddress ? "address" : "notes").focus();
      return;
    }
  }

  trouble(failure);
  if (failure.status === 409 || failure.status === 422) {
    // The words are about the cart as it was shown; what it holds now may differ.
    showCart(await ask("GET", "/api/cart"));
    await showShelf();
  }
}

// Orders

const follow = tracker(at("track"), at("track-live"), {
  onTold: tell,
  onStep: (id, state) => at("orders").querySelector(`[data-order="${id}"] .badge`)?.replaceWith(badge(state)),
});

function track(order) {
  tracked = order.id;
  at("track-box").hidden = false;
  mark(at("orders"), tracked);
  follow.begin(order);
}

const readOrders = () => ask("GET", "/api/orders?size=5");

function showOrders(orders) {
  at("orders").replaceChildren(orders.items.length === 0
    ? element("p", { class: "empty" }, "None yet.")
    : element("ul", { class: "orders" }, orders.items.map(orderOf)));
  if (orders.next !== null) {
    at("orders").append(element("button", { type: "button", class: "quiet", onclick: event => more(event.target, orders.next) }, "Earlier orders"));
  }

  mark(at("orders"), tracked);
}

const more = (button, address) => attempt(async () => {
  const orders = await ask("GET", address);
  at("orders").querySelector("ul").append(...orders.items.map(orderOf));
  button.remove();
  if (orders.next !== null) {
    at("orders").append(element("button", { type: "button", class: "quiet", onclick: event => more(event.target, orders.next) }, "Earlier orders"));
  }
});

function orderOf(order) {
  return element("li", {}, element("button", { type: "button", "data-order": order.id, onclick: () => track(order) },
    badge(order.status), element("span", {}, money(order.totalAmount, order.currency)),
    element("span", { class: "small soft" }, order.items.map(item => `${item.quantity} × ${item.productName}`).join(", ")),
    element("span", { class: "small soft" }, time(order.createdAt))));
}

// Who shops: one of the seeded customers

async function be(number) {
  const customer = Math.min(Customers, Math.max(1, Math.round(number) || 1));
  at("customer").value = customer;
  sessionStorage.setItem(Chosen, customer);

  // What is still on its way for the one before is not shown any more.
  const [visit, shown] = [++visits, cart];
  follow.end();
  identify({ "X-User-Id": `00000000-0000-4000-8000-${customer.toString(16).padStart(12, "0")}` });
  tracked = null;
  at("track-box").hidden = true;
  await attempt(async () => {
    const [itsCart, itsOrders] = await Promise.all([ask("GET", "/api/cart"), readOrders()]);
    if (visit === visits) {
      // Who was quick has changed the cart meanwhile, and sees what it became.
      if (cart === shown) {
        showCart(itsCart);
      }

      showOrders(itsOrders);
      itsOrders.items.slice(0, 1).forEach(track);
    }
  });
}

at("customer").addEventListener("change", async () => {
  await be(at("customer").valueAsNumber);
  tell(`You are customer ${at("customer").value} now.`);
});

await Promise.all([attempt(showShelf), be(Number(sessionStorage.getItem(Chosen) ?? 1))]);
