// <cone-explorer>: points in the plane that can be moved, and what follows from them.
//
// Attributes, all optional: panels="cells optimum dual coupons" (the words for what is shown),
// points="[[1, 0.2], ...]", labels="[1, ...]", lam="0.02" or ratio="0.1" (of lambda_max),
// width="20", probe="33" (a neuron at this angle), hint (a point nods once when it is first seen).

import { CURVE_HEIGHT, CURVE_WIDTH, Chance, DualFunction } from "./cone-curves.mjs";
import { PLANE, Plane } from "./cone-plane.mjs";
import { Explorable, clamp, html, number, power, stillness, svg } from "./element.mjs";
import {
  arrange,
  bits,
  cellAt,
  collector,
  couponsOf,
  heightAt,
  lambdaMax,
  solve,
} from "./planar/planar.mjs";

// the book's running example, relucones.data.five_points()
const POINTS = [
  [1, 0.2],
  [0.6, 1],
  [-0.5, 1.1],
  [-1, 0.3],
  [0.3, -0.9],
];
const LABELS = [1, 0.4, -0.6, 0.5, 0.8];
const LAM = 0.02;
const MOST_POINTS = 12;
const REACH = 1.5; // points stay in the disc of this radius
const LABEL = 1.5; // labels stay below this size
const WIDEST = 200;
const MOST_AT_ONCE = 10; // coupons whose chances are summed while the hand moves
const AT_A_TIME = 60; // bases of optima that are listed while the hand moves

class ConeExplorer extends Explorable {
  build() {
    const panels = this.getAttribute("panels") ?? "cells optimum dual coupons";
    const shown = (word) => panels.split(/\s+/).includes(word);
    this.shows = {
      dual: shown("dual"),
      coupons: shown("coupons"),
      probe: this.hasAttribute("probe"),
    };
    this.shows.optimum = this.shows.dual || this.shows.coupons || shown("optimum");
    const X = this.read("points", POINTS);
    const y = this.read("labels", X === POINTS ? LABELS : X.map(() => 1));
    const lam = this.read("lam", this.hasAttribute("points") ? null : LAM);
    const highest = lambdaMax(arrange(X), y) || 1;
    const ratio = this.read("ratio", lam === null ? 0.1 : lam / highest);
    this.first = { X, y, ratio, m: this.read("width", 20), probe: this.read("probe", 0) };
    this.reach = Math.max(REACH, ...X.map((x) => Math.hypot(...x)));
    this.label = Math.max(LABEL, ...y.map(Math.abs));
    this.startAgain();
    this.buildPictures();
    if (this.hasAttribute("hint")) this.nodWhenSeen();
  }

  startAgain() {
    const { X, y, ratio, m, probe } = this.first;
    Object.assign(this, { X: X.map((x) => x.slice()), y: y.slice(), ratio, m, probe, chosen: 0 });
  }

  // ---- what is on the page --------------------------------------------------------------------

  buildPictures() {
    const panels = html("div", { class: "panels" });
    const picture = (caption, viewBox, attributes) => {
      const drawing = svg("svg", { viewBox, ...attributes });
      panels.append(html("figure", {}, html("figcaption", {}, caption), drawing));
      return drawing;
    };
    const { probe, dual, coupons } = this.shows;
    this.plane = new Plane(
      this,
      picture(
        probe ? "Points, their walls, and a neuron w" : "Points, and the cells of their walls",
        `${-PLANE} ${-PLANE} ${2 * PLANE} ${2 * PLANE}`,
        { role: "group", "aria-label": "The plane: every data point can be moved" },
      ),
    );
    const size = `0 0 ${CURVE_WIDTH} ${CURVE_HEIGHT}`;
    if (dual) {
      const caption = "The dual function in its band";
      this.dual = new DualFunction(picture(caption, size, { role: "img" }));
    }
    const tools = html("div", { class: dual && !coupons ? "tools whole" : "tools" });
    this.buildControls(tools);
    this.buildNumbers(tools);
    panels.append(tools);
    if (coupons) {
      const caption = "How likely a random cone of width m is good";
      this.chance = new Chance(picture(caption, size, { role: "img" }), WIDEST);
    }
    this.append(panels);
  }

  buildControls(tools) {
    const controls = html("div", { class: "controls" });
    if (this.shows.optimum) {
      const label = html("span", {}, "decay λ / λ", html("sub", {}, "max"));
      this.decay = this.slider(
        controls,
        "decay",
        label,
        { min: -3, max: 0.1, step: 0.01 },
        (position) => {
          this.ratio = 10 ** position;
        },
      );
      const range = { min: -this.label, max: this.label, step: 0.05 };
      this.labels = this.slider(controls, "label", "label", range, (position) => {
        this.y[this.chosen] = position;
      });
    }
    if (this.shows.coupons) {
      this.widths = this.slider(
        controls,
        "width",
        "width m",
        { min: 1, max: WIDEST, step: 1 },
        (position) => {
          this.m = position;
        },
      );
    }
    const buttons = html("div", { class: "buttons" });
    this.button(buttons, "Random data", () => this.random());
    this.more = this.button(buttons, "One point more", () => this.addPoint());
    this.fewer = this.button(buttons, "One point fewer", () => this.removePoint());
    this.button(buttons, "Start again", () => this.startAgain());
    if (controls.children.length) tools.append(controls);
    tools.append(buttons);
  }

