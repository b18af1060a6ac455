// An order on its way, as it happens.

import { ask, follow } from "/pages/api.js";
import { element, hidden } from "/pages/dom.js";
import { money, time } from "/pages/format.js";
import { classOf, disc, isFinal, nameOf, way } from "/pages/states.js";

const words = {
  PENDING: "Your order is placed, and its payment is awaited.",
  CONFIRMED: "Your order is paid.",
  PROCESSING: "The warehouse has picked your order.",
  SHIPPED: "Your order is on its way to you.",
  DELIVERED: "Your order has arrived.",
  CANCELLED: "Your order is cancelled.",
};

/** Follows one order at a time in an element, and tells each step. */
export function tracker(root, live, { onTold, onStep }) {
  let abort = new AbortController();

  async function begin(order) {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    const steps = element("ol", { class: "way", "aria-label": "How far it has come" });
    const told = element("ol", { class: "timeline" });
    root.replaceChildren(
      element("p", {}, element("strong", {}, money(order.totalAmount, order.currency)), " to ", order.shippingAddress),
      element("p", { class: "id soft" }, element("a", { href: `/operations#order=${order.id}` }, order.id)),
      steps, told);
    live.textContent = "Asking…";

    // What has happened before is shown, and only what happens while one looks on is told.
    const known = await ask("GET", `/api/orders/${order.id}/history`, { signal }).then(history => history.items.length, () => 0);
    let state = "PENDING";
    let seen = 0;
    try {
      await follow(`/api/orders/${order.id}/events`, step => {
        state = step.to;
        seen++;
        const isNew = seen > known;
        showWay(steps, state);
        told.append(element("li", { class: isNew ? "new" : null },
          element("span", { class: classOf(state) }, disc(state)),
          element("div", {}, element("strong", {}, step.from === step.to ? "Changed" : nameOf(state)),
            element("p", { class: "small soft" }, step.from === null ? words.PENDING : step.reason)),
          element("time", { class: "small soft", datetime: step.at }, time(step.at))));
        if (isNew) {
          onTold(words[state]);
        }

        if (isFinal(state)) {
          live.textContent = state === "DELIVERED" ? "Arrived" : "Ended";
        }

        onStep(order.id, state);
      }, signal, isOpen => {
        if (!isFinal(state)) {
          live.textContent = isOpen ? "Live" : "Connecting again…";
        }
      });
    } catch (failure) {
      live.textContent = failure.message;
    }
  }

  return { begin, end: () => abort.abort() };
}

function showWay(steps, state) {
  const reached = way.indexOf(state);
  steps.hidden = state === "CANCELLED";
  steps.replaceChildren(...way.map((step, index) => element("li", {
    class: index <= reached ? `done ${classOf(step)}` : null, "aria-current": index === reached ? "step" : null,
  }, disc(step), element("span", { class: "name" }, nameOf(step)), hidden(index <= reached ? ", done" : ", to come"))));
}
