"""What people write on a change, as HTML: Markdown, links, an outline below the page's, and nothing that runs or is lost."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from cybercube_portal.web.prose import MOST_HTML, MOST_TEXT, render_prose

NUMBER = "CR-2026-1125-004"
AWAY = 'rel="nofollow noopener noreferrer"'


def _link(href: str, text: str) -> str:
    return f'<a href="{href}" {AWAY}>{text}</a>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("", ""),
        (" \n ", ""),
        ("One\nTwo", "<p>One<br />\nTwo</p>"),
        ("- a **b**\n- `c`", "<ul>\n<li>a <strong>b</strong></li>\n<li><code>c</code></li>\n</ul>"),
        ("```sh\nls <x>\n```", '<pre tabindex="0"><code class="language-sh">ls &lt;x&gt;\n</code></pre>'),
        ("# A\n### B\n## C\n# D", "<h3>A</h3>\n<h4>B</h4>\n<h4>C</h4>\n<h3>D</h3>"),
        ("##### A\n###### B", "<h3>A</h3>\n<h4>B</h4>"),
        (f"After {NUMBER}.", f"<p>After {_link(f'/changes/{NUMBER}/', NUMBER)}.</p>"),
        (f"`{NUMBER}` x{NUMBER} {NUMBER}-x", f"<p><code>{NUMBER}</code> x{NUMBER} {NUMBER}-x</p>"),
        (f"[{NUMBER}](/x)", f"<p>{_link('/x', NUMBER)}</p>"),
        ("See https://a.b/c_d_e?x=1&y=2.", f"<p>See {_link(*['https://a.b/c_d_e?x=1&amp;y=2'] * 2)}.</p>"),
        ("(https://a.b/x_(y))", f"<p>({_link(*['https://a.b/x_(y)'] * 2)})</p>"),
        (f"https://a.b/{NUMBER}", f"<p>{_link(*[f'https://a.b/{NUMBER}'] * 2)}</p>"),
        ("https://... http://", "<p>https://... http://</p>"),
        ("ftp://a.b www.a.b", "<p>ftp://a.b www.a.b</p>"),
    ],
)
def test_prose__what_people_write__as_they_mean_it(text: str, html: str) -> None:
    assert str(render_prose(text)).strip() == html


def test_prose__moments__by_the_reader_s_clock() -> None:
    for zone, shown in (("UTC", "12:00"), ("Europe/Berlin", "13:00")):
        with timezone.override(zone):
            assert f"{shown}</time>" in render_prose("Not before 2026-01-15 12:00 UTC.")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html;base64,eA==) [d](vbscript:x)",
        "[a](javascript&colon;alert(1)) [b](java\nscript:alert(1)) <javascript:alert(1)>",
        '[a](https://b.c" onclick="alert(1)) https://b.c"onclick="alert(1)',
        "![a](https://b.c/d.png)",
        '```"><script>alert(1)</script>\nx\n```',
        "\0<\0script>",
    ],
)
def test_prose__what_would_run__is_shown_as_it_is_written(text: str) -> None:
    html = render_prose(text)

    assert not re.search(r"<(?!/?(p|a|br|pre|code|div)\b)", html)
    assert not re.search(r"<[^>]*\s(on\w+|src)=", html)
    assert all(href.startswith(("https://", "/")) for href in re.findall(r'href="([^"]*)"', html))


@pytest.mark.parametrize(
    "text",
    [
        "> " * 25 + "drop the table",
        "- " * 30 + "drop the table",
        "|a|\n|-|\n|b|drop the table|",
        "[a]: /b 'drop the table'",
        "[a](/b 'drop the table')",
        "```sh drop the table\nls\n```",
    ],
)
def test_prose__markdown_would_hide_words__is_shown_as_it_is_written(text: str) -> None:
    html = render_prose(text)

    assert html.startswith('<div class="as-written">')
    assert "drop the table" in html


HOSTILE = [
    *'*[_`<|&\\\0"',
    "![",
    "a*",
    "**a *b ",
    "~~a ",
    "<!--",
    "> ",
    "- ",
    "-\n",
    "#\n",
    "a\n=\n",
    "[a](b)",
    "[a](",
    "[](<",
]
HOSTILE += ["[a]: b\n", "https://a.b ", "https://)", f"{NUMBER} ", "|a|b\n|-|-\n"]


def _filled(piece: str, length: int) -> str:
    return (piece * length)[:length]


@pytest.mark.parametrize("length", [MOST_TEXT, 50_000])
@pytest.mark.parametrize("piece", HOSTILE)
def test_prose__hostile_and_long__is_answered_and_bounded(piece: str, length: int) -> None:
    html = render_prose(_filled(piece, length))

    assert len(html) <= max(MOST_HTML, length * len("&amp;")) + 50
