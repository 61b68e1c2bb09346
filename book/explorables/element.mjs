// What every explorable stands on: a custom element with the book's colours, handles that mouse,
// finger and keys can move, numbers that tests and screen readers can read, one drawing a frame.

const SVG = "http://www.w3.org/2000/svg";
const REST = 500; // milliseconds without a change after which the live text is spoken

// One colour for each concept, as in relucones.plots.style; lighter on a dark page.
const STYLE = `
.explorable {
  --positive: #009E73; --negative: #CC79A7; --good: #0072B2; --spurious: #D55E00;
  --gaussian: #E69F00; --counting: #0072B2; --dual: #8C5109; --cone: #56B4E9;
  --point: #222222; --wall: #888888;
  --ink: #222222; --soft: #5f5f5f; --line: #cfcfcf; --panel: #ffffff; --accent: #0f5cc4;
  display: block; margin: 1rem 0 1.5rem; padding: .75rem; border: 1px solid var(--line);
  border-radius: .4rem; background: var(--panel); color: var(--ink); line-height: 1.35;
}
html[data-theme="dark"] .explorable {
  --positive: #2fc79b; --negative: #e6a3c8; --good: #6cb8ee; --spurious: #ff9c5b;
  --gaussian: #f2bd4b; --counting: #6cb8ee; --dual: #d9a566; --cone: #56B4E9;
  --point: #e8e8e8; --wall: #8d8d8d;
  --ink: #e8e8e8; --soft: #b3b3b3; --line: #4b4f55; --panel: #16191d; --accent: #7fb2f5;
}
.explorable svg { display: block; width: 100%; height: auto; user-select: none; -webkit-user-select: none; }
.explorable svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.explorable svg text.soft { fill: var(--soft); }
.explorable .panels { display: grid; gap: .5rem 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, max(18.5rem, 40%)), 1fr)); }
.explorable .panels .whole { grid-column: 1 / -1; }
.explorable figure { margin: 0; min-width: 0; }
.explorable figcaption { font-size: .85rem; color: var(--soft); margin: 0 0 .25rem; text-align: start; }
.explorable [role=slider] { cursor: grab; touch-action: none; }
.explorable [role=slider]:active { cursor: grabbing; }
.explorable [role=slider]:focus { outline: none; }
.explorable [role=slider] .ring { fill: none; stroke: transparent; stroke-width: 2.5; }
.explorable [role=slider]:focus .ring { stroke: var(--accent); }
.explorable .controls { display: grid; grid-template-columns: max-content minmax(4rem, 1fr) 3.3rem;
  gap: .25rem .6rem; align-items: center; margin: .25rem 0 .5rem; font-size: .9rem; }
.explorable .controls label { margin: 0; }
.explorable .controls output, .explorable dd { font-variant-numeric: tabular-nums; }
.explorable input[type=range] { accent-color: var(--accent); width: 100%; min-width: 0; height: 1.9rem; margin: 0; }
.explorable .buttons { display: flex; flex-wrap: wrap; gap: .5rem; margin: .5rem 0; }
.explorable button { min-height: 1.9rem; padding: .1rem .7rem; border: 1px solid var(--accent);
  border-radius: .3rem; background: transparent; color: var(--ink); font: inherit; font-size: .9rem; cursor: pointer; }
.explorable button:hover { background: color-mix(in srgb, var(--accent) 15%, transparent); }
.explorable button:disabled { opacity: .45; cursor: default; }
.explorable :is(button, input):focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.explorable .help { margin: .5rem 0 0; font-size: .85rem; color: var(--soft); }
.explorable .numbers { display: grid; gap: .35rem 1rem; margin: .5rem 0 0;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 6.8rem), 1fr)); }
.explorable .numbers div { min-width: 0; }
.explorable .numbers dt { font-weight: 400; font-size: .8rem; color: var(--soft); margin: 0; }
.explorable .numbers dd { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
.explorable .swatch { display: inline-block; width: 1.1em; border-top: 3px solid; margin-inline-end: .35em; vertical-align: .25em; }
.explorable .swatch.dashed { border-top-style: dashed; }
.explorable .said { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 30rem) {
  .explorable { padding: .5rem; }
}
@media print { .explorable :is(.controls, .buttons, .help) { display: none; } }
`;

