"""The front page: its surprises are true, its reading order is that of the table of contents, and
no page or docstring types a chapter's number, which changes when a chapter is split."""

import json
import re
from math import comb
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.special import gamma

from relucones import count_patterns, data
from relucones_book import reproduce
from relucones_book.contents import pages

ROOT = Path(__file__).resolve().parents[2]
WELCOME = (ROOT / "book/welcome.md").read_text(encoding="utf-8")


def says(words):
    """Whether the front page holds these words, line breaks aside."""
    return words in " ".join(WELCOME.split())


def test_the_price_of_a_good_cone():
    # Half of the cones are good only from about half of 2N / 2^(d-1) neurons on, for a unique
    # optimum: Pr[good] <= m min p, and a coupon lies on at most d - 1 walls.
    assert says("442 points with ten features")
    assert says("more than $10^{17}$ neurons")
    assert data.real("diabetes", 442, 10, seed=0).X.shape == (442, 10)
    patterns = count_patterns(442, 10 + 1)  # with a bias
    assert patterns == 2 * sum(comb(441, i) for i in range(11))
    assert 0.5 * 2 * patterns / 2**10 > 1e17


def test_no_good_start_and_many_good_ends():
    assert says("at width 32, where *none* of 72 starts was in one, 44 runs reached")
    _, stored = reproduce.load("open-questions")
    chosen = (stored["part"] == "norm") & (stored["m"] == 32) & (stored["data"] != "orthogonal")
    runs = {name: column[chosen] for name, column in stored.items()}
    assert chosen.sum() == 72
    assert (runs["cone"] > runs["optimum"] * (1 + 1e-6)).all()
    assert (runs["stop"] == "global minimum").sum() == 44


def test_the_trap_costs_less_than_one_percent():
    assert says("ten neurons and ten thousand end at the same network")
    assert says("by 0.7 %")
    _, stored = reproduce.load("trap")
    trapped = (stored["stop"] == "spurious stationary point") & (stored["positive"] == 1)
    assert (stored["loss"][trapped] / stored["bound"][trapped] - 1 < 0.01).all()
    assert {10, 10_000} <= set(stored["m"][trapped])


def test_the_global_minimum_is_off_by_three_percent():
    """As lambda tends to 0, by a closed form for uniform points on the sphere in dimension 4."""
    assert says("off by 3 % of the variance")
    root, d = np.sqrt(17), 4
    directions = [[0.8 * root, 0, 0.6 * root], [np.sqrt(13), 0, 2], [0, -4, 1], [0, 4, 1]]
    cosines = np.array(directions) @ np.array(directions).T / 17
    angle = np.arccos(np.clip(cosines, -1, 1))
    kernel = (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi * d)
    large = 0.8 * np.sqrt(17 / 13)
    small = (3 * np.sqrt(13) - 8) / (5 * np.sqrt(221))
    weights = np.array([-1, large, small, small])
    mean = gamma(d / 2) / (2 * np.sqrt(np.pi) * gamma((d + 1) / 2))
    error = weights @ kernel @ weights / (1 / (2 * d) - mean**2)
    assert abs(error - 0.0307) < 5e-5
    # A second route: points drawn on the sphere.
    points = np.random.default_rng(0).standard_normal((400_000, d))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    units = np.column_stack([np.array(directions) / root, np.zeros(4)])
    outputs = np.maximum(points @ units.T, 0)
    assert abs(np.mean((outputs @ weights) ** 2) / outputs[:, 0].var() / error - 1) < 0.02


def descend(X, y, lam, W, a, eta, steps):
    """Plain gradient descent of many networks side by side."""
    for _ in range(steps):
        h = np.maximum(W @ X.T, 0)
        pull = 2 * eta / len(y) * (y - np.einsum("rm,rmn->rn", a, h))
        step = np.einsum("rmn,rn->rmn", h > 0, pull) @ X
        W, a = (
            (1 - 2 * eta * lam) * W + a[..., None] * step,
            (1 - 2 * eta * lam) * a + np.einsum("rmn,rn->rm", h, pull),
        )
    return np.mean((np.einsum("rm,rmn->rn", a, np.maximum(W @ X.T, 0)) - y) ** 2, axis=1) + lam * (
        (W**2).sum((1, 2)) + (a**2).sum(1)
    )


def test_rounding_sets_stuck_networks_free():
    assert says("66 of 100 small starts are stuck")
    assert says("nearly all of the 66 escape")
    y, lam = np.array([1, 0.8, 1.2, -1, -0.7, -1.1]), 0.1
    best = sum(2 * lam * norm - 6 * lam**2 for norm in map(np.linalg.norm, (y[:3], y[3:])))
    rng = np.random.default_rng(16)
    W = 0.01 * rng.standard_normal((100, 16, 6))
    a = rng.choice([-1.0, 1.0], (100, 16)) * np.linalg.norm(W, axis=2)
    on = W > 0
    good = (on[..., :3].all(2) & (a > 0)).any(1) & (on[..., 3:].all(2) & (a < 0)).any(1)
    assert good.sum() == 34
    turned = data.orthogonal(6, 6, seed=0).X
    exact = descend(np.eye(6), y, lam, W, a, 0.5, 3200) < 1.01 * best
    rounded = descend(turned, y, lam, W @ turned, a, 0.5, 3200) < 1.01 * best
    assert (exact == good).all()
    assert rounded.sum() >= 97  # how many, depends on how the processor rounds


PAGES = pages(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))


def test_next_leads_from_the_front_page_to_the_first_chapter():
    assert PAGES[1] == "book/part1/01_network_and_penalty"


def test_the_map_names_every_chapter_in_order():
    chapters = [name.removeprefix("book/") + ".ipynb" for name in PAGES if "/part" in name]
    listed = re.findall(r"^\| \[[^\]]+\]\((part\S+)\) \|", WELCOME.split("(map)=")[1], re.MULTILINE)
    assert listed == chapters


def test_titles_on_the_map_are_those_of_the_chapters():
    for title, name in re.findall(r"^\| \[([^\]]+)\]\((part\S+)\) \|", WELCOME, re.MULTILINE):
        cells = json.loads((ROOT / "book" / name).read_text(encoding="utf-8"))["cells"]
        assert "".join(cells[0]["source"]).startswith(f"# {title}\n"), title


# These speak of the rule itself.
ABOUT_NUMBERS = {"test_notebook_rules.py", "test_rules_bite.py"}


def texts():
    for pattern in ("book/*.md", "lib/**/*.py", "tests/**/*.py", "tools/*.py", "benchmarks/*.py"):
        yield from (p for p in ROOT.glob(pattern) if p.name not in ABOUT_NUMBERS)
    yield ROOT / "README.md"


@pytest.mark.parametrize("path", sorted(texts()), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_typed_chapter_numbers(path):
    numbers = re.findall("[Cc]hapters?" + r" \d+", path.read_text(encoding="utf-8"))
    assert not numbers, "link the chapter by its title; in a docstring name it, or a label"
