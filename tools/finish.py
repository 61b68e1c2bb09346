"""Finish the built pages: what Jupyter Book and the theme leave undone, in one pass over the HTML.

    python tools/finish.py [FOLDER]

Folds become real ``<details>``, which open without JavaScript; repeated scripts, repeated ids and
the state of live widgets go; of 1.5 MB of icons the few that are used stay; each page gets a
description, a preview and an icon.  Overriding templates would do the same and break when the theme
moves on; here, what is not found is left as it is, and the tests of the site say what is missing.

Finishing a page twice changes nothing.
"""

import re
import sys
from functools import cache
from pathlib import Path

import yaml

# bs4 and fontTools are slow to import, and this module is imported early.

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build/html"
DESCRIPTION = (
    "When does gradient descent on a two-layer ReLU network with weight decay end at a global "
    "minimum? A course that you can run: proofs, certificates, measurements."
)
FITS_A_PHONE = 640  # pixels for which a figure was drawn; labels of a wider one become too small
REPEATED_IDS = {"proof", "exercise-content", "solution-content"}
NO_SCRIPT = (
    "Without JavaScript formulas stand in the notation of TeX, and sliders show their first "
    "picture. Everything else works."
)
# Scripts and styles of things the book does not use: live code in the page, folds by script, icons
# by script.
UNUSED = ("sphinx-thebe", "togglebutton", "fontawesome.js")
UNUSED_TYPES = ("text/x-thebe-config", "application/vnd.jupyter.widget-state+json")
INLINE_UNUSED = (
    "THEBE_JS_URL",
    "kernelName = ",
    "togglebuttonSelector",
    "toggleHint",
    "toggleOpenOnPrint",
)


def finish(folder=HTML):
    """Finish every page below a folder."""
    from bs4 import BeautifulSoup

    for path in sorted(folder.rglob("*.html")):
        if "_static" in path.parts or "_sources" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        if "<head>" not in text.replace("<head ", "<head>"):
            text = f"<!DOCTYPE html><html lang='en'><head>{text.strip()}</head><body></body></html>"
        page = BeautifulSoup(text, "html.parser")
        depth = "../" * len(path.relative_to(folder).parents[:-1])
        finish_page(page, path.relative_to(folder).as_posix(), depth)
        measure_figures(page, path.parent)
        done = written(page)
        if done != text:
            path.write_text(done, encoding="utf-8")
    finish_icons(folder)
    lighten_pictures(folder / "_images")


def written(page):
    """The HTML of a page, with its attributes in their order."""
    from bs4.dammit import EntitySubstitution
    from bs4.formatter import HTMLFormatter

    class InOrder(HTMLFormatter):
        def attributes(self, tag):
            return tag.attrs.items()

    text = page.decode(formatter=InOrder(EntitySubstitution.substitute_xml))
    return re.sub(r"^(<!DOCTYPE html>)\s+", r"\1\n", text)


def finish_page(page, name, depth):
    """Finish one page, in place: its name below the site, and the way back to the top of it."""
    drop_unused(page)
    open_folds(page)
    hide_keys(page)
    repair_ids(page)
    mend_links(page)
    draw_icons(page)
    empty_heads(page)
    describe(page, name, depth)
    tidy_print(page)
    warn_without_script(page)


def drop_unused(page):
    """Scripts that nothing needs, and what stands in outputs for notebooks only."""
    for script in page.find_all("script"):
        source, inside = script.get("src", ""), script.string or ""
        if (
            any(name in source for name in UNUSED)
            or any(name in inside for name in INLINE_UNUSED)
            or script.get("type") in UNUSED_TYPES
            or script.has_attr("data-notebook")
        ):
            remove(script)
    for link in page.find_all("link", href=True):
        if any(name in link["href"] for name in UNUSED):
            remove(link)
    # A mode without a name is an error of the theme's script.
    if page.body is not None and page.body.get("data-default-mode") == "":
        page.body["data-default-mode"] = "auto"
    for script in page.find_all("script"):
        if script.string and 'localStorage.getItem("mode") || ""' in script.string:
            script.string = script.string.replace('"mode") || ""', '"mode") || "auto"')


def remove(element):
    """Take an element out, and the space after it."""
    after = element.next_sibling
    if isinstance(after, str) and not after.strip():
        after.extract()
    element.decompose()


def open_folds(page):
    """Admonitions that a script would fold become ``<details>``."""
    for block in page.find_all("div", class_="dropdown"):
        title = block.find(class_="admonition-title", recursive=False)
        if "admonition" not in block["class"] or title is None:
            continue
        block.name, title.name = "details", "summary"
        for link in title.find_all("a"):  # a control inside of a control
            link.unwrap()
        if "toggle-shown" in block["class"]:
            block["open"] = ""
    # A label of the fold alone would hide its text from those who listen to it.
    for summary in page.select("details.hide > summary[aria-label]"):
        del summary["aria-label"]