  buildNumbers(tools) {
    const list = html("dl", { class: "numbers" });
    const swatch = (name, dashed = "") =>
      html("span", { class: `swatch ${dashed}`, style: `color: var(--${name})` });
    this.numbers = {};
    const add = (name, label, mark) => {
      this.numbers[name] = this.figure(list, name, label, mark);
    };
    add("points", "points n");
    add("cells", "cells N");
    add("signed", "signed patterns 2N");
    if (this.shows.probe) add("pattern", "pattern of w");
    if (this.shows.optimum) {
      add("lam", "weight decay λ");
      add("value", "least loss");
      add("gap", "gap to its bound");
      add("neurons", "its neurons");
    }
    if (this.shows.coupons) {
      add("coupons", "coupons");
      add("counting", "good, counting", swatch("counting"));
      add("gaussian", "good, Gaussian", swatch("gaussian", "dashed"));
    }
    const help =
      "Drag a point, or reach it with Tab and use the arrow keys (with Shift: small steps)" +
      (this.shows.optimum ? "; + and − change its label." : ".") +
      (this.shows.probe ? " The neuron w turns in the same way." : "");
    tools.append(list, html("p", { class: "help" }, help));
  }

  // ---- what a hand does -----------------------------------------------------------------------

  movePoint(k, [a, b]) {
    const length = Math.hypot(a, b);
    const scale = length > this.reach ? this.reach / length : 1;
    this.X[k] = [a * scale, b * scale];
    this.chosen = k;
    this.changed();
  }

  choose(k) {
    this.chosen = k;
    this.changed();
  }

  raiseLabel(k, step) {
    this.y[k] = clamp(Math.round((this.y[k] + step) * 1e6) / 1e6, -this.label, this.label);
    this.choose(k);
  }

  turnProbe(degrees) {
    this.probe = ((degrees % 360) + 360) % 360;
    this.changed();
  }

  random() {
    this.X = this.X.map(() => randomPoint(this.reach));
    this.y = this.X.map(() => Math.round(20 * clamp(gauss(), -this.label, this.label)) / 20);
  }

  addPoint() {
    if (this.X.length >= MOST_POINTS) return;
    this.X.push(randomPoint(this.reach));
    this.y.push(Math.random() < 0.5 ? 1 : -1);
    this.chosen = this.X.length - 1;
  }

  removePoint() {
    if (this.X.length <= 1) return;
    this.X.pop();
    this.y.pop();
    this.chosen = Math.min(this.chosen, this.X.length - 1);
  }

  /** Once, when it is first seen: the first point swings a little, to show that it can be moved. */
  nodWhenSeen() {
    if (stillness()) return;
    let frame = null;
    const [a, b] = this.X[0];
    const stop = () => {
      watch.disconnect();
      if (frame === null) return;
      cancelAnimationFrame(frame);
      frame = null;
      this.X[0] = [a, b];
    };
    const swing = (began) => (now) => {
      const t = (now - began) / 2400;
      if (t >= 1) stop();
      else {
        const angle = 0.55 * Math.sin(2 * Math.PI * t) * Math.sin(Math.PI * t);
        const [c, s] = [Math.cos(angle), Math.sin(angle)];
        this.X[0] = [c * a - s * b, s * a + c * b];
        frame = requestAnimationFrame(swing(began));
      }
      this.changed();
    };
    const watch = new IntersectionObserver(
      ([entry]) => {
        if (!entry.isIntersecting) return;
        watch.disconnect();
        frame = requestAnimationFrame((now) => swing(now)(now));
      },
      { threshold: 0.6 },
    );
    watch.observe(this.plane.drawing);
    for (const touch of ["pointerdown", "keydown", "input"]) {
      this.addEventListener(touch, stop, { once: true, capture: true });
    }
  }

  // ---- what follows from it -------------------------------------------------------------------

  /** The data's consequences, computed once for each data and weight decay. */
  solved() {
    const key = JSON.stringify([this.X, this.y, this.ratio]);
    if (this.known?.key === key) return this.known;
    const A = arrange(this.X);
    const known = { key, A };
    if (this.shows.optimum) {
      const highest = lambdaMax(A, this.y);
      known.lam = this.ratio * (highest || 1);
      known.ratio = this.ratio;
      known.solution = solve(A, this.y, known.lam);
    }
    this.known = known;
    return known;
  }

