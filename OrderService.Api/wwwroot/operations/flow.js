// Orders by state, and the ways between the states.

import { element, hidden, say } from "/pages/dom.js";
import { count, many, time } from "/pages/format.js";
import { classOf, disc, nameOf, states } from "/pages/states.js";

const steps = [
  ["PENDING", "CONFIRMED"], ["CONFIRMED", "PROCESSING"], ["PROCESSING", "SHIPPED"], ["SHIPPED", "DELIVERED"],
  ["PENDING", "CANCELLED"], ["CONFIRMED", "CANCELLED"],
];

const Thinnest = 2;
const Thickest = 12;

/** Draws the flow once; what it returns shows figures in it. Whoever picks a state wants its orders. */
export function flow(root, about, onPick) {
  const figures = {};
  const ways = {};
  for (const state of states) {
    figures[state] = element("span", { class: "figure" }, "–");
    root.append(element("button", { type: "button", class: `state ${classOf(state)}`, onclick: () => onPick(state) },
      element("span", { class: "badge" }, disc(state), nameOf(state)), figures[state], hidden(" orders. Find them")));
  }

  for (const [from, to] of steps) {
    const figure = element("b", {}, "–");
    const kind = to === "CANCELLED" ? "down given-up" : "across onward";
    ways[from + to] = {
      figure,
      way: element("p", { class: `step ${kind} ${from.toLowerCase()}-${to.toLowerCase()} none` },
        figure, hidden(` went from ${nameOf(from)} to ${nameOf(to)}`)),
    };
    root.append(ways[from + to].way);
  }

  root.append(element("p", { class: "key small soft" },
    "The number in a box is how many are in that state now, the number on a bar how many have gone that way. Pick a state to find its orders."));

  return summary => {
    for (const { status, count: number } of summary.states) {
      say(figures[status], count(number));
    }

    for (const [from, to] of steps) {
      const gone = summary.steps.find(step => step.from === from && step.to === to)?.count ?? 0;
      const { figure, way } = ways[from + to];
      say(figure, count(gone));
      way.classList.toggle("none", gone === 0);
      way.style.setProperty("--width", `${gone === 0 ? 1 : Thinnest + (Thickest - Thinnest) * gone / summary.orders}px`);
    }

    say(about, summary.orders === 0 ? "There are no orders yet"
      : summary.orders < summary.countedTo ? `All ${many(summary.orders, "order")}, since ${time(summary.since)}`
      : `The newest ${count(summary.orders)} orders, since ${time(summary.since)}`);
  };
}