/** An element of a picture: svg("circle", { r: 3 }), with children behind. */
export function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** An element of a page. */
export function html(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** A number with a real minus sign. */
export const number = (value, digits = 2) =>
  (Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits).replace("-", "−");

/** A small number with its power of ten, 1.2 × 10⁻⁷. */
export function power(value, digits = 1) {
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(digits).split("e");
  const raised = [...String(Number(exponent))].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("");
  return `${mantissa.replace("-", "−")} × 10${raised}`;
}

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export const stillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Let a handle of a picture be moved: `at()` is where it is, `to(place, event)` moves it, both in
 * the picture's own coordinates; `key(event)` answers whether it used a key.
 */
export function draggable(handle, { at, to, key, chosen = () => {} }) {
  let grip = null; // from the pointer to the handle's middle, while it is held
  const place = ({ clientX, clientY }) => {
    const matrix = handle.ownerSVGElement.getScreenCTM().inverse();
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix);
    return [x, y];
  };
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const [x, y] = place(event);
    const [a, b] = at();
    grip = [a - x, b - y];
    handle.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    event.preventDefault();
  });
  handle.addEventListener("pointermove", (event) => {
    if (!grip) return;
    const [x, y] = place(event);
    to([x + grip[0], y + grip[1]], event);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    handle.addEventListener(end, () => { grip = null; });
  }
  // touch-action does not hold on a part of a picture: without this the page takes the finger as a
  // scroll after a pause and cancels the pointer.
  handle.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  handle.addEventListener("focus", chosen);
  handle.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && key(event)) event.preventDefault();
  });
}

/** The step that an arrow key asks for, in the plane's coordinates, or null. */
export function arrow(event, coarse, fine) {
  const size = event.shiftKey ? fine : coarse;
  const step = { ArrowLeft: [-size, 0], ArrowRight: [size, 0], ArrowUp: [0, size], ArrowDown: [0, -size] };
  return step[event.key] ?? null;
}

/**
 * The base of an explorable. A subclass writes `build()`, once, which fills the element, and
 * `draw()`, which shows the state; it calls `changed()` when the state is another one. `draw` returns
 * the live text. What stood in the element before is its fallback, and goes.
 */
export class Explorable extends HTMLElement {
  connectedCallback() {
    if (this.started) return;
    this.started = true;
    addStyle();
    const fallback = [...this.childNodes];
    try {
      this.replaceChildren();
      this.classList.add("explorable");
      this.status = html("p", { class: "said", role: "status" });
      this.build();
      this.status.textContent = this.drawNow();
      this.append(this.status); // with its text, so that nothing is spoken yet
    } catch (error) { // the fallback is better than half an explorable
      this.classList.remove("explorable");
      this.replaceChildren(...fallback);
      console.error(error);
    }
  }

  /** An attribute as JSON; `fallback` where it is missing. */
  read(name, fallback) {
    return this.hasAttribute(name) ? JSON.parse(this.getAttribute(name)) : fallback;
  }

  /** Ask for a drawing in the next frame; several changes in one frame are drawn once. */
  changed() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      this.drawNow();
    });
  }

  drawNow() {
    const began = performance.now();
    const text = this.draw();
    this.took = performance.now() - began;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(text), REST);
    return text;
  }

  /** Called when the hand has rested. */
  rest(text) {
    if (this.status.textContent !== text) this.status.textContent = text;
  }

  /** A slider with its label and its value: `take(position)` is told of a move; show() sets it. */
  slider(parent, name, label, { min, max, step }, take) {
    const id = `${this.identity()}-${name}`;
    const input = html("input", { id, type: "range", min, max, step });
    const caption = html("label", { for: id }, label);
    const output = html("output", { for: id });
    input.addEventListener("input", () => {
      take(Number(input.value));
      this.changed();
    });
    parent.append(caption, input, output);
    return {
      input,
      caption,
      show(position, text) {
        input.value = position;
        input.setAttribute("aria-valuetext", text);
        output.textContent = text;
      },
    };
  }

  button(parent, label, act) {
    const button = html("button", { type: "button" }, label);
    button.addEventListener("click", () => {
      act();
      this.changed();
    });
    parent.append(button);
    return button;
  }

  /** A named number of a list: show(value, text) sets what is read and what is computed with. */
  figure(list, name, label, swatch) {
    const data = html("data");
    const term = html("dt", {}, label);
    if (swatch) term.prepend(swatch);
    list.append(html("div", {}, term, html("dd", { "data-name": name }, data)));
    return (value, text) => {
      data.value = String(value);
      data.textContent = text;
    };
  }

  /** A name for ids, unique on the page. */
  identity() {
    if (!this.id) {
      const all = [...document.querySelectorAll(this.localName)];
      this.id = `${this.localName}-${all.indexOf(this) + 1}`;
    }
    return this.id;
  }
}

function addStyle() {
  if (document.getElementById("explorable-style")) return;
  const style = html("style", { id: "explorable-style" });
  style.textContent = STYLE;
  document.head.append(style);
}
