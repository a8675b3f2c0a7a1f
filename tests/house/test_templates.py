"""Every template compiles, and none holds what the content security policy forbids or what would let HTML in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template import Template
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


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles(name: str) -> None:
    assert get_template(name)


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_template_holds(what: str) -> None:
    """Comments of templates do not count."""
    comments = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.S)
    texts = {name: comments.sub("", (FOLDER / name).read_text()) for name in NAMES}
    assert [name for name, text in texts.items() if FORBIDDEN[what].search(text)] == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a style of its own", '<p class="x" style="color: red">'),
        ("a script in the page", "<script>alert(1)</script>"),
        ("a handler in an attribute", '<a href="#" onclick="go()">'),
        ("htmx's own handlers or script", '<a hx-on:click="go()">'),
        ("a filter on a trigger, which needs eval", '<p hx-trigger="every 2s [!document.hidden]">'),
        ("HTML that is let in as it is", "{{ name|safe }}"),
    ],
)
def test_what_is_forbidden_would_be_found(what: str, line: str) -> None:
    assert FORBIDDEN[what].search(line)
    assert Template(line)


def test_scripts_evaluate_no_text() -> None:
    ours = [path for path in (ROOT / "static").glob("*.js") if path.is_file()]
    evil = re.compile(r"\beval\(|new Function\(|document\.write\(|set(?:Timeout|Interval)\(\s*[\"'`]")
    assert [path.name for path in ours if evil.search(Path(path).read_text())] == []
