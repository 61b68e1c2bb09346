// The pictures of <cone-explorer>: the plane, the dual function, the chance of a good cone.

import { arrow, draggable, number, svg } from "./element.mjs";
import { angleOf, bits, heightAt } from "./planar/planar.mjs";

export const PLANE = 176; // half the side of the plane's picture
export const CURVE_WIDTH = 360;
export const CURVE_HEIGHT = 350;

const PROBE = 116; // where the handle of the neuron w is
const RIM = 128; // radius of the cells' disc
const POINTS = 118; // where the furthest point may be
const STEP = 0.05; // an arrow key moves a point by this
const SMALL_STEP = 0.01;
const NARROW = 0.1; // radians, below which a cell has no room for its pattern

const xy = (u, r) => `${(r * u[0]).toFixed(2)} ${(-r * u[1]).toFixed(2)}`;
const at = (u, r) => ({ x: (r * u[0]).toFixed(2), y: (-r * u[1]).toFixed(2) });
const shade = (sign) => (sign > 0 ? "var(--positive)" : "var(--negative)");

/** A sector of the disc from angle `from`, from the radius `inner` to `outer`. */
function sector(from, width, inner, outer, attributes) {
  if (width > 6.28) return svg("circle", { r: outer, ...attributes });
  const [a, b] = [from, from + width].map((t) => [Math.cos(t), Math.sin(t)]);
  const large = width > Math.PI ? 1 : 0;
  const back = inner ? `L${xy(b, inner)}A${inner} ${inner} 0 ${large} 1 ${xy(a, inner)}` : "L0 0";
  return svg("path", { d: `M${xy(a, outer)}A${outer} ${outer} 0 ${large} 0 ${xy(b, outer)}${back}Z`, ...attributes });
}

/** A sign that is told by its form too: a disc with a plus, a lozenge with a minus. */
function signMark(sign, x, y, faint = false) {
  const style = faint ? { fill: "var(--panel)", stroke: shade(sign), "stroke-width": 2 }
    : { fill: shade(sign), stroke: "var(--panel)", "stroke-width": 1 };
  const ink = faint ? shade(sign) : "var(--panel)";
  const bar = { stroke: ink, "stroke-width": 2, "stroke-linecap": "round" };
  const mark = svg("g", { class: "mark", transform: `translate(${x} ${y})` },
    sign > 0 ? svg("circle", { r: 7.5, ...style }) : svg("path", { d: "M0 -9.5L9.5 0L0 9.5L-9.5 0Z", ...style }),
    svg("line", { x1: -3.5, x2: 3.5, ...bar }));
  if (sign > 0) mark.append(svg("line", { y1: -3.5, y2: 3.5, ...bar }));
  return mark;
}

/** The data points, their walls and cells; neurons and coupons as far as they are known. */
export class Plane {
  constructor(explorer, drawing) {
    this.explorer = explorer;
    this.drawing = drawing;
    this.back = svg("g", { "aria-hidden": "true" });
    this.front = svg("g");
    drawing.append(this.back, this.front);
    this.handles = [];
    if (explorer.shows.probe) this.front.append(this.probe = this.makeProbe());
  }

  get unit() {
    return POINTS / this.explorer.reach;
  }

  draw(known, coupons, probe) {
    const { A, solution } = known;
    this.back.replaceChildren(
      ...this.cells(A, coupons, probe),
      ...this.walls(A),
      ...this.patterns(A, probe),
      ...(probe ? [this.boundary(probe.u)] : []),
      ...(coupons ? this.spareCoupons(coupons, solution) : []),
      ...(solution ? this.neurons(solution) : []),
    );
    this.showHandles(probe);
  }

  cells(A, coupons, probe) {
    const shapes = A.cells.map((cell, i) => {
      const active = cell.active.filter(Boolean).length / Math.max(A.n, 1);
      const plain = coupons ? 0.05 : 0.04 + 0.42 * active;
      const chosen = probe?.cell === i;
      return sector(start(A, cell), cell.width, 0, RIM, {
        class: "cell",
        fill: "var(--cone)",
        "fill-opacity": (chosen ? 0.85 : plain).toFixed(2),
      });
    });
    if (!coupons) return shapes;
    for (const { sign, cells } of coupons.columns) {
      for (const i of cells) {
        const cell = A.cells[i];
        const band = sign > 0 ? [RIM - 8, RIM] : [RIM - 17, RIM - 9];
        shapes.push(sector(start(A, cell), cell.width, 0, RIM, { fill: shade(sign), "fill-opacity": 0.2 }),
          sector(start(A, cell), cell.width, ...band, { class: "holds", fill: shade(sign) }));
      }
    }
    return shapes;
  }

