"""The slider that needs no kernel: a page with words for every frame, labels, and nothing from
elsewhere."""

import base64
import json
import re
import zlib
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


def unpacked(html):
    """What the module of the page makes of the attribute."""
    (element,) = html.all("frame-slider")
    content = json.loads(zlib.decompress(base64.b64decode(element["data-frames"])))
    lines = content["lines"]
    pictures = ["\n".join(lines[k] for k in frame) for frame in content["frames"]]
    return content, pictures


def test_the_first_frame_is_in_the_page_and_all_have_words():
    _, html = page(start=1)
    (first,) = html.all("img")
    assert first["alt"] == 'A line of slope 2 & "more".'
    content, pictures = unpacked(html)
    assert content["alts"] == [f'A line of slope {m} & "more".' for m in (1, 2, 5)]
    assert content["values"] == ["1", "2", "5"]
    assert re.fullmatch(r"--drawn: 1\d\dpx", first["style"])  # 2 inches, cut tight
    assert first["src"].split(";base64,")[1] == base64.b64encode(pictures[1].encode()).decode()


def test_the_element_says_what_it_moves():
    _, html = page(start=1)
    (element,) = html.all("frame-slider")
    del element["data-frames"]
    assert element == {
        "data-label": "width <m>", "data-count": "3", "data-start": "1", "data-value": "2",
    }  # fmt: skip


@pytest.mark.parametrize("image", ["svg", "png"])
def test_nothing_comes_from_elsewhere(image):
    text, html = page(image=image)
    content, pictures = unpacked(html)
    assert content["kind"] == image
    for picture in pictures:
        if image == "png":
            assert base64.b64decode(picture).startswith(b"\x89PNG")
            continue
        assert "<svg" in picture
        # names of document types and licences are no addresses that a browser opens
        assert not re.search(r'(?:href|src)="(?!#|data:)', picture)
    markup = re.sub(r'data-frames="[^"]*"|src="data:[^"]*"', "", text.split("<script")[0])
    assert "//" not in markup
    assert not re.search(r"\b(?:src|href)=|@import|url\(", text.split("<script")[1])


def test_frames_share_what_is_alike():
    text = slider(draw, range(40), "m", alt=str)._repr_html_().split("<script")[0]
    single = slider(draw, range(1), "m", alt=str)._repr_html_().split("<script")[0]
    assert len(text) < 2 * len(single)


def test_a_notebook_gets_the_module_and_the_site_takes_it_out():
    text, _ = page()
    head, script = text.split("<script data-notebook>")
    assert script.startswith("{")
    assert script.endswith("}</script>")
    assert "import " not in script.replace("imports nothing", "")
    assert "export " not in script
    assert "<script" not in head


def test_the_same_frames_make_the_same_page():
    assert page()[0] == page()[0]


def test_caption_and_text_of_values():
    text, html = page(caption="A <em>caption</em>.", text=lambda m: f"{m} < 6")
    assert "<figcaption>A <em>caption</em>.</figcaption>" in text
    assert unpacked(html)[0]["values"] == ["1 < 6", "2 < 6", "5 < 6"]
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
