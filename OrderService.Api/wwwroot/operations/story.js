// All that happened to one order.

import { ask } from "/pages/api.js";
import { cell, element } from "/pages/dom.js";
import { count, money, shortType, time } from "/pages/format.js";
import { badge, classOf, disc, nameOf } from "/pages/states.js";

const deliveries = { SENT: "sent", WAITING: "waits to be sent", PARKED: "parked" };

/** The story of an order as an element. */
export async function story(id, onCustomer) {
  const [told, parked] = await Promise.all([
    ask("GET", `/api/operations/orders/${id}`),
    ask("GET", `/api/operations/dead-letters?orderId=${id}`),
  ]);
  const { order } = told;
  const amount = value => money(value, order.currency);
  return element("div", { class: "story" },
    element("div", {},
      element("p", { class: "gist" }, badge(order.status), element("span", { class: "amount" }, amount(order.totalAmount))),
      element("p", { class: "id" }, order.id)),
    element("dl", { class: "facts" },
      fact("Customer", element("button", { type: "button", class: "quiet id", onclick: () => onCustomer(order.userId) }, order.userId)),
      fact("Placed", time(order.createdAt)),
      fact("Paid", told.paidAt === null ? "not yet" : `${amount(told.paidAmount ?? order.totalAmount)} at ${time(told.paidAt)}`),
      told.refundAmount > 0 ? fact("Owed back", amount(told.refundAmount)) : null,
      fact("Send to", order.shippingAddress),
      order.notes ? fact("Notes", order.notes) : null,
      told.traces === null ? null : fact("Traces", element("a", { href: told.traces, rel: "noreferrer" }, "in the dashboard"))),
    part("History", element("ol", { class: "timeline" }, told.history.map(step => element("li", {},
      element("span", { class: classOf(step.to) }, disc(step.to)),
      element("div", {}, element("strong", {}, step.from === step.to ? "Changed" : nameOf(step.to)),
        element("p", { class: "small soft" }, `${step.reason} · ${step.by}`)),
      element("time", { class: "small soft", datetime: step.at }, time(step.at)))))),
    parked.items.length === 0 ? null : part("Parked for it", element("ul", {}, parked.items.map(message =>
      element("li", { class: "notice" }, element("p", {}, `${shortType(message.type)}: ${message.error ?? ""}`))))),
    part("Events told to others", table(["No.", "Event", "When", "Delivery"], told.events.map(event => [
      count(event.sequence), shortType(event.type), time(event.at), deliveries[event.delivery] ?? "not known: the outbox is long"]))),
    told.received.length === 0 ? null : part("Events that had their effect", table(["From", "Id", "When"], told.received.map(event => [
      event.source, element("span", { class: "id" }, event.id), time(event.handledAt)]))),
    part("Lines", order.items.length === 0
      ? element("p", { class: "soft" }, "Nothing is left of it.")
      : table(["Product", "Pieces", "Each", "Total"], order.items.map(item => [
        `${item.productName} (${item.productId})`, count(item.quantity), amount(item.unitPrice), amount(item.totalPrice)]))));
}

function fact(name, value) {
  return element("div", {}, element("dt", {}, name), element("dd", {}, value));
}

function part(title, content) {
  return element("section", {}, element("h3", {}, title), content);
}

function table(columns, rows) {
  return element("table", {},
    element("thead", {}, element("tr", {}, columns.map(name => element("th", { scope: "col" }, name)))),
    element("tbody", {}, rows.map(row => element("tr", {}, row.map((value, index) => cell(columns[index], {}, value))))));
}
