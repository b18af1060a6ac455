// Makes elements. What comes from a server is only ever text: there is no markup in this code, and the page's policy allows none.

const Svg = "http://www.w3.org/2000/svg";

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      made.addEventListener(name.slice(2), value);
    } else if (value === true) {
      made.setAttribute(name, "");
    } else if (value !== false && value !== null && value !== undefined) {
      made.setAttribute(name, value);
    }
  }

  made.append(...children.flat().filter(child => child !== null && child !== undefined));
  return made;
}

/** An element with attributes, listeners (onclick: …) and children, which are elements or texts. */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for a drawing. */
export function drawing(name, attributes = {}, ...children) {
  return fill(document.createElementNS(Svg, name), attributes, children);
}

/** The element with this id. */
export function at(id) {
  return document.getElementById(id);
}

/** Text for those who listen to the page rather than look at it. */
export function hidden(text) {
  return element("span", { class: "visually-hidden" }, text);
}

/** Sets a text only where it differs, so that nothing is read aloud twice. */
export function say(target, text) {
  if (target.textContent !== text) {
    target.textContent = text;
  }
}

/** Has something read aloud to those who listen, also where it was said just before. */
export function tell(text) {
  at("told").textContent = "";
  at("told").textContent = text;
}

/** Marks the button of one order, of those in an element. */
export function mark(list, order) {
  for (const button of list.querySelectorAll("[data-order]")) {
    if (button.dataset.order === order) {
      button.setAttribute("aria-current", "true");
    } else {
      button.removeAttribute("aria-current");
    }
  }
}

/** A cell whose column is named beside it where there is no room for columns. */
export function cell(label, attributes, ...children) {
  return element("td", { "data-label": label, ...attributes }, element("div", {}, ...children));
}
