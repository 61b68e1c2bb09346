// The mark of a sign in the pictures of cones: told by its form as well as by its colour.

import { svg } from "./element.mjs";

export const shade = (sign) => (sign > 0 ? "var(--positive)" : "var(--negative)");

/** A sign that is told by its form too: a disc with a plus, a lozenge with a minus. */
export function signMark(sign, x, y, faint = false) {
  const style = faint
    ? { fill: "var(--panel)", stroke: shade(sign), "stroke-width": 2 }
    : { fill: shade(sign), stroke: "var(--panel)", "stroke-width": 1 };
  const ink = faint ? shade(sign) : "var(--panel)";
  const bar = { stroke: ink, "stroke-width": 2, "stroke-linecap": "round" };
  const mark = svg(
    "g",
    { class: "mark", transform: `translate(${x} ${y})` },
    sign > 0
      ? svg("circle", { r: 7.5, ...style })
      : svg("path", { d: "M0 -9.5L9.5 0L0 9.5L-9.5 0Z", ...style }),
    svg("line", { x1: -3.5, x2: 3.5, ...bar }),
  );
  if (sign > 0) mark.append(svg("line", { y1: -3.5, y2: 3.5, ...bar }));
  return mark;
}