def hide_keys(page):
    """The code of a quiz tells which choices are right: it stays in the notebook."""
    for cell in page.select("div.cell"):
        fold = cell.find("details", class_="hide", recursive=False)
        if fold is not None and re.search(r"\b(question|quiz)\s*\(", fold.get_text()):
            remove(fold)
            if cell.find(True) is None:
                remove(cell)


def repair_ids(page):
    """Ids stand once; the extensions give all their proofs and solutions the same."""
    seen = set()
    for element in page.find_all(id=True):
        if element["id"] in REPEATED_IDS or element["id"] in seen:
            del element["id"]
        else:
            seen.add(element["id"])


def mend_links(page):
    """A link to a page that is not in this build (a build of some pages only) is left as an anchor
    with the name of a file, at which the theme's script stumbles."""
    for link in page.select('a[href^="#"]'):
        link["href"] = re.sub(r"^#(.*)\.(?:ipynb|md)(#.*)?$", r"\1.html\2", link["href"])


def draw_icons(page):
    """Icons as drawings in the page, as the script of 1.5 MB would make them."""
    for mark in page.select('i[class*="fa-"], span[class*="fa-"]'):
        classes = mark.get("class", [])
        names = [c.removeprefix("fa-") for c in classes if c.startswith("fa-")]
        pack = "brands" if {"fab", "fa-brands"} & set(classes) else "solid"
        found = next((icons()[pack, n] for n in names if (pack, n) in icons()), None)
        if found is None:
            continue
        width, height, path = found
        svg = page.new_tag(
            "svg",
            attrs={
                **{k: v for k, v in mark.attrs.items() if k not in ("class", "title")},
                "class": " ".join(["svg-inline--fa", *classes]),
                "viewbox": f"0 0 {width} {height}",  # as the parser writes it; browsers know
                "aria-hidden": "true",
                "focusable": "false",
            },
        )
        svg.append(page.new_tag("path", attrs={"fill": "currentColor", "d": path}))
        mark.replace_with(svg)


@cache
def icons():
    """(pack, name) -> width, height, path, out of the theme's own script."""
    text = (theme() / "scripts/fontawesome.js").read_text(encoding="utf-8")
    entry = re.compile(r'"?([\w-]+)"?:\[(\d+),(\d+),\[([^\]]*)\],"\w+","([^"]*)"\]')
    found, packs, end = {}, iter(("brands", "regular", "solid")), None
    for match in entry.finditer(text):
        # The packs follow one another in the script, with code between them.
        if end is None or match.start() - end > 1000:
            pack = next(packs)
        end = match.end()
        names = [match[1], *re.findall(r'"([\w-]+)"', match[4])]
        found.update({(pack, name): (match[2], match[3], match[5]) for name in names})
    return found


def theme():
    """The static files of the theme, as installed."""
    import pydata_sphinx_theme

    return Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"


def describe(page, name, depth):
    """What a search result, a link in a message and a tab of the browser show of a page."""
    head = page.head
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    if head.title is None:
        head.append(page.new_tag("title"))
        head.title.string = config["title"]
    title = head.title.get_text().split(" \N{EM DASH} ")[0].strip()
    title = re.sub(r"^\d+\. ", "", title) or config["title"]
    if title == config["title"]:  # the front page, which would say it twice
        head.title.string = title
    written = head.find("meta", attrs={"name": "description"})
    about = written["content"] if written else first_words(page) or DESCRIPTION
    address = site_address(config["repository"]["url"])
    metas = [
        ("name", "description", about),
        ("property", "og:title", title),
        ("property", "og:description", about),
        ("property", "og:type", "article" if "/" in name else "website"),
        ("property", "og:site_name", config["title"]),
        ("property", "og:url", f"{address}{name}"),
        ("property", "og:image", f"{address}_static/preview.png"),
        ("property", "og:image:alt", "A circle of weights, cut into ten cells by five lines."),
        ("name", "twitter:card", "summary_large_image"),
    ]
    for kind, key, content in metas:
        if head.find("meta", attrs={kind: key}) is None:
            head.append(page.new_tag("meta", attrs={kind: key, "content": content}))
    if head.find("link", rel="icon") is None:
        icon = {"rel": "icon", "type": "image/svg+xml", "href": f"{depth}_static/favicon.svg"}
        head.append(page.new_tag("link", attrs=icon))


def first_words(page):
    """The first sentences of a page without formulas, at most 200 letters."""
    article = page.find("article")
    for paragraph in article.find_all("p") if article else ():
        if paragraph.find_parent(class_=["admonition", "cell", "topic"]):
            continue
        sentences = re.split(r"(?<=[.?!])\s+", " ".join(paragraph.get_text().split()))
        text = ""
        for sentence in sentences:
            if "\\" in sentence or len(text) + len(sentence) > 200:
                break
            text = f"{text} {sentence}".strip()
        if len(text) >= 50:
            return text
    return ""