  /** The coupons; null while the hand moves and they are too many for a frame. */
  couponsNow(known, resting) {
    if (known.coupons) return known.coupons;
    const most = resting ? undefined : AT_A_TIME;
    const coupons = couponsOf(known.A, known.solution, known.lam, most);
    if (!resting && (!coupons.supports || coupons.columns.length > MOST_AT_ONCE)) return null;
    known.chances = {
      counting: collector(coupons.mass.counting, coupons.supports),
      gaussian: collector(coupons.mass.gaussian, coupons.supports),
    };
    known.coupons = coupons;
    return coupons;
  }

  rest(text) {
    if (!this.shows.coupons || this.known.coupons) return super.rest(text);
    this.couponsNow(this.known, true);
    return super.rest(this.draw());
  }

  draw() {
    const known = this.solved();
    const coupons = this.shows.coupons ? this.couponsNow(known, false) : null;
    const u = [Math.cos((this.probe * Math.PI) / 180), Math.sin((this.probe * Math.PI) / 180)];
    const probe = this.shows.probe ? { u, cell: cellAt(known.A, u) } : null;
    if (probe) probe.active = this.X.map((x) => x[0] * u[0] + x[1] * u[1] > 0);
    this.plane.draw(known, coupons, probe);
    this.showControls(known);
    const text = [this.sayCells(known, probe)];
    if (this.shows.optimum) text.push(this.sayOptimum(known));
    if (this.shows.dual)
      this.dual.draw(known, probe && { u, height: heightAt(known.A, known.solution.nu, u) });
    if (this.shows.coupons) text.push(this.sayCoupons(known, coupons));
    return text.join(" ");
  }

  showControls({ lam }) {
    this.more.disabled = this.X.length >= MOST_POINTS;
    this.fewer.disabled = this.X.length <= 1;
    if (!this.shows.optimum) return;
    this.decay.show(Math.log10(this.ratio), number(this.ratio, this.ratio < 0.095 ? 4 : 3));
    this.labels.caption.textContent = `label of point ${this.chosen + 1}`;
    this.labels.show(this.y[this.chosen], number(this.y[this.chosen]));
    if (this.shows.coupons) this.widths.show(this.m, String(this.m));
    this.numbers.lam(lam, lam < 1e-3 ? power(lam, 2) : number(lam, 4));
  }

  sayCells({ A }, probe) {
    const n = this.X.length;
    const N = A.cells.length;
    this.numbers.points(n, String(n));
    this.numbers.cells(N, String(N));
    this.numbers.signed(2 * N, String(2 * N));
    let text = `${n} ${n === 1 ? "point" : "points"}, ${N} ${N === 1 ? "cell" : "cells"}.`;
    if (probe) {
      const pattern = bits(probe.active);
      this.numbers.pattern(pattern, pattern);
      text += ` The neuron w at ${Math.round(this.probe)} degrees has the pattern ${pattern}.`;
    }
    return text;
  }

  sayOptimum({ solution }) {
    const { value, gap, columns } = solution;
    this.numbers.value(value, number(value, 6));
    this.numbers.gap(gap, power(Math.max(gap, 0)));
    this.numbers.neurons(columns.length, String(columns.length));
    const neurons = `${columns.length} ${columns.length === 1 ? "neuron" : "neurons"}`;
    return `The least loss of any network is ${number(value, 6)}, with ${neurons}.`;
  }

  sayCoupons(known, coupons) {
    const names = ["counting", "gaussian"];
    if (!coupons) {
      this.numbers.coupons(NaN, "…");
      names.forEach((name) => this.numbers[name](NaN, "…"));
      return "";
    }
    const { columns, supports, sure } = coupons;
    const ways =
      supports && supports.length > 1 ? ` in ${supports.length} sets that suffice` : "";
    const count = sure ? `${columns.length}${ways}` : "open: a tie too close to tell";
    this.numbers.coupons(sure ? columns.length : NaN, count);
    const chances = names.map((name) => (sure ? known.chances[name](this.m) : NaN));
    names.forEach((name, i) => this.numbers[name](chances[i], share(chances[i])));
    this.chance.draw(known.chances, this.m, sure && supports);
    if (!sure || !supports) return `Coupons: ${count}. The probability is not named.`;
    return (
      `Coupons: ${count}. A random cone of width ${this.m} is good with probability ` +
      `${share(chances[0])} counting cells, ${share(chances[1])} with Gaussian draws.`
    );
  }
}

const share = (p) => {
  if (Number.isNaN(p)) return "too many ways to list";
  if (p === 0 || p >= 0.0005)
    return p > 0.9995 && p < 1 ? "above 99.9 %" : `${number(100 * p, 1)} %`;
  return p < 1e-9 ? "below 10⁻⁹" : power(p);
};

const gauss = () =>
  Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

function randomPoint(reach) {
  const x = [gauss(), gauss()].map((v) => Math.round(50 * v) / 50);
  const length = Math.hypot(...x);
  return length > 0.15 && length < reach ? x : randomPoint(reach);
}

customElements.define("cone-explorer", ConeExplorer);
