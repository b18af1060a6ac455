// The operations page: signs in, looks again and again while it is open, and finds orders.

import { ask, identify, Problem } from "/pages/api.js";
import { at, element, mark, say, tell } from "/pages/dom.js";
import { count, duration, isId, many, money, time } from "/pages/format.js";
import { badge, nameOf, states } from "/pages/states.js";
import { bars, line } from "./charts.js";
import { flow } from "./flow.js";
import { letters } from "./letters.js";
import { story } from "./story.js";

const Token = "orders.token";
const Window = 600;

const showFlow = flow(at("flow"), at("flow-about"), state => {
  at("status").value = state;
  at("query").value = "";
  at("search-title").scrollIntoView();
  find();
});
const showMinutes = bars(at("minutes"));
const showLag = line(at("lag"), 120, Window);
const lags = [];

// What is looked at, and how often

async function lookAtOrders() {
  const summary = await ask("GET", "/api/operations/summary");
  showFlow(summary);
  showMinutes(summary.minutes);
  say(at("minute-last"), count(summary.minutes.at(-2).placed));
  say(at("minute-sum"), count(summary.minutes.reduce((sum, minute) => sum + minute.placed, 0)));
}

async function lookAtOutbox() {
  const outbox = await ask("GET", "/api/operations/outbox");
  const now = Date.now();
  const counted = number => (number >= outbox.countedTo ? `${count(number)}+` : count(number));
  lags.push({ at: now, value: outbox.lagSeconds });
  while (lags[0].at < now - Window * 1000) {
    lags.shift();
  }

  showLag(lags);
  say(at("outbox-lag"), duration(outbox.lagSeconds));
  say(at("outbox-depth"), counted(outbox.depth));
  say(at("outbox-parked"), counted(outbox.parked));
}

const lookAtLetters = letters(at("letters"), {
  onOrder: tellStory,
  onTold: tell,
  onReplayed: key => key === toldOf && tellStory(key, false),
});

const looks = [[lookAtOutbox, 2], [lookAtOrders, 5], [lookAtLetters, 5]];
const failures = new Map();
let paused = false;
let isOpen = false;

function watch() {
  for (const [look, seconds] of looks) {
    const again = async () => {
      if (isOpen && !paused && !document.hidden) {
        await attempt(look);
      }

      setTimeout(again, seconds * 1000);
    };
    setTimeout(again, seconds * 1000);
  }
}

async function attempt(look) {
  try {
    await look();
    failures.delete(look);
    say(at("looked"), `Looked at ${time(Date.now())}`);
  } catch (failure) {
    if (!(failure instanceof Problem)) {
      throw failure;
    }

    if (failure.status === 401 || failure.status === 403) {
      failures.clear();
      askWho(failure);
    } else {
      failures.set(look, failure.message);
    }
  }

  const [message] = failures.values();
  at("trouble").hidden = message === undefined;
  say(at("trouble-text"), message === undefined ? "" : `${message} The page goes on trying.`);
}

at("pause").addEventListener("click", () => {
  paused = !paused;
  at("pause").setAttribute("aria-pressed", paused);
});

// Finding orders

states.forEach(state => at("status").append(element("option", { value: state }, nameOf(state))));

at("search-form").addEventListener("submit", event => {
  event.preventDefault();
  find();
});

async function find() {
  const query = at("query").value.trim();
  const isWrong = query !== "" && !isId(query);
  at("query").setAttribute("aria-invalid", isWrong);
  at("query-error").hidden = !isWrong;
  if (isWrong) {
    at("query-error").textContent = "An id has 36 characters, such as 0199f1c4-7a52-7cc0-9d7e-3f1f0a3c5b11.";
    at("query").focus();
    return;
  }

  // An id is an order's or a customer's. Those of orders are UUIDv7.
  const isOrders = query[14] === "7";
  if (isOrders && await tellStory(query)) {
    return;
  }

  const parameters = new URLSearchParams({ size: 10 });
  if (query !== "") {
    parameters.set("userId", query);
  }

  if (at("status").value !== "") {
    parameters.set("status", at("status").value);
  }

  const isListed = await list(`/api/operations/orders?${parameters}`, element("ul", { class: "found" }));
  if (!isListed && !isOrders && query !== "" && at("status").value === "") {
    await tellStory(query);
  }
}

