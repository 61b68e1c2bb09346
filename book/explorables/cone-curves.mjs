// The curves of <cone-explorer>: the dual function in its band, the chance of a good cone.

import { signMark } from "./cone-marks.mjs";
import { svg } from "./element.mjs";
import { angleOf, heightAt } from "./planar/planar.mjs";

export const CURVE_WIDTH = 360;
export const CURVE_HEIGHT = 350;

/** The dual function over the angle, in its band; where it touches, a coupon. */
export class DualFunction {
  constructor(drawing) {
    this.drawing = drawing;
    [this.left, this.right, this.top, this.bottom] = [34, CURVE_WIDTH - 6, 8, CURVE_HEIGHT - 40];
  }

  draw({ A, lam, solution }, probe) {
    const top = 2.5 * lam;
    const x = (angle) => this.left + ((this.right - this.left) * angle) / (2 * Math.PI);
    const y = (h) => (this.top + this.bottom) / 2 - (((this.bottom - this.top) / 2) * h) / top;
    const lines = [2 * lam, -2 * lam].map((h) =>
      svg("line", {
        x1: this.left,
        x2: this.right,
        y1: y(h),
        y2: y(h),
        stroke: "var(--ink)",
        "stroke-width": 1.3,
        "stroke-dasharray": "5 4",
      }),
    );
    const touching = solution.columns.map(({ u, sign }) =>
      signMark(sign, x(angleOf(u)).toFixed(2), y(2 * lam * sign)),
    );
    this.drawing.replaceChildren(
      svg("rect", {
        x: this.left,
        y: y(2 * lam),
        width: this.right - this.left,
        height: y(-2 * lam) - y(2 * lam),
        fill: "var(--dual)",
        "fill-opacity": 0.1,
      }),
      ...A.rays.map(({ angle }) =>
        svg("line", {
          x1: x(angle),
          x2: x(angle),
          y1: this.top,
          y2: this.bottom,
          stroke: "var(--wall)",
          "stroke-width": 0.8,
          "stroke-opacity": 0.7,
        }),
      ),
      ...lines,
      svg("line", { x1: this.left, x2: this.right, y1: y(0), y2: y(0), stroke: "var(--wall)" }),
      svg("path", {
        class: "curve",
        d: curve(A, solution.nu, x, y),
        fill: "none",
        stroke: "var(--dual)",
        "stroke-width": 2.5,
      }),
      ...touching,
      ...(probe
        ? [
            svg("circle", {
              cx: x(angleOf(probe.u)),
              cy: y(probe.height),
              r: 5,
              fill: "var(--ink)",
            }),
          ]
        : []),
      ...[
        ["+2λ", 2 * lam],
        ["0", 0],
        ["−2λ", -2 * lam],
      ].map(([text, h]) =>
        svg("text", { x: this.left - 4, y: y(h), dy: ".35em", "text-anchor": "end" }, text),
      ),
      ...[0, 90, 180, 270, 360].map((d) =>
        svg(
          "text",
          {
            x: x((d * Math.PI) / 180),
            y: this.bottom + 15,
            "text-anchor": d === 0 ? "start" : d === 360 ? "end" : "middle",
          },
          `${d}°`,
        ),
      ),
      titleBelow(this, "angle of the direction u"),
    );
    const count = solution.columns.length;
    this.drawing.setAttribute(
      "aria-label",
      "The dual function over the angle stays in its band and touches it at " +
        `${count} ${count === 1 ? "direction" : "directions"} of optimal neurons`,
    );
  }
}

/** What the axis below a panel counts. */
function titleBelow({ left, right, bottom }, text) {
  const place = { x: (left + right) / 2, y: bottom + 33 };
  return svg("text", { ...place, "text-anchor": "middle", class: "soft" }, text);
}

/** The dual function as a path, with its bends at the walls exact. */
function curve(A, nu, x, y) {
  const angles = [
    ...Array.from({ length: 181 }, (_, i) => (i * Math.PI) / 90),
    ...A.rays.map((ray) => ray.angle),
  ];
  const places = angles
    .sort((a, b) => a - b)
    .map((angle) => {
      const h = heightAt(A, nu, [Math.cos(angle), Math.sin(angle)]);
      return `${x(angle).toFixed(1)} ${y(h).toFixed(1)}`;
    });
  return `M${places.join("L")}`;
}

/** The chance that a random cone of width m is good, over m, for both ways to draw one. */
export class Chance {
  constructor(drawing, widest) {
    this.drawing = drawing;
    this.widest = widest;
    [this.left, this.right, this.top, this.bottom] = [34, CURVE_WIDTH - 12, 8, CURVE_HEIGHT - 40];
  }

  draw(chances, m, listed) {
    const x = (width) => this.left + ((this.right - this.left) * width) / this.widest;
    const y = (p) => this.bottom - (this.bottom - this.top) * p;
    const widths = Array.from({ length: 101 }, (_, i) => Math.max(1, (i * this.widest) / 100));
    const path = (chance) =>
      `M${widths.map((w) => `${x(w).toFixed(1)} ${y(chance(w)).toFixed(1)}`).join("L")}`;
    if (this.chances !== chances) {
      this.chances = chances; // another width alone leaves the curves as they are
      this.paths = { counting: path(chances.counting), gaussian: path(chances.gaussian) };
    }
    const look = { counting: {}, gaussian: { "stroke-dasharray": "7 4" } };
    const names = listed ? Object.keys(look) : [];
    this.drawing.replaceChildren(
      ...[0, 0.5, 1].flatMap((p) => [
        svg("line", { x1: this.left, x2: this.right, y1: y(p), y2: y(p), stroke: "var(--line)" }),
        svg("text", { x: this.left - 4, y: y(p), dy: ".35em", "text-anchor": "end" }, String(p)),
      ]),
      svg("line", {
        x1: x(m),
        x2: x(m),
        y1: this.top,
        y2: this.bottom,
        stroke: "var(--ink)",
        "stroke-width": 1.3,
      }),
      ...names.map((name) =>
        svg("path", {
          class: name,
          d: this.paths[name],
          fill: "none",
          stroke: `var(--${name})`,
          "stroke-width": 2.5,
          ...look[name],
        }),
      ),
      ...names.map((name) =>
        svg("circle", {
          cx: x(m),
          cy: y(chances[name](m)),
          r: 5,
          fill: `var(--${name})`,
          stroke: "var(--panel)",
        }),
      ),
      ...[1, 50, 100, 150, 200].map((w) =>
        svg("text", { x: x(w), y: this.bottom + 15, "text-anchor": "middle" }, String(w)),
      ),
      titleBelow(this, "width m"),
    );
    const told = listed
      ? `At width ${m}: ${(100 * chances.counting(m)).toFixed(1)} percent counting cells, ` +
        `${(100 * chances.gaussian(m)).toFixed(1)} percent with Gaussian draws`
      : "Not drawn: too many ways to list";
    this.drawing.setAttribute("aria-label", `The chance of a good cone over the width. ${told}`);
  }
}