  walls(A) {
    return A.rays.map(({ u, points }) => {
      const held = points.includes(this.explorer.chosen) && this.explorer.contains(document.activeElement);
      return svg("line", { class: "wall", x2: (RIM * u[0]).toFixed(2), y2: (-RIM * u[1]).toFixed(2),
        stroke: held ? "var(--ink)" : "var(--wall)", "stroke-width": held ? 2.5 : 1.2 });
    });
  }

  patterns(A, probe) {
    if (A.n > 8) return [];
    return A.cells.flatMap((cell, i) => {
      if (cell.width < NARROW) return [];
      const turn = angleOf(cell.middle);
      const upright = Math.cos(turn) >= 0;
      const degrees = (-turn * 180) / Math.PI + (upright ? 0 : 180);
      const [x, y] = [(RIM + 4) * cell.middle[0], -(RIM + 4) * cell.middle[1]];
      return svg("text", {
        class: "pattern", "text-anchor": upright ? "start" : "end", dy: ".35em",
        "font-weight": probe?.cell === i ? 700 : 400,
        style: "font: 12px ui-monospace, monospace; font-weight: " + (probe?.cell === i ? 700 : 400),
        transform: `translate(${x.toFixed(2)} ${y.toFixed(2)}) rotate(${degrees.toFixed(1)})`,
      }, bits(cell.active));
    });
  }

  /** Where the neuron w switches: the line through the origin across w. */
  boundary(u) {
    const across = [-u[1], u[0]];
    const [a, b] = [at(across, RIM), at([u[1], -u[0]], RIM)];
    return svg("line", { x1: a.x, y1: a.y, x2: b.x, y2: b.y,
      stroke: "var(--ink)", "stroke-width": 1.5, "stroke-dasharray": "5 4" });
  }

  neurons({ columns, c }) {
    const most = Math.max(...c);
    return columns.flatMap(({ u, sign }, j) => {
      const tip = at(u, 34 + 62 * (c[j] / most));
      return [
        svg("line", { class: "neuron", x2: tip.x, y2: tip.y, stroke: shade(sign), "stroke-width": 4,
          ...(sign > 0 ? {} : { "stroke-dasharray": "7 3" }) }),
        signMark(sign, tip.x, tip.y),
      ];
    });
  }

  /** Coupons that this optimum does without, and another one uses. */
  spareCoupons({ columns }, solution) {
    const used = ({ u, sign }) => solution.columns.some((c) =>
      c.sign === sign && Math.hypot(c.u[0] - u[0], c.u[1] - u[1]) < 1e-6);
    return columns.filter((col) => !used(col)).flatMap(({ u, sign }) => {
      const tip = at(u, 100);
      return [svg("line", { x2: tip.x, y2: tip.y, stroke: shade(sign), "stroke-width": 1.5,
        "stroke-dasharray": "2 4" }), signMark(sign, tip.x, tip.y, true)];
    });
  }

  // ---- handles --------------------------------------------------------------------------------

  showHandles(probe) {
    const { X, y } = this.explorer;
    while (this.handles.length < X.length) this.front.append(this.makePoint(this.handles.length));
    while (this.handles.length > X.length) this.handles.pop().node.remove();
    X.forEach((x, k) => this.showPoint(k, x, y[k], !probe || probe.active[k]));
    if (!probe) return;
    const { x, y: down } = at(probe.u, PROBE);
    this.probe.setAttribute("transform", `translate(${x} ${down})`);
    this.shaft.setAttribute("x2", -x);
    this.shaft.setAttribute("y2", -down);
    this.probe.setAttribute("aria-valuenow", Math.round(this.explorer.probe));
    this.probe.setAttribute("aria-valuetext",
      `${Math.round(this.explorer.probe)} degrees, pattern ${bits(probe.active)}`);
  }

