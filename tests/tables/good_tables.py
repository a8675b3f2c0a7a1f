"""Good tables of many shapes, each with its bytes and its cells: what reading must give, and what damage spoils.

Written by a few lines of our own, not by the csv module: the truth must not come from what is tested against it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

Cells = list[list[str]]


def _split(text: str) -> list[str]:
    return text.split()


_WORDS = _split(
    "the card account payment was declined when will my refund arrive please check order delivery customer asked about "
    "invoice number and it has not been sent yet thank you for help with this problem since Monday morning"
)
_NAMES = _split("Anna Ben Carla David Elif Farid Greta Hugo Ines Jonas Klara Liam Mona Nils Olga Paul")
_CITIES = ("New York", "Paris", "Rome", "Oslo", "San Jose", "Berlin", "Madrid", "Vienna", "Lisbon", "Prague")
_LETTERS = {
    "german": "Grüße aus München: schöne Straße, über Köln für Jürgen",
    "french": "Hélène préfère le café à Besançon où François a été très gêné",
    "polish": "Łukasz mówi że Gdańsk i Łódź są piękne więc jedź żwawo źrebię",
    "russian": "Ольга живёт в Москве и пишет письма другу каждый день утром",
    "chinese": "中文 表格 每一行 都要 正确 读取 数据 很 重要 北京 上海",
    "japanese": "日本語 の 表 を 正しく 読む こと が 大切 です 東京 大阪 カード",
    "emoji": "good 👍 fine 😀 naïve café “quoted” – dash … €20 ½",
}


@dataclass(frozen=True)
class Form:
    """How a table is written."""

    delimiter: str = ","
    quote: str = '"'
    quoting: str = "minimal"
    """minimal, all, text (cells that are no number), or none."""
    backslash: bool = False
    end: str = "\n"
    encoding: str = "utf-8"
    mark: bytes = b""
    above: str = ""
    """Text above the table: titles, a `sep=` line."""
    below: str = ""
    final_end: bool = True


@dataclass(frozen=True)
class Good:
    """A table, its text, and where each record stands in it: (first character, behind the last, without line end)."""

    name: str
    cells: Cells
    form: Form
    header: bool = True
    text: str = field(init=False)
    spans: list[tuple[int, int]] = field(init=False)

    def __post_init__(self) -> None:
        form, text, spans = self.form, self.form.above, []
        for number, row in enumerate(self.cells):
            begin = len(text)
            text += form.delimiter.join(written(cell, form, len(row)) for cell in row)
            spans.append((begin, len(text)))
            if form.final_end or number < len(self.cells) - 1:
                text += form.end
        object.__setattr__(self, "text", text + form.below)
        object.__setattr__(self, "spans", spans)

    @property
    def data(self) -> bytes:
        return self.encoded(self.text)

    def encoded(self, text: str) -> bytes:
        return self.form.mark + text.encode(self.form.encoding)

    @property
    def width(self) -> int:
        return len(self.cells[0])


def written(cell: str, form: Form, width: int) -> str:
    """A cell as the form has it."""
    quote = form.quote
    if form.quoting == "none":
        return cell
    special = any(sign in cell for sign in (form.delimiter, quote, "\n", "\r")) or (width == 1 and not cell)
    number = cell.replace(".", "", 1).replace(",", "", 1).isdigit()
    if (form.quoting == "minimal" and not special) or (form.quoting == "text" and number and not special):
        return cell
    if form.backslash:
        return quote + cell.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote
    return quote + cell.replace(quote, quote * 2) + quote


# --- contents


def _sentence(chance: random.Random, least: int = 3, most: int = 12) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randint(least, most)))


def tickets(chance: random.Random, rows: int) -> Cells:
    body = [
        [str(n), chance.choice(_NAMES), _sentence(chance) + chance.choice(("", ", please", "!"))]
        for n in range(1, rows + 1)
    ]
    return [["id", "customer", "text"], *body]


def people(chance: random.Random, rows: int) -> Cells:
    body = [[f"{chance.choice(_NAMES)} {n}", chance.choice(_CITIES), str(chance.randint(18, 90))] for n in range(rows)]
    return [["name", "city", "age"], *body]


def numbers(chance: random.Random, rows: int) -> Cells:
    body = [[f"{chance.uniform(0, 999):.2f}" for _ in range(4)] for _ in range(rows)]
    return [["a", "b", "c", "d"], *body]


def prices(chance: random.Random, rows: int) -> Cells:
    body = [
        [f"item {n}", f"{chance.randint(1, 99)},{chance.randint(10, 99)}", str(chance.randint(1, 9))]
        for n in range(rows)
    ]
    return [["product", "price", "pieces"], *body]


def labelled(chance: random.Random, rows: int) -> Cells:
    kinds = ("card_arrival", "top_up_failed", "exchange_rate", "lost_card")
    return [["text", "category"], *([_sentence(chance) + "?", chance.choice(kinds)] for _ in range(rows))]


def lettered(language: str) -> Callable[[random.Random, int], Cells]:
    def make(chance: random.Random, rows: int) -> Cells:
        words = _split(_LETTERS[language])
        body = [
            [str(n), " ".join(chance.choices(words, k=4)), " ".join(chance.choices(words, k=7))]
            for n in range(1, rows + 1)
        ]
        return [["id", "title", "text"], *body]

    return make


def multiline(chance: random.Random, rows: int) -> Cells:
    body = [
        [str(n), f"{_sentence(chance)}\n{_sentence(chance)}" + "\n\nBye" * (n % 3 == 0), chance.choice(_CITIES)]
        for n in range(1, rows + 1)
    ]
    return [["id", "letter", "city"], *body]


def quoting(chance: random.Random, rows: int) -> Cells:
    body = [[str(n), f'He said "{_sentence(chance, 1, 3)}", then left', f"it's {n}"] for n in range(1, rows + 1)]
    return [["id", "said", "note"], *body]


def prompts(chance: random.Random, rows: int) -> Cells:
    body = [
        [
            f"p-{n}",
            f'You are an assistant. {_sentence(chance, 20, 60)}:\n- {_sentence(chance)}\n- "{_sentence(chance)}"',
            "low",
        ]
        for n in range(1, rows + 1)
    ]
    return [["prompt_id", "prompt", "effort"], *body]


def one_column(chance: random.Random, rows: int) -> Cells:
    return [["question"], *([_sentence(chance, 4, 15) + chance.choice(("?", ", please?"))] for _ in range(rows))]


def one_word(chance: random.Random, rows: int) -> Cells:
    return [["name"], *([f"{chance.choice(_NAMES)}{n}"] for n in range(rows))]


def wide(chance: random.Random, rows: int) -> Cells:
    body = [
        [str(n), *(chance.choice(("", "x", "yes", f"{chance.randint(1, 99)}")) for _ in range(39))]
        for n in range(1, rows + 1)
    ]
    return [[f"column_{n}" for n in range(40)], *body]


def sparse(chance: random.Random, rows: int) -> Cells:
    body = [[f"r{n}", chance.choice(("", "x")), chance.choice(("", _sentence(chance, 1, 3))), ""] for n in range(rows)]
    return [["key", "flag", "remark", "reserved"], *body]


def json_cells(chance: random.Random, rows: int) -> Cells:
    body = [[str(n), f'{{"kind": "{chance.choice(_NAMES)}", "values": [{n}, {n + 1}]}}'] for n in range(1, rows + 1)]
    return [["id", "payload"], *body]


def dates(chance: random.Random, rows: int) -> Cells:
    def row(number: int) -> list[str]:
        day = f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        time = f"{chance.randint(0, 23)}:{chance.randint(10, 59)}"
        return [day, time, chance.choice(("true", "false")), f"https://example.org/{number}?a=b"]

    return [["day", "time", "done", "link"], *map(row, range(rows))]


def addresses(chance: random.Random, rows: int) -> Cells:
    body = [
        [f"{chance.choice(_NAMES)}", f"{n} Main St., {chance.choice(_CITIES)}, 0{chance.randint(1000, 9999)}", "007"]
        for n in range(rows)
    ]
    return [["who", "address", "code"], *body]


def inches(chance: random.Random, rows: int) -> Cells:
    body = [[str(n), f'{chance.randint(2, 20)}" pipe', f"{chance.randint(1, 9)} pcs"] for n in range(1, rows + 1)]
    return [["id", "size", "count"], *body]


def two_texts(chance: random.Random, rows: int) -> Cells:
    return [
        ["country", "capital"],
        *([f"Land {chance.choice(_NAMES)}{n}", f"{chance.choice(_CITIES)}"] for n in range(rows)),
    ]


# --- the tables

_SHAPES: list[tuple[str, Callable[[random.Random, int], Cells], int, Form]] = [
    ("tickets", tickets, 30, Form()),
    ("tickets, CRLF", tickets, 30, Form(end="\r\n")),
    ("tickets, CR", tickets, 20, Form(end="\r")),
    ("tickets, all quoted", tickets, 25, Form(quoting="all")),
    ("tickets, text quoted", tickets, 25, Form(quoting="text")),
    ("tickets, semicolons", tickets, 25, Form(delimiter=";")),
    ("tickets, tabs", tickets, 25, Form(delimiter="\t")),
    ("tickets, bars", tickets, 25, Form(delimiter="|", end="\r\n")),
    ("tickets, tildes", tickets, 25, Form(delimiter="~")),
    ("tickets, carets", tickets, 25, Form(delimiter="^")),
    ("tickets, mark", tickets, 25, Form(mark=b"\xef\xbb\xbf", end="\r\n")),
    ("tickets, UTF-16", tickets, 25, Form(encoding="utf-16-le", mark=b"\xff\xfe", end="\r\n", delimiter="\t")),
    ("tickets, UTF-16 big, no mark", tickets, 25, Form(encoding="utf-16-be")),
    ("tickets, no line end at the end", tickets, 20, Form(final_end=False)),
    ("tickets, sep line", tickets, 20, Form(delimiter=";", above="sep=;\r\n", end="\r\n")),
    ("people", people, 30, Form()),
    ("people, apostrophes as quotes", people, 20, Form(quote="'", quoting="text")),
    ("people, title", people, 20, Form(above="Staff of the north\n\n")),
    ("people, two titles", people, 20, Form(above="Staff list\nAs of May\n")),
    ("people, padded title", people, 20, Form(above="Staff list,,\n,,\n")),
    ("people, colons", people, 20, Form(delimiter=":")),
    ("people, one row", people, 1, Form()),
    ("people, two rows", people, 2, Form(end="\r\n")),
    ("numbers", numbers, 40, Form()),
    ("numbers, semicolons", numbers, 40, Form(delimiter=";", end="\r\n")),
    ("numbers, spaces", numbers, 25, Form(delimiter=" ")),
    ("prices, decimal commas", prices, 25, Form(delimiter=";")),
    ("prices, quoted", prices, 25, Form()),
    ("labelled", labelled, 40, Form()),
    ("labelled, all quoted", labelled, 20, Form(quoting="all", end="\r\n")),
    ("German", lettered("german"), 20, Form()),
    ("German, cp1252", lettered("german"), 20, Form(encoding="cp1252", delimiter=";", end="\r\n")),
    ("French, mac", lettered("french"), 20, Form(encoding="mac_roman", end="\r")),
    ("Polish, cp1250", lettered("polish"), 20, Form(encoding="cp1250", delimiter=";")),
    ("Russian", lettered("russian"), 20, Form(delimiter="\t")),
    ("Russian, cp1251", lettered("russian"), 20, Form(encoding="cp1251", delimiter=";")),
    ("Chinese", lettered("chinese"), 20, Form(quoting="all")),
    ("Chinese, UTF-16", lettered("chinese"), 20, Form(encoding="utf-16-le", mark=b"\xff\xfe")),
    ("Japanese, Shift-JIS", lettered("japanese"), 20, Form(encoding="cp932")),
    ("emoji", lettered("emoji"), 20, Form(mark=b"\xef\xbb\xbf")),
    ("multi-line", multiline, 20, Form()),
    ("multi-line, CRLF", multiline, 20, Form(end="\r\n", delimiter=";")),
    ("multi-line, all quoted", multiline, 15, Form(quoting="all")),
    ("quotes in cells", quoting, 20, Form()),
    ("quotes behind backslashes", quoting, 20, Form(backslash=True, quoting="all")),
    ("quotes and apostrophes", quoting, 15, Form(quote="'", quoting="text", delimiter=";")),
    ("prompts", prompts, 15, Form()),
    ("prompts, all quoted", prompts, 10, Form(quoting="all", end="\r\n")),
    ("one column, quoted", one_column, 25, Form(quoting="all")),
    ("one column of words", one_word, 25, Form()),
    ("wide", wide, 15, Form()),
    ("wide, tabs", wide, 15, Form(delimiter="\t", end="\r\n")),
    ("sparse", sparse, 25, Form()),
    ("sparse, trailing delimiter rows", sparse, 15, Form(below=",,,\n,,,\n\n")),
    ("JSON in cells", json_cells, 15, Form()),
    ("dates and links", dates, 25, Form()),
    ("addresses", addresses, 20, Form()),
    ("inches, no quoting", inches, 20, Form(quoting="none")),
    ("inches, tabs, no quoting", inches, 20, Form(quoting="none", delimiter="\t")),
    ("two texts", two_texts, 20, Form()),
    ("long", tickets, 1500, Form(end="\r\n")),
]  # fmt: skip


def good_tables() -> list[Good]:
    """All of them, the same ones every time."""
    tables = [Good(name, make(random.Random(name), rows), form) for name, make, rows, form in _SHAPES]
    numbered = random.Random("no header")
    body = numbers(numbered, 20)[1:]
    return [*tables, Good("numbers, no header", body, Form(), header=False)]
