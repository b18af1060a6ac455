// What went wrong, in words for who shops. The service's own words are for programs, and serve where there are no better ones.

import { element } from "/pages/dom.js";
import { many, money } from "/pages/format.js";

/** A problem as elements: a sentence, and a list where it is about several products. Names are those that the cart shows. */
export function wordsFor(problem, cart) {
  const nameOf = id => cart?.items.find(item => item.productId === id)?.productName ?? id;
  const list = lines => element("ul", {}, lines.map(line => element("li", {}, line)));
  const sentence = text => element("p", {}, text);
  switch (problem.name) {
    case "cart-empty":
      return [sentence("Your cart is empty. Put something into it first.")];
    case "price-changed":
      return [
        sentence("Prices have changed since your cart showed them. It shows the new ones now; order again to accept them."),
        list(problem.details.changes.map(change =>
          `${nameOf(change.productId)}: was ${money(change.was, change.currency)}, is ${money(change.now, change.currency)}`)),
      ];
    case "insufficient-stock":
      return [
        sentence("There is not enough left of what you want, and nothing was ordered."),
        list(problem.details.shortages.map(short => short.available === 0
          ? `${nameOf(short.productId)} is sold out`
          : `${nameOf(short.productId)}: you want ${short.requested}, ${many(short.available, "is", "are")} left`)),
      ];
    case "product-unavailable":
      return [sentence("Some of this is no longer sold. Take it out of your cart and order again."), list(problem.details.products.map(nameOf))];
    case "product-not-found":
      return [sentence("This is no longer sold.")];
    case "customer-not-allowed":
      return [sentence("This customer may not order. Choose another one.")];
    case "mixed-currencies":
      return [sentence("This has a price in another currency than your cart. Order or empty the cart first.")];
    case "validation":
      return [list(Object.values(problem.details.errors).flat())];
    case "unauthorized":
      return [sentence("The API does not take this page’s word for who you are: it is configured for bearer tokens. The shop page is for the API as it comes.")];
    case "unreachable":
      return [sentence("The shop does not answer. Try again in a moment.")];
    case "unavailable":
    case "overloaded":
    case "too-many-requests":
    case "request-in-progress":
    case "cart-busy":
      return [sentence(`The shop is busy, and nothing was ordered. Try again in ${many(problem.retryAfter || 5, "second")}.`)];
    default:
      return [sentence(problem.message)];
  }
}