  showPoint(k, x, label, filled) {
    const { node, disc, square, name, value } = this.handles[k];
    const [a, b] = [x[0] * this.unit, -x[1] * this.unit];
    node.setAttribute("transform", `translate(${a.toFixed(2)} ${b.toFixed(2)})`);
    const negative = label < 0 && this.explorer.shows.optimum;
    disc.setAttribute("visibility", negative ? "hidden" : "visible");
    square.setAttribute("visibility", negative ? "visible" : "hidden");
    for (const shape of [disc, square]) shape.setAttribute("fill", filled ? "var(--point)" : "var(--panel)");
    name.style.fill = filled ? "var(--panel)" : "var(--point)";
    const told = `${label > 0 ? "+" : ""}${number(label, 1)}`;
    value.textContent = this.explorer.shows.optimum ? told : "";
    value.setAttribute("x", a > PLANE - 60 ? -12 : 12);
    value.setAttribute("text-anchor", a > PLANE - 60 ? "end" : "start");
    const text = `at ${number(x[0])}, ${number(x[1])}`
      + (this.explorer.shows.optimum ? `; label ${number(label)}` : "");
    node.setAttribute("aria-valuetext", text);
    node.setAttribute("aria-valuenow", Math.round((Math.atan2(x[1], x[0]) * 180) / Math.PI));
  }

  makePoint(k) {
    const style = { stroke: "var(--point)", "stroke-width": 1.5 };
    const disc = svg("circle", { r: 9, ...style });
    const square = svg("rect", { x: -8.5, y: -8.5, width: 17, height: 17, ...style });
    const name = svg("text", { "text-anchor": "middle", dy: ".35em", style: "font-size: 11px" }, String(k + 1));
    const value = svg("text", { y: -9, style: "paint-order: stroke; stroke: var(--panel); stroke-width: 3px" });
    const node = svg("g", { class: "point", tabindex: 0, role: "slider", "aria-label": `Point ${k + 1}`,
      "aria-valuemin": -180, "aria-valuemax": 180 },
    svg("circle", { r: 20, fill: "transparent" }), svg("circle", { class: "ring", r: 14 }), disc, square, name, value);
    this.handles.push({ node, disc, square, name, value });
    draggable(node, {
      at: () => [this.explorer.X[k][0] * this.unit, -this.explorer.X[k][1] * this.unit],
      to: ([a, b]) => this.explorer.movePoint(k, [a / this.unit, -b / this.unit]),
      key: (event) => this.pointKey(k, event),
      chosen: () => this.explorer.choose(k),
    });
    return node;
  }

  pointKey(k, event) {
    const step = arrow(event, STEP, SMALL_STEP);
    const [a, b] = this.explorer.X[k];
    if (step) this.explorer.movePoint(k, [a + step[0], b + step[1]]);
    else if ("+=-−_".includes(event.key) && this.explorer.shows.optimum) {
      this.explorer.raiseLabel(k, "+=".includes(event.key) ? 0.1 : -0.1);
    } else return false;
    return true;
  }

  makeProbe() {
    this.shaft = svg("line", { stroke: "var(--ink)", "stroke-width": 3 });
    const letter = svg("text", { "text-anchor": "middle", dy: ".3em", style: "font: italic 700 14px serif; fill: var(--panel)" }, "w");
    const node = svg("g", { class: "probe", tabindex: 0, role: "slider", "aria-label": "Neuron w",
      "aria-valuemin": 0, "aria-valuemax": 360 },
    this.shaft, svg("circle", { r: 20, fill: "transparent" }), svg("circle", { class: "ring", r: 15 }),
    svg("circle", { r: 10.5, fill: "var(--ink)", stroke: "var(--panel)" }), letter);
    const turn = () => (this.explorer.probe * Math.PI) / 180;
    draggable(node, {
      at: () => [PROBE * Math.cos(turn()), -PROBE * Math.sin(turn())],
      to: ([a, b]) => this.explorer.turnProbe((Math.atan2(-b, a) * 180) / Math.PI),
      key: (event) => {
        const step = arrow(event, 5, 1);
        if (step) this.explorer.turnProbe(Math.round(this.explorer.probe) + step[0] + step[1]);
        return Boolean(step);
      },
    });
    return node;
  }
}

