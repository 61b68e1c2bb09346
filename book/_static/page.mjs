// What every page of the site can do beyond standing there.  Loaded once, from _config.yml.
//
// Everything here is an addition: without it folds are folds, fields are sentences, terms are links.

import "./elements/answer_field.mjs";
import "./elements/frame_slider.mjs";
import "./elements/quiz_box.mjs";

const article = document.querySelector("article.bd-article");
const make = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

// ---------------------------------------------------------------------------------------------
// One quiet switch for all code of a page, remembered.

const SHOW_CODE = "show-code";

function remembered() {
  try { return localStorage.getItem(SHOW_CODE) === "yes"; } catch { return false; }
}

function remember(on) {
  try { localStorage.setItem(SHOW_CODE, on ? "yes" : "no"); } catch { /* private window */ }
}

function addCodeSwitch() {
  const folds = article.querySelectorAll("div.cell > details.hide.above-input");
  const title = article.querySelector("h1");
  if (!folds.length || !title) return;
  for (const fold of folds) {
    const [closed, open] = fold.querySelectorAll("summary > p");
    if (closed && open) [closed.textContent, open.textContent] = ["Code", "Hide this code"];
    // A cell without output shows nothing until code is asked for.
    if (!fold.parentElement.querySelector(":scope > .cell_output")) {
      fold.parentElement.classList.add("code-only");
    }
  }
  const button = make("button", { type: "button", className: "code-switch" }, "Show the code");
  const set = (on) => {
    button.setAttribute("aria-pressed", String(on));
    document.documentElement.classList.toggle("code-shown", on);
    for (const fold of folds) fold.open = on;
  };
  set(remembered());
  document.documentElement.classList.add("code-folds");
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    remember(on);
    set(on);
  });
  title.after(button);
}

// ---------------------------------------------------------------------------------------------
// What scrolls sideways says so, and can be scrolled with the keys.

const WIDE = "div.cell_output .output, .wide-table, .figure-box, .pst-scrollable-table-container, "
  + "article .highlight pre, div.math mjx-container";

function markScrolling() {
  const mark = (box) => {
    if (!box.isConnected) return;
    const most = box.scrollWidth - box.clientWidth;
    const holder = box.matches(".figure-box")
      ? box.parentElement
      : box.closest(".cell_output, .cell_input") ?? box.parentElement;
    if (most <= 2) {
      if (box.dataset.scrolls) {
        delete box.dataset.scrolls;
        delete holder.dataset.holdsScroll;
      }
      return;
    }
    const [start, end] = [box.scrollLeft < 4, box.scrollLeft > most - 4];
    box.dataset.scrolls = start ? "start" : end ? "end" : "middle";
    holder.dataset.holdsScroll = box.dataset.scrolls;
    if (!box.hasAttribute("tabindex") && !box.querySelector(WIDE)) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", "Wider than the page: scrolls sideways");
    }
  };
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
  const seen = new Set();
  const watch = () => {
    for (const box of article.querySelectorAll(WIDE)) {
      if (!seen.has(box)) {
        seen.add(box);
        sizes.observe(box);
        box.addEventListener("scroll", () => mark(box), { passive: true });
      }
      mark(box);
    }
  };
  watch();
  document.addEventListener("toggle", watch, true);
  window.addEventListener("load", () => {
    watch();
    window.MathJax?.startup?.promise?.then(watch);
  });
}

// ---------------------------------------------------------------------------------------------
// Terms show their meaning: while the pointer or the focus is on them, and on a tap.

