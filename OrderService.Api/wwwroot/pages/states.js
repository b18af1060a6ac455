// The states of an order, as words and as discs: the fuller, the further.

import { drawing, element } from "./dom.js";

/** In the order of an order's life. */
export const states = ["PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED"];

/** The way that most orders go. */
export const way = states.slice(0, 5);

/** Whether nothing comes after a state. */
export function isFinal(state) {
  return state === "DELIVERED" || state === "CANCELLED";
}

/** The word for a state. */
export function nameOf(state) {
  return state.charAt(0) + state.slice(1).toLowerCase();
}

/** Its class, which has its colour. */
export function classOf(state) {
  return `is-${state.toLowerCase()}`;
}

const quarters = {
  CONFIRMED: "M8 8V1.5A6.5 6.5 0 0 1 14.5 8z",
  PROCESSING: "M8 8V1.5A6.5 6.5 0 0 1 8 14.5z",
  SHIPPED: "M8 8V1.5A6.5 6.5 0 1 1 1.5 8z",
  DELIVERED: "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13z",
};

/** The disc of a state; its word stands beside it. */
export function disc(state) {
  return drawing("svg", { class: "disc", viewBox: "0 0 16 16", "aria-hidden": "true" },
    drawing("circle", { cx: 8, cy: 8, r: 6.5 }),
    state === "CANCELLED"
      ? drawing("path", { class: "cross", d: "M5.5 5.5l5 5m0-5l-5 5" })
      : quarters[state] ? drawing("path", { d: quarters[state] }) : null);
}

/** Disc and word. */
export function badge(state) {
  return element("span", { class: `badge ${classOf(state)}` }, disc(state), nameOf(state));
}