const start = (A, cell) => (cell.from < 0 ? 0 : A.rays[cell.from].angle);

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
    const lines = [2 * lam, -2 * lam].map((h) => svg("line", { x1: this.left, x2: this.right, y1: y(h), y2: y(h),
      stroke: "var(--ink)", "stroke-width": 1.3, "stroke-dasharray": "5 4" }));
    const touching = solution.columns.map(({ u, sign }) => signMark(sign, x(angleOf(u)).toFixed(2), y(2 * lam * sign)));
    this.drawing.replaceChildren(
      svg("rect", { x: this.left, y: y(2 * lam), width: this.right - this.left, height: y(-2 * lam) - y(2 * lam),
        fill: "var(--dual)", "fill-opacity": 0.1 }),
      ...A.rays.map(({ angle }) => svg("line", { x1: x(angle), x2: x(angle), y1: this.top, y2: this.bottom,
        stroke: "var(--wall)", "stroke-width": 0.8, "stroke-opacity": 0.7 })),
      ...lines,
      svg("line", { x1: this.left, x2: this.right, y1: y(0), y2: y(0), stroke: "var(--wall)" }),
      svg("path", { class: "curve", d: curve(A, solution.nu, x, y), fill: "none", stroke: "var(--dual)", "stroke-width": 2.5 }),
      ...touching,
      ...(probe ? [svg("circle", { cx: x(angleOf(probe.u)), cy: y(probe.height), r: 5, fill: "var(--ink)" })] : []),
      ...[["+2λ", 2 * lam], ["0", 0], ["−2λ", -2 * lam]].map(([text, h]) =>
        svg("text", { x: this.left - 4, y: y(h), dy: ".35em", "text-anchor": "end" }, text)),
      ...[0, 90, 180, 270, 360].map((d) => svg("text", { x: x((d * Math.PI) / 180), y: this.bottom + 15,
        "text-anchor": d === 0 ? "start" : d === 360 ? "end" : "middle" }, `${d}°`)),
      svg("text", { x: (this.left + this.right) / 2, y: this.bottom + 33, "text-anchor": "middle", class: "soft" },
        "angle of the direction u"),
    );
    const count = solution.columns.length;
    this.drawing.setAttribute("aria-label", "The dual function over the angle stays in its band and touches it at "
      + `${count} ${count === 1 ? "direction" : "directions"} of optimal neurons`);
  }
}

/** The dual function as a path, with its bends at the walls exact. */
function curve(A, nu, x, y) {
  const angles = [...Array.from({ length: 181 }, (_, i) => (i * Math.PI) / 90), ...A.rays.map((ray) => ray.angle)];
  const places = angles.sort((a, b) => a - b).map((angle) => {
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
    const path = (chance) => `M${widths.map((w) => `${x(w).toFixed(1)} ${y(chance(w)).toFixed(1)}`).join("L")}`;
    const look = { counting: {}, gaussian: { "stroke-dasharray": "7 4" } };
    const names = listed ? Object.keys(look) : [];
    this.drawing.replaceChildren(
      ...[0, 0.5, 1].flatMap((p) => [
        svg("line", { x1: this.left, x2: this.right, y1: y(p), y2: y(p), stroke: "var(--line)" }),
        svg("text", { x: this.left - 4, y: y(p), dy: ".35em", "text-anchor": "end" }, String(p)),
      ]),
      svg("line", { x1: x(m), x2: x(m), y1: this.top, y2: this.bottom, stroke: "var(--ink)", "stroke-width": 1.3 }),
      ...names.map((name) => svg("path", { class: name, d: path(chances[name]), fill: "none",
        stroke: `var(--${name})`, "stroke-width": 2.5, ...look[name] })),
      ...names.map((name) => svg("circle", { cx: x(m), cy: y(chances[name](m)), r: 5, fill: `var(--${name})`,
        stroke: "var(--panel)" })),
      ...[1, 50, 100, 150, 200].map((w) => svg("text", { x: x(w), y: this.bottom + 15, "text-anchor": "middle" }, String(w))),
      svg("text", { x: (this.left + this.right) / 2, y: this.bottom + 33, "text-anchor": "middle", class: "soft" }, "width m"),
    );
    const told = listed ? `At width ${m}: ${(100 * chances.counting(m)).toFixed(1)} percent counting cells, `
      + `${(100 * chances.gaussian(m)).toFixed(1)} percent with Gaussian draws` : "Not drawn: too many ways to list";
    this.drawing.setAttribute("aria-label", `The chance of a good cone over the width. ${told}`);
  }
}
