"""Two ways to move a parameter of a figure: a slider that needs no kernel, and one that does.

Both take the same plain function, which draws one figure for one value.
"""

import base64
import hashlib
import html
import io

import matplotlib.pyplot as plt

from relucones.checks import BadInput

_STYLE = """
<style>
.relucones-slider { margin: 0 0 1rem; padding: .75rem; background: #fff; color: #222;
  border-radius: .5rem; }
.relucones-slider img { display: none; width: 100%; max-width: 44rem; height: auto;
  margin: 0 auto; }
.relucones-slider img.shown { display: block; }
html[data-theme="dark"] .relucones-slider { filter: brightness(.85); }
html[data-theme="dark"] .relucones-slider img {
  filter: none !important; padding: 0 !important; border: 0 !important; }
.relucones-slider .controls { display: flex; gap: .75rem; align-items: center;
  flex-wrap: wrap; max-width: 40rem; margin: 0 auto; }
.relucones-slider input { flex: 1 1 12rem; min-width: 8rem; accent-color: #0072B2; }
.relucones-slider output { min-width: 4rem; font-variant-numeric: tabular-nums; }
.relucones-slider button { padding: .1rem .7rem; border: 1px solid #0072B2; border-radius: .3rem;
  background: #fff; color: #005a8e; }
.relucones-slider figcaption { max-width: 44rem; margin: .5rem auto 0; font-size: .95em;
  color: #333; }
</style>"""

_SCRIPT = """
<script>
(() => {
  const root = document.getElementById("%(id)s");
  const frames = root.querySelectorAll("img"), input = root.querySelector("input");
  const output = root.querySelector("output"), button = root.querySelector("button");
  let timer = null;
  const show = () => {
    frames.forEach((frame, i) => frame.classList.toggle("shown", i === Number(input.value)));
    output.textContent = frames[input.value].dataset.value;
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "Play"; };
  input.addEventListener("input", () => { stop(); show(); });
  button.addEventListener("click", () => {
    if (timer) { stop(); return; }
    button.textContent = "Pause";
    timer = setInterval(() => {
      input.value = (Number(input.value) + 1) %% frames.length; show();
    }, 700);
  });
  show();
})();
</script>"""


class Slider:
    """Pre-drawn frames with a slider, as HTML that depends on nothing else."""

    def __init__(self, markup):
        self._markup = markup

    def _repr_html_(self):
        return self._markup


def slider(draw, values, label, alt, caption="", start=0, text=str, image="svg"):
    """Draw one frame per value, and return them with a slider that works without a kernel.

    Parameters
    ----------
    draw : callable
        ``draw(value)`` makes one figure and returns ``fig, ax``.
    values : sequence
        The positions of the slider.
    label : str
        What the slider moves, as a reader would say it.
    alt : callable
        ``alt(value)`` says in words what that frame shows.
    caption : str
        Shown under the figure.
    start : int
        The position shown first.
    text : callable
        How a value is written beside the slider.
    image : {"svg", "png"}
        "png" is smaller for frames with very many marks.

    Examples
    --------
    In the last line of a cell: ``slider(draw, [1, 2, 3], "width m", alt=lambda m: f"A curve for
    width {m}.")``
    """
    values = list(values)
    if not values or not 0 <= start < len(values):
        raise BadInput(
            f"start must be a position among the {len(values)} values, but it is {start}"
        )
    frames = []
    for i, value in enumerate(values):
        shown = ' class="shown"' if i == start else ""
        source = _image(draw(value)[0], image)
        frames.append(
            f'<img{shown} src="{source}" alt="{html.escape(alt(value))}" '
            f'data-value="{html.escape(text(value))}">'
        )
    name = "slider-" + hashlib.sha256("".join([label, caption, *frames]).encode()).hexdigest()[:10]
    return Slider(
        f'{_STYLE}<figure class="relucones-slider" id="{name}">{"".join(frames)}'
        f'<div class="controls"><label for="{name}-input">{html.escape(label)}</label>'
        f'<input id="{name}-input" type="range" min="0" max="{len(values) - 1}" step="1" '
        f'value="{start}">'
        f'<output for="{name}-input">{html.escape(text(values[start]))}</output>'
        f'<button type="button" aria-label="Play {html.escape(label)}">Play</button></div>'
        + (f"<figcaption>{caption}</figcaption>" if caption else "")
        + f"</figure>{_SCRIPT % {'id': name}}"
    )


def interact(draw, values, label, start=0):
    """The same figure with an ipywidgets slider, for readers with a kernel: it draws anew at every
    move.

    The picture is an image widget, not captured output: capturing it makes some headless runs stall
    for ever.
    """
    import ipywidgets
    from IPython.display import display

    values = list(values)
    control = ipywidgets.SelectionSlider(
        options=values,
        value=values[start],
        description=label,
        continuous_update=False,
        style={"description_width": "initial"},
    )
    picture = ipywidgets.Image(format="png", layout={"max_width": "44rem"})

    def show(change):
        picture.value = _bytes(draw(change["new"])[0], "png")

    control.observe(show, names="value")
    show({"new": values[start]})
    display(ipywidgets.VBox([control, picture]))


def _bytes(figure, kind):
    buffer = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else None
    figure.savefig(buffer, format=kind, metadata=metadata, bbox_inches="tight")
    plt.close(figure)
    return buffer.getvalue()


def _image(figure, kind):
    mime = "image/svg+xml" if kind == "svg" else "image/png"
    return f"data:{mime};base64,{base64.b64encode(_bytes(figure, kind)).decode()}"
