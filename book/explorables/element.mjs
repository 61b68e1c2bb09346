// What every explorable stands on: a custom element with the book's colours, handles that mouse,
// finger and keys can move, numbers that tests and screen readers can read, one drawing a frame.

import { STYLE } from "./style.mjs";

const SVG = "http://www.w3.org/2000/svg";
const REST = 500; // milliseconds without a change after which the live text is spoken

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
  const raised = [...String(Number(exponent))]
    .map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)])
    .join("");
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
    handle.addEventListener(end, () => {
      grip = null;
    });
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
  const step = {
    ArrowLeft: [-size, 0],
    ArrowRight: [size, 0],
    ArrowUp: [0, size],
    ArrowDown: [0, -size],
  };
  return step[event.key] ?? null;
}

/**
 * The base of an explorable. A subclass writes `build()`, which fills the element once, and
 * `draw()`, which shows the state and returns the live text; it calls `changed()` when the state is
 * another one. What stood in the element before is its fallback, and goes.
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
    } catch (error) {
      // the fallback is better than half an explorable
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
