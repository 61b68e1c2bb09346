"""Two ways to move a parameter of a figure: a slider that needs no kernel, and one that does.

Both take the same plain function, which draws one figure for one value.
"""

import base64
import html
import io
import json
import re
import zlib
from importlib import resources

import matplotlib.pyplot as plt

from relucones.checks import BadInput

from .lighter import few_colours, fewer_digits

MIME = {"svg": "image/svg+xml", "png": "image/png"}


class Slider:
    """Pre-drawn frames with a slider, as HTML that depends on nothing else.

    The page of the site has the module of the slider, and takes the copy of it out that stands here
    for notebooks.
    """

    def __init__(self, markup):
        self._markup = markup

    def _repr_html_(self):
        module = resources.files(__package__).joinpath("elements/frame_slider.mjs")
        script = module.read_text(encoding="utf-8")
        return f"{self._markup}<script data-notebook>{{{script}}}</script>"


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
        Shown under the figure, as HTML.
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
    frames = [_bytes(draw(value)[0], image) for value in values]
    first = f"data:{MIME[image]};base64,{base64.b64encode(frames[start]).decode()}"
    alts, written = [alt(value) for value in values], [text(value) for value in values]
    under = f"<figcaption>{caption}</figcaption>" if caption else ""
    return Slider(
        f'<frame-slider data-label="{html.escape(label)}" data-count="{len(values)}" '
        f'data-start="{start}" data-value="{html.escape(written[start])}" '
        f'data-frames="{_packed(frames, alts, written, image)}">'
        f'<figure><div class="figure-box"><img src="{first}" alt="{html.escape(alts[start])}"'
        f"{_drawn(frames[start], image)}></div>{under}</figure>"
        "</frame-slider>"
    )


def _drawn(frame, kind):
    """The width the frame was drawn for, as a variable of its style: on a phone a wide one scrolls
    rather than become unreadable."""
    if kind == "png":
        points = int.from_bytes(frame[16:20], "big") * 72 / plt.rcParams["figure.dpi"]
    else:
        points = float(re.search(rb' width="([\d.]+)pt"', frame)[1])
    return f' style="--drawn: {4 / 3 * points:.0f}px"'


def _packed(frames, alts, values, kind):
    """All frames in one compressed text; those of one figure share most of their lines."""
    lines = {}
    texts = [f.decode() if kind == "svg" else base64.b64encode(f).decode() for f in frames]
    lists = [[lines.setdefault(line, len(lines)) for line in text.split("\n")] for text in texts]
    content = {"kind": kind, "lines": list(lines), "frames": lists, "alts": alts, "values": values}
    packed = zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 9)
    return base64.b64encode(packed).decode()


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
    if kind == "png":
        return few_colours(buffer.getvalue(), 64)
    return fewer_digits(buffer.getvalue().decode()).encode()
