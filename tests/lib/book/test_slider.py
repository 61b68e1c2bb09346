"""The slider that needs no kernel: a page with words for every frame, labels, and nothing from
elsewhere."""

import base64
import re
from html.parser import HTMLParser

import matplotlib
import pytest

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from relucones.checks import BadInput
from relucones.plots import color
from relucones_book.sliders import interact, slider


def draw(value):
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.plot([0, 1], [0, value])
    return fig, ax


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def page(**options):
    made = slider(
        draw, [1, 2, 5], "width <m>", alt=lambda m: f'A line of slope {m} & "more".', **options
    )
    return made._repr_html_(), Page(made._repr_html_())


def test_every_frame_has_words_and_one_is_shown():
    _, html = page(start=1)
    frames = html.all("img")
    assert [f["alt"] for f in frames] == [f'A line of slope {m} & "more".' for m in (1, 2, 5)]
    assert [f["data-value"] for f in frames] == ["1", "2", "5"]
    assert [f.get("class") for f in frames] == [None, "shown", None]


def test_the_control_has_a_label_and_the_range_of_the_frames():
    _, html = page(start=1)
    (control,) = html.all("input")
    assert {k: control[k] for k in ("type", "min", "max", "step", "value")} == {
        "type": "range", "min": "0", "max": "2", "step": "1", "value": "1",
    }  # fmt: skip
    (label,) = html.all("label")
    assert label["for"] == control["id"]
    (output,) = html.all("output")
    assert output["for"] == control["id"]
    (button,) = html.all("button")
    assert button["type"] == "button"
    assert button["aria-label"] == "Play width <m>"
    assert "width <m>" in html.words
    assert "2" in html.words


@pytest.mark.parametrize("image", ["svg", "png"])
def test_nothing_comes_from_elsewhere(image):
    text, html = page(image=image)
    for frame in html.all("img"):
        kind, payload = frame["src"].split(";base64,")
        assert kind == ("data:image/svg+xml" if image == "svg" else "data:image/png")
        content = base64.b64decode(payload)
        assert content.startswith(b"\x89PNG") if image == "png" else b"<svg" in content
        # names of document types and licences are no addresses that a browser opens
        if image == "svg":
            assert not re.search(rb'(?:href|src)="(?!#|data:)', content)
    rest = re.sub(r'src="data:[^"]*"', "", text)
    assert "//" not in rest
    assert not re.search(r"\b(?:src|href)=|@import|url\(", rest)


def test_the_same_frames_make_the_same_page_and_others_another_name():
    assert page()[0] == page()[0]
    names = {html.all("figure")[0]["id"] for html in (page()[1], page(caption="Other.")[1])}
    assert len(names) == 2
    text, html = page()
    assert f'getElementById("{html.all("figure")[0]["id"]}")' in text


def test_caption_and_text_of_values():
    text, html = page(caption="A <em>caption</em>.", text=lambda m: f"{m} < 6")
    assert "<figcaption>A <em>caption</em>.</figcaption>" in text
    assert [f["data-value"] for f in html.all("img")] == ["1 < 6", "2 < 6", "5 < 6"]
    assert "<figcaption>" not in page()[0]


def test_no_figure_stays_open():
    before = plt.get_fignums()
    page()
    assert plt.get_fignums() == before


@pytest.mark.parametrize(("values", "start"), [([], 0), ([1, 2], 2), ([1], -1)])
def test_a_start_outside_the_frames_is_refused(values, start):
    with pytest.raises(
        BadInput,
        match=f"start must be a position among the {len(values)} values, but it is {start}",
    ):
        slider(draw, values, "m", alt=str, start=start)


def test_interact_draws_the_chosen_value_and_then_every_other(monkeypatch):
    import ipywidgets
    from IPython import display

    drawn, shown = [], []
    monkeypatch.setattr(display, "display", shown.append)

    def draw(m):
        drawn.append(m)
        return plt.subplots()

    before = plt.get_fignums()
    interact(draw, [1, 2, 5], "width m", start=2)
    (box,) = shown
    control, picture = box.children
    assert drawn == [5]
    assert bytes(picture.value).startswith(b"\x89PNG")
    control.value = 1
    assert drawn == [5, 1]
    assert plt.get_fignums() == before
    # Captured output would stall some headless runs.
    assert not any(isinstance(child, ipywidgets.Output) for child in box.children)


def test_colours_are_written_in_full_and_told_apart():
    values = vars(color)
    assert all(re.fullmatch(r"#[0-9A-F]{6}", v, re.IGNORECASE) for v in values.values())
    kinds = [
        color.positive,
        color.negative,
        color.good,
        color.spurious,
        color.gaussian,
        color.dual,
        color.cone,
    ]
    assert len(set(kinds)) == len(kinds)