/** Adds a page of orders to those found, and returns whether there are any. */
async function list(address, found) {
  try {
    const page = await ask("GET", address);
    found.append(...page.items.map(order => element("li", {},
      element("button", { type: "button", "data-order": order.id, onclick: () => tellStory(order.id, true) },
        badge(order.status), element("span", {}, money(order.totalAmount, order.currency)),
        element("span", { class: "id" }, order.id), element("span", { class: "small soft" }, time(order.createdAt))))));
    const number = found.children.length;
    at("found").replaceChildren(
      number === 0 ? element("p", { class: "empty" }, page.next === null ? "No such orders." : "None among the newest ones.") : found,
      page.next === null ? "" : element("button", { type: "button", class: "more", onclick: () => list(page.next, found) }, "Show older ones"));
    mark(at("found"), toldOf);
    tell(number === 0 ? "No such orders." : `${many(number, "order")} found.`);
    return number > 0;
  } catch (failure) {
    at("found").replaceChildren(element("p", { class: "notice" }, failure.message));
    return true;
  }
}

// An order's story

let toldOf = null;

/** Shows it, and whether there is such an order. */
async function tellStory(id, moves = true) {
  try {
    const told = await story(id, customer => {
      at("query").value = customer;
      at("status").value = "";
      find();
    });
    toldOf = id;
    history.replaceState(null, "", `#order=${id}`);
    at("story").replaceChildren(told);
    mark(at("found"), toldOf);
    if (moves) {
      at("story-title").focus();
      at("story-box").scrollIntoView({ block: "nearest" });
    }

    return true;
  } catch (failure) {
    if (failure instanceof Problem && failure.name === "order-not-found") {
      return false;
    }

    at("story").replaceChildren(element("p", { class: "notice" }, failure.message));
    return true;
  }
}

function followAddress() {
  const id = location.hash.match(/^#order=(.+)$/)?.[1];
  if (id !== undefined && isId(id) && id !== toldOf) {
    at("query").value = id;
    find();
  }
}

addEventListener("hashchange", () => isOpen && followAddress());

// Signing in

function askWho(failure) {
  const token = sessionStorage.getItem(Token);
  isOpen = false;
  at("figures").hidden = true;
  at("watch").hidden = true;
  at("sign-in").hidden = false;
  at("token-error").hidden = token === null && failure.status === 401;
  at("token-error").textContent = failure.message;
  at("token").setAttribute("aria-invalid", !at("token-error").hidden);
  sessionStorage.removeItem(Token);
}

at("sign-in-form").addEventListener("submit", event => {
  event.preventDefault();
  const token = at("token").value.trim().replace(/^Bearer /i, "");
  if (token === "") {
    at("token").focus();
    return;
  }

  sessionStorage.setItem(Token, token);
  at("token").value = "";
  open();
});

at("forget").addEventListener("click", () => {
  sessionStorage.removeItem(Token);
  location.reload();
});

async function open() {
  const settings = await ask("GET", "/pages/settings").catch(() => ({ isDevelopment: false, takesGatewayHeaders: false }));
  document.querySelectorAll("[data-development]").forEach(way => {
    way.hidden = !settings.isDevelopment;
  });

  // Elsewhere the gateway says who asks, or a token does.
  const token = sessionStorage.getItem(Token);
  const isTold = settings.takesGatewayHeaders && token === null;
  identify(token !== null ? { Authorization: `Bearer ${token}` }
    : isTold ? { "X-User-Id": "00000000-0000-4000-8000-000000000001", "X-User-Roles": "orders:operate" }
    : {});
  isOpen = true;
  await attempt(lookAtOutbox);
  if (isOpen) {
    at("sign-in").hidden = true;
    at("figures").hidden = false;
    at("watch").hidden = false;
    at("forget").hidden = token === null;
    await Promise.all([attempt(lookAtOrders), attempt(lookAtLetters)]);
    followAddress();
  }
}

await open();
watch();