def site_address(repository):
    """Where the pages of a project on GitHub are served."""
    owner, name = repository.rstrip("/").split("/")[-2:]
    return f"https://{owner.lower()}.github.io/{name}/"


def empty_heads(page):
    """A head without text heads nothing, for those who hear the table."""
    for head in page.find_all("th"):
        if not head.get_text(strip=True) and not head.find("img"):
            head.name = "td"
            del head["scope"]


def measure_figures(page, folder):
    """The width a figure was drawn for, as a variable of its style: on a phone a wide one scrolls
    rather than become unreadable."""
    for image in page.select(".cell_output img[src]"):
        source = folder / image["src"]
        width = drawn_width(source) if "_images/" in image["src"] and source.exists() else None
        if width is None or "--drawn" in image.get("style", ""):
            continue
        image["style"] = f"--drawn: {width:.0f}px; {image.get('style', '')}".strip("; ")
        if width > FITS_A_PHONE:
            framed = image.parent if image.parent.name == "a" else image
            framed.wrap(page.new_tag("div", attrs={"class": "figure-box"}))


def drawn_width(path):
    """The width of a figure in pixels of the page, or None where its file does not say."""
    if path.suffix == ".svg":
        found = re.search(rb'<svg[^>]*? width="([\d.]+)pt"', path.read_bytes()[:4000])
        return float(found[1]) * 4 / 3 if found else None
    if path.suffix == ".png":
        return int.from_bytes(path.read_bytes()[16:20], "big") / 2.3  # 220 dots an inch
    return None


HEAVY = 50_000  # bytes of a PNG from which on a palette of few colours is taken


def lighten_pictures(folder):
    """Drawings with fewer digits, and maps with fewer colours."""
    from relucones_book.lighter import few_colours, fewer_digits

    for path in sorted(folder.glob("*.svg")):
        path.write_text(fewer_digits(path.read_text(encoding="utf-8")), encoding="utf-8")
    for path in sorted(folder.glob("*.png")):
        if path.stat().st_size > HEAVY:
            path.write_bytes(few_colours(path.read_bytes()))


def tidy_print(page):
    """The theme prints a second title without the number of the chapter, and no first one."""
    block = page.find(id="jb-print-docs-body")
    if block is not None:
        remove(block)


def warn_without_script(page):
    """Readers without JavaScript are told how formulas look to them."""
    article = page.find("article")
    if article is None or page.find(class_="math") is None or article.find("noscript"):
        return
    note = page.new_tag("noscript")
    paragraph = page.new_tag("p", attrs={"class": "no-script"})
    paragraph.string = NO_SCRIPT
    note.append(paragraph)
    article.insert(0, note)


def finish_icons(folder):
    """Fonts with the icons that style sheets name; the others, and the script of all, go."""
    static = folder / "_static"
    styles = [*static.glob("*.css"), *static.glob("styles/*.css")]
    sheet = static / "styles/pydata-sphinx-theme.css"
    if not sheet.exists():
        return
    css = sheet.read_text(encoding="utf-8")
    # One rule for each of 1,900 names; draw_icons has drawn those that are used.
    smaller = re.sub(r'(?<=})(?:\.fa-[\w-]+:{1,2}before,?)+\{content:"[^"]*"\}', "", css)
    smaller = re.sub(
        r'(fa-[\w-]+)\.woff2\) format\("woff2"\),url\([^)]*\) format\("truetype"\)',
        r'\1.woff) format("woff")',
        smaller,
    )
    if smaller != css:
        sheet.write_text(smaller, encoding="utf-8")
    wanted = {0xF00D}  # the cross that the theme's script makes
    for path in styles:
        text = path.read_text(encoding="utf-8")
        wanted |= {ord(c) for c in text if "\ue000" <= c <= "\uf8ff"}
        wanted |= {int(code, 16) for code in re.findall(r"\\(f[0-9a-f]{3})\b", text)}
    fonts = static / "vendor/fontawesome/webfonts"
    for name in ("fa-solid-900", "fa-brands-400", "fa-regular-400"):
        write_subset(theme() / f"vendor/fontawesome/webfonts/{name}.ttf", wanted, fonts, name)
    for path in [*fonts.glob("*.ttf"), *fonts.glob("*.woff2"), *static.glob("scripts/*.map")]:
        path.unlink()
    for path in [*static.glob("styles/*.map"), *static.glob("scripts/fontawesome.js*")]:
        path.unlink()


def write_subset(source, codes, folder, name):
    """A font with some of its characters, which is a few kB instead of a hundred."""
    from fontTools import subset

    target = folder / f"{name}.woff"
    if target.exists():
        return
    options = subset.Options(flavor="woff", notdef_outline=True, desubroutinize=True)
    font = subset.load_font(source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    folder.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, target, options)


if __name__ == "__main__":
    finish(Path(sys.argv[1]) if len(sys.argv) > 1 else HTML)
