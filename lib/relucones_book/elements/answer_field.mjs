// <answer-field>: a place for a number, which says right, close, or which way.
//
// The same verdicts as relucones_book.answers; a sealed attribute holds the truth.  Without this
// module the element shows what to call in the notebook.

import { opened } from "./sealed.mjs";

export function parsed(text) {
  const plain = text.trim().replace(/[−–]/g, "-");
  const number = "[-+]?(?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][-+]?\\d+)?";
  const fraction = plain.match(new RegExp(`^(${number})\\s*/\\s*(${number})$`));
  if (fraction) return Number(fraction[1]) / Number(fraction[2]);
  if (new RegExp(`^${number}$`).test(plain)) return Number(plain);
  return NaN;
}

export function verdict(given, [truth, tolerance, close]) {
  const scale = Math.abs(truth) || 1;
  const off = Math.abs(given - truth);
  if (off <= Math.max(tolerance, 1e-12) * scale) return "Right.";
  const side = given > truth ? "large" : "small";
  return off <= Math.max(10 * tolerance, close) * scale
    ? `Close, but a little too ${side}.`
    : `Too ${side}.`;
}

class AnswerField extends HTMLElement {
  connectedCallback() {
    if (this.form) return;
    const key = JSON.parse(opened(this.dataset.key, this.dataset.label));
    const make = (name, properties, ...children) => {
      const made = Object.assign(document.createElement(name), properties);
      made.append(...children);
      return made;
    };
    const id = `answer-${AnswerField.made++}`;
    const asks = this.querySelector(".answer-asks");
    const input = make("input", {
      id, type: "text", inputMode: "text", autocomplete: "off", spellcheck: false, size: 12,
    });
    const output = make("output", { className: "answer-verdict" });
    output.setAttribute("for", id);
    output.setAttribute("role", "status");
    this.form = make("form", { noValidate: true },
      make("label", { htmlFor: id }, "Your answer: ", ...asks.childNodes),
      make("span", { className: "answer-row" },
        input, make("button", { type: "submit", textContent: "Check" }), output),
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = parsed(input.value);
      const said = Number.isFinite(given)
        ? verdict(given, key)
        : "Type a number, such as 12, 0.25, 3/8 or 1.5e-4.";
      output.textContent = said;
      output.dataset.verdict = said.split(/[ .,]/)[0].toLowerCase();
    });
    input.addEventListener("input", () => {
      output.textContent = "";
      delete output.dataset.verdict;
    });
    this.querySelector(".answer-call").hidden = true;
    this.append(this.form);
  }

  static made = 0;
}

if (!customElements.get("answer-field")) customElements.define("answer-field", AnswerField);
