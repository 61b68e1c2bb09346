"""A line of text as HTML: what quizzes, answer fields and tables share."""

import base64
import html
import re

_PARTS = re.compile(r"(?P<math>\$[^$]+\$)|(?P<code>`[^`]+`)|(?P<stress>\*[^*\s][^*]*\*)")


def inline(text):
    r"""Return a line with ``$formulas$``, `` `code` `` and ``*stress*`` as HTML, all else escaped.

    Formulas become ``\(...\)`` in a span that both the site's MathJax and a notebook typeset.

    >>> inline("*Is* $a < b$ & `c`?")
    '<em>Is</em> <span class="math notranslate nohighlight">\\(a &lt; b\\)</span> &amp; <code>c</code>?'
    """  # noqa: E501
    done, end = [], 0
    for part in _PARTS.finditer(text):
        done.append(html.escape(text[end : part.start()], quote=False))
        inside = html.escape(part[0].strip("$" if part["math"] else "`" if part["code"] else "*"))
        if part["math"]:
            done.append(rf'<span class="math notranslate nohighlight">\({inside}\)</span>')
        else:
            name = "code" if part["code"] else "em"
            done.append(f"<{name}>{inside}</{name}>")
        end = part.end()
    return "".join(done) + html.escape(text[end:], quote=False)


def sealed(text, key):
    """Return a text so that nobody reads it by accident; the page's modules open it again.

    No secret: it only keeps an answer out of sight of those who look at the source of a page.

    >>> sealed("4", "ex-one") == sealed("5", "ex-one")
    False
    """
    mask = key.encode()
    mixed = bytes(
        byte ^ mask[k % len(mask)] ^ (31 * k + 7) % 256 for k, byte in enumerate(text.encode())
    )
    return base64.b64encode(mixed).decode()
