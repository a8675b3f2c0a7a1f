"""Every template compiles, and none holds what the content security policy forbids or what would let HTML in."""

from __future__ import annotations

import re
from pathlib import Path

from django.template import Template, TemplateSyntaxError
from django.template.loader import get_template

from tests.house.source import ROOT

FOLDER = ROOT / "templates"
NAMES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file())
FORBIDDEN = {
    "a style of its own": re.compile(r"<[^>]*\sstyle\s*=|<style\b", re.I),
    "a script in the page": re.compile(r"<script\b(?![^>]*\ssrc=)", re.I),
    "a handler in an attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "htmx's own handlers or script": re.compile(r"\bhx-on\b|[\"']js:|hx-vars\b", re.I),
    "a filter on a trigger, which needs eval": re.compile(r"hx-trigger=\"[^\"]*\["),
    "HTML that is let in as it is": re.compile(r"\|\s*safe\b|autoescape\s+off|\|\s*safeseq\b"),
}


def _error_of(name: str) -> str:
    """Why a template does not compile, or ""."""
    try:
        get_template(name)
    except TemplateSyntaxError as error:
        return str(error)
    return ""


def test_every_template_compiles() -> None:
    assert {name: error for name in NAMES if (error := _error_of(name))} == {}


def test_no_template_holds_what_is_forbidden() -> None:
    """Comments of templates do not count, nor do mails, which are plain text."""
    comments = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.S)
    pages = [name for name in NAMES if name.endswith(".html")]
    texts = {name: comments.sub("", (FOLDER / name).read_text()) for name in pages}
    assert [
        (name, what) for name, text in texts.items() for what, pattern in FORBIDDEN.items() if pattern.search(text)
    ] == []


def test_what_is_forbidden_would_be_found() -> None:
    examples = {
        "a style of its own": '<p class="x" style="color: red">',
        "a script in the page": "<script>alert(1)</script>",
        "a handler in an attribute": '<a href="#" onclick="go()">',
        "htmx's own handlers or script": '<a hx-on:click="go()">',
        "a filter on a trigger, which needs eval": '<p hx-trigger="every 2s [!document.hidden]">',
        "HTML that is let in as it is": "{{ name|safe }}",
    }
    assert set(examples) == set(FORBIDDEN)
    assert [what for what, line in examples.items() if not (Template(line) and FORBIDDEN[what].search(line))] == []


def test_scripts_evaluate_no_text() -> None:
    ours = [path for path in (ROOT / "static").glob("*.js") if path.is_file()]
    evil = re.compile(r"\beval\(|new Function\(|document\.write\(|set(?:Timeout|Interval)\(\s*[\"'`]")
    assert [path.name for path in ours if evil.search(Path(path).read_text())] == []
