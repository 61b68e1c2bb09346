"""Pictures of every built page, for people to look at: wide, on a phone, in the dark.

They go to _build/shots/VIEW/PAGE.png, tall pages in parts (PAGE_2.png, ...); index.html there shows
them side by side.
``python tools/shots.py glossary part1`` takes only pages whose name holds one of the words.
"""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build/html"
SHOTS = ROOT / "_build/shots"
VIEWS = {
    "wide": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "color_scheme": "light",
        "device_scale_factor": 2,
    },
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
}
TALLEST = 16_000  # pixels; Chromium cannot draw much taller pictures


def load_serving():
    """The browser of the tests: one place knows where to find it and how to start it."""
    spec = importlib.util.spec_from_file_location("serving", ROOT / "tests/site/serving.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(words):
    from playwright.sync_api import sync_playwright

    site = load_serving()
    path = site.find_browser()
    if path is None:
        sys.exit(site.WHERE)
    pages = [
        p
        for p in sorted(HTML.glob("book/**/*.html"))
        if not words or any(w in str(p) for w in words)
    ]
    rows = []
    with site.serve(HTML) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=site.FLAGS)
        for view, settings in VIEWS.items():
            context = browser.new_context(**settings)
            context.add_init_script(
                f"localStorage.setItem('mode', '{settings['color_scheme']}');"
                f"localStorage.setItem('theme', '{settings['color_scheme']}')"
            )
            for source in pages:
                name = str(source.relative_to(HTML))
                page = context.new_page()
                page.goto(f"{address}/{name}", wait_until="load")
                page.evaluate("window.MathJax ? MathJax.startup.promise.then(() => 0) : 0")
                page.evaluate("document.fonts.ready.then(() => 0)")
                height = page.evaluate("document.documentElement.scrollHeight")
                page.set_viewport_size(
                    {**settings["viewport"], "height": min(TALLEST, max(844, height))}
                )
                for part, top in enumerate(range(0, height, TALLEST), start=1):
                    page.evaluate(f"window.scrollTo({{top: {top}, behavior: 'instant'}})")
                    end = f"_{part}.png" if part > 1 else ".png"
                    picture = SHOTS / view / name.replace("/", "_").replace(".html", end)
                    picture.parent.mkdir(parents=True, exist_ok=True)
                    page.screenshot(path=picture)
                    label = f"<figcaption>{view} {name} {part}</figcaption>"
                    rows.append(
                        f'<figure><img src="{picture.relative_to(SHOTS)}" width="400">'
                        f"{label}</figure>"
                    )
                page.close()
            context.close()
        browser.close()
    SHOTS.mkdir(parents=True, exist_ok=True)
    (SHOTS / "index.html").write_text("<style>figure{float:left}</style>" + "\n".join(sorted(rows)))
    print(f"{len(rows)} pictures of {len(pages)} pages in {SHOTS}")


if __name__ == "__main__":
    main(sys.argv[1:])
