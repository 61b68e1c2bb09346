// <quiz-box>: questions as forms; an explanation shows after an answer.
//
// The page holds a list of the questions and a fold with the answers.  The forms are made of both:
// their parts are moved, so that formulas typeset before or after stay what they are.

import { opened } from "./sealed.mjs";

class QuizBox extends HTMLElement {
  connectedCallback() {
    const fold = this.querySelector("details.quiz-answers");
    if (!fold) return;
    const answers = [...fold.querySelectorAll("ol > li")];
    [...this.querySelectorAll("li.quiz-question")].forEach((item, k) => {
      this.ask(item, answers[k].querySelector(".quiz-why"));
    });
    fold.remove();
  }

  ask(item, why) {
    const make = (name, properties, ...children) => {
      const made = Object.assign(document.createElement(name), properties);
      made.append(...children);
      return made;
    };
    const right = new Set(opened(item.dataset.key, "quiz").split(",").map(Number));
    const several = "several" in item.dataset;
    const name = `quiz-${QuizBox.made++}`;
    const text = item.querySelector("p");
    const legend = make("legend", {}, ...text.childNodes);
    if (several) legend.append(make("span", { className: "quiz-hint" }, " Mark all that are right."));
    const inputs = [];
    const choices = [...item.querySelectorAll(".quiz-choices > li")].map((choice) => {
      const input = make("input", { type: several ? "checkbox" : "radio", name });
      inputs.push(input);
      return make("label", { className: "quiz-choice" }, input,
        make("span", {}, ...choice.childNodes), make("span", { className: "quiz-mark" }));
    });
    const button = make("button", { type: "submit", textContent: "Check", disabled: true });
    const said = make("p", { className: "quiz-said" });
    said.setAttribute("role", "status");
    const explanation = make("p", { className: "quiz-explanation", hidden: true }, why);
    const form = make("form", {}, make("fieldset", {}, legend, ...choices), button, said,
      explanation);
    const clear = () => {
      said.textContent = "";
      delete said.dataset.verdict;
      explanation.hidden = true;
      for (const choice of choices) {
        delete choice.dataset.verdict;
        choice.querySelector(".quiz-mark").textContent = "";
      }
      button.disabled = !inputs.some((input) => input.checked);
    };
    form.addEventListener("change", clear);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const wrong = inputs.filter((input, k) => input.checked !== right.has(k));
      said.textContent = wrong.length ? "Not so." : "Right.";
      said.dataset.verdict = wrong.length ? "too" : "right";
      inputs.forEach((input, k) => {
        if (!input.checked && !right.has(k)) return;
        const good = right.has(k);
        choices[k].dataset.verdict = good ? "right" : "too";
        choices[k].querySelector(".quiz-mark").textContent = good ? " ✓ right" : " ✗ wrong";
      });
      explanation.hidden = false;
    });
    item.replaceChildren(form);
    item.removeAttribute("data-key");
  }

  static made = 0;
}

if (!customElements.get("quiz-box")) customElements.define("quiz-box", QuizBox);
