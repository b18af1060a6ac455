// Products have no photographs here: a drawing by the last word of the name, on a tint by the material.

import { drawing, element } from "/pages/dom.js";

const things = {
  kettle: "M13 22h19l4 18H9zM15 22c0-12 15-12 15 0M33 27l7-6M22 13v-3",
  lamp: "M17 9h14l6 15H11zM24 24v15M15 40h18M31 24v5",
  bottle: "M21 6h6v9l5 6v18a2 2 0 0 1-2 2H18a2 2 0 0 1-2-2V21l5-6zM16 26h16M16 34h16",
  backpack: "M13 22a11 11 0 0 1 22 0v18H13zM20 12V8h8v4M18 29h12v11H18zM18 33h12M20 20h8M13 26h-3v11h3M35 26h3v11h-3",
  notebook: "M14 8h21v32H14zM19 8v32M24 16h7M24 21h7M11 14h5M11 24h5M11 34h5",
  chair: "M15 7v34M15 27h17v14M15 10h3v17M15 16h3M20 27v4M27 27v4",
  clock: "M24 8a16 16 0 1 1 0 32a16 16 0 1 1 0-32zM24 14v10l7 5M24 8v2M24 38v2M8 24h2M38 24h2",
  tray: "M7 23h34l-4 14H11zM7 23l-3-4M41 23l3-4M14 23v-5h7v5M25 23c0-6 9-6 9 0",
  mug: "M11 14h21v22a4 4 0 0 1-4 4H15a4 4 0 0 1-4-4zM32 19h3a6 6 0 0 1 0 12h-3M17 9c-2-2 2-3 0-5M25 9c-2-2 2-3 0-5",
  basket: "M7 20h34l-4 20H11zM15 20l7-12M33 20l-7-12M18 26v8M24 26v8M30 26v8",
};

const parcel = "M9 16l15-8 15 8v17l-15 8-15-8zM9 16l15 8 15-8M24 24v17M16 12l15 8";

const materials = ["steel", "oak", "ceramic", "linen", "leather", "glass", "bamboo", "copper", "wool", "cork"];

/** The picture of a product. */
export function picture(name) {
  const words = name.toLowerCase().split(/\s+/);
  const material = words.find(word => materials.includes(word)) ?? "";
  const path = Object.hasOwn(things, words.at(-1)) ? things[words.at(-1)] : parcel;
  return element("div", { class: `picture ${material}` },
    drawing("svg", { viewBox: "0 0 48 48", "aria-hidden": "true" }, drawing("path", { d: path })));
}
