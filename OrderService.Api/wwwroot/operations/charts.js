// Two small charts. Each is one picture to those who can't see it, with its gist as its name.

import { drawing } from "/pages/dom.js";

const Left = 40;
const Right = 6;
const Top = 8;
const Bottom = 22;

/** The next number above that is easy to read, and to halve: 1, 2, 4, 6, 8, 10, 20… */
function round(highest) {
  const power = 10 ** Math.floor(Math.log10(highest));
  return [1, 2, 4, 6, 8, 10].map(factor => factor * power).find(number => number >= highest);
}

/** Draws into an element whenever there is something new or another width. */
function chart(root, draw) {
  let last = null;
  const redraw = () => {
    if (last !== null && root.clientWidth > 0) {
      root.replaceChildren(draw(last, root.clientWidth, root.clientHeight));
    }
  };
  new ResizeObserver(redraw).observe(root);
  return data => {
    last = data;
    redraw();
  };
}

function frame(name, width, height, highest, unit, from, to) {
  const bottom = height - Bottom;
  const y = value => bottom - (value / highest) * (bottom - Top);
  const text = (x, where, anchor, words) => drawing("text", { x, y: where, "text-anchor": anchor }, words);
  const levels = [0, highest / 2, highest].map(value => drawing("g", {},
    drawing("line", { class: value === 0 ? "rule base" : "rule", x1: Left, x2: width - Right, y1: y(value), y2: y(value) }),
    text(Left - 6, y(value) + 4, "end", `${Number(value.toFixed(2))}${unit}`)));
  return {
    bottom,
    y,
    svg: drawing("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name },
      levels, text(Left, height - 4, "start", from), text(width - Right, height - 4, "end", to)),
  };
}

/** A bar for each minute; the last one is not over yet and is drawn so. */
export function bars(root) {
  return chart(root, (minutes, width, height) => {
    const placed = minutes.map(minute => minute.placed);
    const most = Math.max(...placed);
    const { svg, bottom, y } = frame(
      `Orders placed in each of the last ${minutes.length} minutes; at most ${most} in one.`, width, height, round(Math.max(most, 4)), "", "60 min ago", "now");
    const step = (width - Left - Right) / minutes.length;
    minutes.forEach(({ placed: number }, index) => {
      if (number > 0) {
        svg.append(drawing("rect", {
          class: index === minutes.length - 1 ? "bar open" : "bar",
          x: Left + index * step + step * .15, width: step * .7, y: y(number), height: bottom - y(number),
        }));
      }
    });
    return svg;
  });
}

/** A line over time, of points {at, value} in seconds. */
export function line(root, atLeast, atMost) {
  return chart(root, (points, width, height) => {
    const now = points[points.length - 1];
    const span = Math.min(atMost, Math.max(atLeast, (now.at - points[0].at) / 1000));
    const highest = round(Math.max(1, ...points.map(point => point.value)));
    const x = point => width - Right - ((now.at - point.at) / 1000 / span) * (width - Left - Right);
    const { svg, bottom, y } = frame(
      `Lag of the outbox over the last ${Math.round(span / 60)} minutes; now ${now.value.toFixed(1)} seconds.`,
      width, height, highest, " s", `${Math.round(span / 60)} min ago`, "now");
    const path = points.map((point, index) => `${index === 0 ? "M" : "L"}${x(point).toFixed(1)} ${y(point.value).toFixed(1)}`).join("");
    svg.append(
      drawing("path", { class: "area", d: `${path}V${bottom}H${x(points[0]).toFixed(1)}z` }),
      drawing("path", { class: "line", d: path }),
      drawing("circle", { class: "now", cx: x(now), cy: y(now.value), r: 4 }));
    return svg;
  });
}
