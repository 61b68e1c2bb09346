"""Old addresses lead to the pages that took their place."""

from pathlib import Path

import pytest
import yaml

from serving import HTML

ROOT = Path(__file__).resolve().parents[2]
MOVED = yaml.safe_load((ROOT / "book/moved.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_an_old_address_leads_to_its_new_page(address, browser, old, new):
    page = browser.new_page()
    page.goto(f"{address}/{old}.html#here", wait_until="load")
    page.wait_for_url(f"{address}/{new}.html#here")
    assert page.locator("h1").count() == 1
    page.close()


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_without_javascript_too(old, new):
    text = (HTML / f"{old}.html").read_text(encoding="utf-8")
    link = text.split("url=")[1].split('"')[0]
    assert (HTML / old).parent.joinpath(link).resolve() == (HTML / f"{new}.html").resolve()
    assert f'rel="canonical" href="{link}"' in text
