// Parked messages, and the question before one is replayed.

import { ask, Problem } from "/pages/api.js";
import { at, cell, element, hidden } from "/pages/dom.js";
import { isId, many, shortType, time } from "/pages/format.js";

const First = "/api/operations/dead-letters?size=20";

/** The list in an element. Its orders lead to their stories; what was done is told. */
export function letters(root, { onOrder, onTold, onReplayed }) {
  let shown = 1;
  let seen = "";

  /** Reads as many pages as are shown, and shows them where they differ from before. */
  async function read() {
    const messages = [];
    let next = First;
    for (let page = 0; page < shown && next !== null; page++) {
      const answer = await ask("GET", next);
      messages.push(...answer.items);
      next = answer.next;
    }

    const state = JSON.stringify([messages, next]);
    if (state !== seen) {
      seen = state;
      show(messages, next);
    }
  }

  function show(messages, next) {
    const focused = root.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    if (messages.length === 0) {
      root.replaceChildren(element("p", { class: "empty" }, "None. Every message was handled or delivered."));
      return;
    }

    root.replaceChildren(
      element("table", { class: "stack" },
        element("caption", { class: "visually-hidden" }, "Parked messages, newest first"),
        element("thead", {}, element("tr", {},
          ["Message", "Order", "What is wrong", "Since"].map(name => element("th", { scope: "col" }, name)),
          element("th", { scope: "col" }, hidden("What to do")))),
        element("tbody", {}, messages.map(rowOf))),
      next === null ? "" : element("button", { type: "button", class: "more", "data-key": "more", onclick: more }, "Show older ones"));
    if (focused !== undefined) {
      root.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    }
  }

  function rowOf(message) {
    return element("tr", {},
      cell("Message", {}, shortType(message.type), element("div", { class: "small soft" }, wayOf(message))),
      cell("Order", {}, orderOf(message)),
      cell("Wrong", { class: "wrong" }, message.error ?? "",
        message.attempts === null ? null : element("div", { class: "small soft" }, `after ${many(message.attempts, "attempt")}`)),
      cell("Since", {}, element("time", { datetime: message.failedAt }, time(message.failedAt))),
      cell("", {}, element("button", { type: "button", "data-key": message.id, onclick: () => open(message) }, "Replay…",
        hidden(` ${shortType(message.type)} of ${message.key ?? "no order"}`))));
  }

  function orderOf(message) {
    return isId(message.key ?? "")
      ? element("a", { class: "id", href: `#order=${message.key}`, "data-key": `order ${message.id}`, onclick: event => follow(event, message.key) }, message.key)
      : element("span", { class: "id" }, message.key ?? "none");
  }

  function follow(event, order) {
    event.preventDefault();
    onOrder(order);
  }

  async function more() {
    shown++;
    await read().catch(failure => onTold(failure.message));
  }

  const dialog = at("replay");
  let asked = null;

  function open(message) {
    asked = message;
    const fact = (name, value, kind = null) => element("div", { class: kind }, element("dt", {}, name), element("dd", {}, value));
    at("replay-facts").replaceChildren(
      fact("Message", shortType(message.type)), fact("Way", wayOf(message)), fact("Order", message.key ?? "none"), fact("What is wrong", message.error ?? "–", "whole"));
    at("replay-body").textContent = "…";
    at("replay-trouble").hidden = true;
    at("replay-yes").disabled = false;
    dialog.showModal();
    at("replay-no").focus();
    ask("GET", `/api/operations/dead-letters/${message.id}`).then(
      detail => {
        const note = detail.payloadEncoding === "base64" ? "in base64: " : "";
        at("replay-body").textContent = detail.payload === "" ? "empty" : note + detail.payload.slice(0, 20_000);
      },
      failure => {
        at("replay-body").textContent = failure.message;
      });
  }

  async function replay() {
    at("replay-yes").disabled = true;
    try {
      await ask("POST", `/api/operations/dead-letters/${asked.id}/replay`);
      onTold(`${shortType(asked.type)} is tried again.`);
    } catch (failure) {
      if (!(failure instanceof Problem && failure.status === 404)) {
        at("replay-trouble").textContent = failure.message;
        at("replay-trouble").hidden = false;
        at("replay-yes").disabled = false;
        return;
      }

      onTold("It has arrived since, and needs no replay.");
    }

    dialog.close();
    await read().catch(() => {});
    if (!root.contains(document.activeElement)) {
      (root.querySelector("button") ?? at("letters-title")).focus();
    }

    onReplayed(asked.key);
  }

  at("replay-no").addEventListener("click", () => dialog.close());
  at("replay-yes").addEventListener("click", replay);
  return read;
}

function wayOf(message) {
  return message.direction === "INBOUND" ? `from ${message.source}` : message.source === "EVENTS" ? "to Kafka" : "to the Product service";
}