function addTermCards() {
  const terms = [...article.querySelectorAll('a.reference.internal[href*="glossary.html#term-"]')];
  if (!terms.length) return;
  const card = make("div", { className: "term-card", id: "term-card", hidden: true });
  card.setAttribute("role", "tooltip");
  document.body.append(card);
  const glossaries = new Map();
  let shown = null;
  let timer = null;
  let tapped = false;

  const glossary = (address) => {
    if (!glossaries.has(address)) {
      glossaries.set(address, fetch(address)
        .then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error(answer.statusText))))
        .then((text) => new DOMParser().parseFromString(text, "text/html")));
    }
    return glossaries.get(address);
  };

  const place = (term) => {
    const box = term.getClientRects()[0];
    const width = Math.min(360, document.documentElement.clientWidth - 16);
    card.style.width = `${width}px`;
    const left = Math.min(Math.max(8, box.left), document.documentElement.clientWidth - width - 8);
    card.style.left = `${left + scrollX}px`;
    const above = box.top > card.offsetHeight + 12;
    card.style.top = `${scrollY + (above ? box.top - card.offsetHeight - 4 : box.bottom + 4)}px`;
  };

  const show = async (term) => {
    clearTimeout(timer);
    if (shown === term) return;
    hide();
    shown = term;
    const target = new URL(term.href);
    try {
      const page = await glossary(target.origin + target.pathname);
      const entry = page.getElementById(decodeURIComponent(target.hash.slice(1)));
      let meaning = entry?.closest("dt");
      while (meaning && meaning.tagName !== "DD") meaning = meaning.nextElementSibling;
      if (!meaning || shown !== term) return;
      const copy = document.importNode(meaning, true);
      for (const link of copy.querySelectorAll("a")) link.replaceWith(...link.childNodes);
      card.replaceChildren(
        make("strong", {}, entry.closest("dt").firstChild.textContent.trim()), ...copy.childNodes,
      );
      if (tapped) card.append(make("a", { href: term.href, className: "term-more" }, "In the glossary"));
      card.hidden = false;
      term.setAttribute("aria-describedby", "term-card");
      if (window.MathJax?.typesetPromise) await MathJax.typesetPromise([card]);
      if (shown === term) place(term);
    } catch { shown = null; /* without the glossary the term stays a link */ }
  };
  const hide = () => {
    clearTimeout(timer);
    card.hidden = true;
    shown?.removeAttribute("aria-describedby");
    shown = null;
  };
  const hideSoon = () => { clearTimeout(timer); timer = setTimeout(hide, 300); };

  for (const term of terms) {
    let touched = false;
    term.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "mouse") return;
      tapped = false;
      clearTimeout(timer);
      timer = setTimeout(() => show(term), 150);
    });
    term.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hideSoon(); });
    term.addEventListener("pointerdown", (event) => { touched = event.pointerType !== "mouse"; });
    term.addEventListener("focus", () => {
      if (touched || !term.matches(":focus-visible")) return;
      tapped = false;
      show(term);
    });
    term.addEventListener("blur", hideSoon);
    term.addEventListener("click", (event) => {
      if (!touched || shown === term) return; // a second tap follows the link
      touched = false;
      event.preventDefault();
      tapped = true;
      show(term);
    });
  }
  card.addEventListener("pointerenter", () => clearTimeout(timer));
  card.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hideSoon(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("pointerdown", (event) => {
    if (!card.hidden && !card.contains(event.target) && !event.target.closest?.("a.reference")) hide();
  });
}

// ---------------------------------------------------------------------------------------------
// On paper proofs and solutions are open.

function openForPrint() {
  const opened = [];
  const open = () => {
    for (const fold of article.querySelectorAll("details:not([open], .hide)")) {
      fold.open = true;
      opened.push(fold);
    }
  };
  const close = () => { for (const fold of opened.splice(0)) fold.open = false; };
  const paper = matchMedia("print");
  paper.addEventListener("change", () => (paper.matches ? open() : close()));
  window.addEventListener("beforeprint", open);
  window.addEventListener("afterprint", close);
  if (paper.matches) open();
}

// ---------------------------------------------------------------------------------------------
// The search marks what it found also inside of words: "one" in "cone".  Only starts of words stay.

function markWholeWords() {
  for (const mark of article.querySelectorAll("span.highlighted")) {
    const before = mark.previousSibling;
    if (before?.nodeType === Node.TEXT_NODE && /[\p{L}\p{N}]$/u.test(before.data)) {
      mark.replaceWith(...mark.childNodes);
    }
  }
  article.normalize();
}

if (article) {
  addCodeSwitch();
  markScrolling();
  addTermCards();
  openForPrint();
  markWholeWords();
}
