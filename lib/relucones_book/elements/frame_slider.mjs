// <frame-slider>: pre-drawn frames of a figure, and a slider that moves through them.
//
// The first picture is in the page.  The others lie compressed in an attribute and are opened
// when the figure comes near the window.  Without this module, or in an old browser, the first
// picture stays.  In a notebook the output carries this file itself, so it imports nothing.

class FrameSlider extends HTMLElement {
  connectedCallback() {
    if (document.readyState === "loading") {
      document.addEventListener("DOMContentLoaded", () => this.connectedCallback(), { once: true });
      return;
    }
    this.image = this.querySelector("img");
    if (this.input || !this.image || !("DecompressionStream" in window)) return;
    FrameSlider.addStyle();
    this.addControls();
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      this.load();
    }, { rootMargin: "400px" });
    seen.observe(this);
  }

  disconnectedCallback() {
    this.stop();
  }

  addControls() {
    const make = (name, properties) => Object.assign(document.createElement(name), properties);
    const id = `frame-slider-${FrameSlider.made++}`;
    const label = this.dataset.label;
    this.input = make("input", {
      id, type: "range", min: 0, max: this.dataset.count - 1, step: 1, value: this.dataset.start,
    });
    this.output = make("output", { textContent: this.dataset.value });
    this.output.setAttribute("for", id);
    this.input.setAttribute("aria-valuetext", this.dataset.value);
    this.button = make("button", { type: "button", textContent: "Play" });
    this.button.setAttribute("aria-label", `Play ${label}`);
    const controls = make("div", { className: "frame-controls" });
    controls.append(
      make("label", { htmlFor: id, textContent: label }), this.input, this.output, this.button,
    );
    (this.image.closest(".figure-box") ?? this.image).after(controls);
    this.input.addEventListener("input", () => { this.stop(); this.show(); });
    this.button.addEventListener("click", () => (this.timer ? this.stop() : this.play()));
  }

  // The frames share most of their lines: they are lists of positions in one list of lines.
  load() {
    this.frames ??= (async () => {
      const packed = Uint8Array.from(atob(this.dataset.frames), (c) => c.charCodeAt(0));
      const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
      const { lines, frames, alts, values, kind } = await new Response(stream).json();
      this.removeAttribute("data-frames");
      return frames.map((frame, i) => {
        const text = frame.map((k) => lines[k]).join("\n");
        if (i === Number(this.dataset.start)) {
          return { source: this.image.src, alt: alts[i], value: values[i] };
        }
        const source = kind === "svg"
          ? URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }))
          : `data:image/png;base64,${text}`;
        return { source, alt: alts[i], value: values[i] };
      });
    })();
    return this.frames;
  }

  async show() {
    const frames = await this.load();
    const { source, alt, value } = frames[this.input.value];
    this.image.src = source;
    this.image.alt = alt;
    this.output.textContent = value;
    this.input.setAttribute("aria-valuetext", value);
  }

  play() {
    this.button.textContent = "Pause";
    this.button.setAttribute("aria-label", `Pause ${this.dataset.label}`);
    this.timer = setInterval(() => {
      this.input.value = (Number(this.input.value) + 1) % this.dataset.count;
      this.show();
    }, 700);
  }

  stop() {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = null;
    this.button.textContent = "Play";
    this.button.setAttribute("aria-label", `Play ${this.dataset.label}`);
  }

  static made = 0;

  static addStyle() {
    if (document.getElementById("frame-slider-style")) return;
    const style = document.createElement("style");
    style.id = "frame-slider-style";
    style.textContent = `
      frame-slider { display: block; margin: 0 0 1rem; }
      frame-slider figure { margin: 0; }
      frame-slider img { display: block; width: 100%; max-width: 44rem; height: auto;
        margin: 0 auto; }
      .frame-controls { display: flex; gap: .75rem; align-items: center; flex-wrap: wrap;
        max-width: 40rem; margin: .25rem auto 0; }
      .frame-controls input { flex: 1 1 12rem; min-width: 8rem; min-height: 1.75rem;
        accent-color: #0072B2; }
      .frame-controls output { min-width: 4rem; font-variant-numeric: tabular-nums; }
      .frame-controls button { padding: .25rem .8rem; min-height: 1.75rem; cursor: pointer;
        border: 1px solid currentColor; border-radius: .3rem; background: transparent;
        color: inherit; }
      frame-slider figcaption { max-width: 44rem; margin: .5rem auto 0; font-size: .95em; }
      @media (pointer: coarse) {
        .frame-controls input, .frame-controls button { min-height: 2.75rem; }
      }
      @media print { .frame-controls { display: none; } }`;
    document.head.append(style);
  }
}

if (!customElements.get("frame-slider")) customElements.define("frame-slider", FrameSlider);
