"""What is left of the whitespace of a template: what shows, and no more."""

from __future__ import annotations

import pytest
from django.template import Context, Template

from batchsite.whitespace import squeezed


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("<ul>\n  <li>\n    one\n  </li>\n</ul>\n", "<ul><li>one</li></ul>"),
        ("<p>\n  one <b>two</b>\n  <i>three</i>\n</p>", "<p>one <b>two</b> <i>three</i></p>"),
        ("one\n  {# a note #}\n  two", "one two"),
        ("{% comment %}\n  a note\n{% endcomment %}\n<p>one</p>", "<p>one</p>"),
        ("<pre>\n a\n  b </pre>\n<p>c</p>", "<pre>\n a\n  b </pre><p>c</p>"),
        ("<textarea>\n a\n</textarea> <b>c</b>", "<textarea>\n a\n</textarea> <b>c</b>"),
        ("<button>\n  Save\n</button> <i>or</i>", "<button>Save</button> <i>or</i>"),
        ("<svg>\n  <path d='M1'/>\n  <title>\n a</title>\n</svg>", "<svg><path d='M1'/><title>a</title></svg>"),
    ],
)
def test_whitespace_that_shows_nowhere_is_dropped(source: str, left: str) -> None:
    assert squeezed(source) == left


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ('<a\n  class="x"\n  href="/y"\n>z</a>', '<a class="x" href="/y">z</a>'),
        ('<rect x="1" />', '<rect x="1"/>'),
        ("<meta\n  content='{\n  \"a\": 1\n}'\n>", "<meta content='{ \"a\": 1 }'>"),
        ("<details {% if a %}open{% endif %}>", "<details{% if a %} open{% endif %}>"),
        (
            '<i\n  {% if a == "b" %}\n    x\n  {% else %}\n    y\n  {% endif %}\n>',
            '<i{% if a == "b" %} x{% else %} y{% endif %}>',
        ),
        ('<i class="{% if a > 1 %}x{% endif %}" id="y">', '<i class="{% if a > 1 %}x{% endif %}" id="y">'),
    ],
)
def test_a_tag_stands_on_one_line(source: str, left: str) -> None:
    assert squeezed(source) == left


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("<p>\n{% if a %}\n x\n{% else %}\n y\n{% endif %}\n</p>", "<p>{% if a %}x{% else %}y{% endif %}</p>"),
        ("<p>a\n{% if b %}\n<b>c</b>\n{% endif %}\n</p>", "<p>a {% if b %} <b>c</b>{% endif %}</p>"),
        ("<p>\n{% for x in y %}\n<b>x</b>\n{% endfor %}\n</p>", "<p>{% for x in y %} <b>x</b> {% endfor %}</p>"),
        ("<ul>\n{% for x in y %}\n<li>x</li>\n{% endfor %}\n</ul>", "<ul>{% for x in y %}<li>x</li>{% endfor %}</ul>"),
        ("<ul>\n{% for x in y %}\n<li>x</li>\n{% empty %}\nno\n{% endfor %}\n</ul>",
         "<ul>{% for x in y %}<li>x</li>{% empty %}no{% endfor %}</ul>"),
        ("a {% if b %}{% else %}<p>c</p>{% endif %} d", "a {% if b %}{% else %}<p>c</p>{% endif %} d"),
        ("<p>a</p> {% include 'x' %} b", "<p>a</p>{% include 'x' %} b"),
        ("{% url 'x' as y %} <p>{% url 'x' %} b</p>", "{% url 'x' as y %}<p>{% url 'x' %} b</p>"),
    ],
)  # fmt: skip
def test_every_way_through_a_template_counts(source: str, left: str) -> None:
    assert squeezed(source) == left


@pytest.mark.parametrize("rows", [[], ["a"], ["a", "b"]])
@pytest.mark.parametrize("flag", [True, False])
def test_words_stay_apart_whichever_way_is_taken(rows: list[str], flag: bool) -> None:
    source = "<p>\n of {% if flag %}\n{% for row in rows %}\n<b>{{ row }}</b>\n{% endfor %} or\n{% endif %}\n all\n</p>"
    context = Context({"rows": rows, "flag": flag})
    before, after = (Template(text).render(context) for text in (source, squeezed(source)))
    assert " ".join(after.split()).replace("<p> ", "<p>") == " ".join(before.split()).replace("<p> ", "<p>").replace(
        " </p>", "</p>"
    )
