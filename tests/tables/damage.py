"""Spoils one place of a good table, in one of many ways; and judges what a reader makes of it.

Deterministic by seed. Every kind leaves a trace in the structure of the file, unless chance has it that the spoilt
bytes are a well-formed table of the same width: `well_formed` finds that out by a strict parser of its own, and such
cases are counted apart.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.tables.good_tables import Cells, Form, Good, written

LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Case:
    """A spoilt file. `lines`: those that a refusal may name, where the damaged records start or the damage stands."""

    base: Good
    kind: str
    seed: int
    data: bytes
    lines: frozenset[int]


@dataclass(frozen=True)
class Spoilt:
    """Text or bytes after the damage, and the places (of the text before it) that are at fault."""

    text: str | bytes
    places: tuple[int, ...]
    """Characters of the new text; the lines on which they stand are the right ones."""


Spoil = Callable[[Good, random.Random], Spoilt | None]


def cases(tables: list[Good], seeds: range) -> Iterator[Case]:
    """Every kind of damage to every table, once for each seed; a kind that a table cannot suffer is left out."""
    for seed in seeds:
        for base in tables:
            for kind in KINDS:
                if found := case(base, kind, seed):
                    yield found


def case(base: Good, kind: str, seed: int) -> Case | None:
    chance = random.Random(f"{base.name}/{kind}/{seed}")
    spoilt = KINDS[kind](base, chance)
    if spoilt is None:
        return None
    if isinstance(spoilt.text, bytes):
        data = spoilt.text
        lines = frozenset(_line(base.text, place) for place in spoilt.places)
    else:
        data = base.encoded(spoilt.text)
        lines = frozenset(_line(spoilt.text, place) for place in spoilt.places)
    return None if data == base.data else Case(base, kind, seed, data, lines)


def _line(text: str, place: int) -> int:
    return 1 + len(LINE_END.findall(text, 0, place)) - (text[place - 1 : place + 1] == "\r\n")


# --- places


def _record(base: Good, chance: random.Random) -> tuple[int, int]:
    """Where one record stands; the header as often as any other."""
    return chance.choice(base.spans)


def _row(base: Good, chance: random.Random) -> tuple[int, int]:
    return chance.choice(base.spans[1:] or base.spans)


def _outside(base: Good, begin: int, end: int, sign: str) -> list[int]:
    """Where a sign stands outside of quotes."""
    found, inside, escaped = [], False, False
    for place in range(begin, end):
        letter = base.text[place]
        if escaped:
            escaped = False
        elif base.form.backslash and letter == "\\":
            escaped = True
        elif letter == base.form.quote and base.form.quoting != "none":
            inside = not inside
        if letter == sign and not inside:
            found.append(place)
    return found


def _cut(text: str, place: int, end: int | None = None, instead: str = "") -> str:
    return text[:place] + instead + text[place + 1 if end is None else end :]


def _each(text: str, begin: int, end: int, sign: str) -> list[int]:
    return [place for place in range(begin, end) if text[place] == sign]


# --- kinds of damage


def delimiter_dropped(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    places = _outside(base, begin, end, base.form.delimiter)
    return Spoilt(_cut(base.text, chance.choice(places)), (begin,)) if places else None


def header_delimiter_dropped(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = base.spans[0]
    places = _outside(base, begin, end, base.form.delimiter)
    return Spoilt(_cut(base.text, chance.choice(places)), (begin,)) if places else None


def delimiter_added(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    places = [begin, end, *_outside(base, begin, end, base.form.delimiter)]
    place = chance.choice(places)
    return Spoilt(_cut(base.text, place, place, base.form.delimiter), (begin,))


def delimiter_added_in_text(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    place = chance.randint(begin, end)
    return Spoilt(_cut(base.text, place, place, base.form.delimiter), (begin,))


def delimiter_exchanged(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    places = _outside(base, begin, end, base.form.delimiter)
    other = ";" if base.form.delimiter == "," else ","
    return Spoilt(_cut(base.text, chance.choice(places), instead=other), (begin,)) if places else None


def quote_dropped(base: Good, chance: random.Random) -> Spoilt | None:
    return _with_quotes(base, chance, lambda text, place: _cut(text, place))


def quote_added(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    place = chance.randint(begin, end)
    return Spoilt(_cut(base.text, place, place, base.form.quote), (begin,))


def quote_added_at_an_edge(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    edges = _outside(base, begin, end, base.form.delimiter)
    place = chance.choice([begin, end, *edges, *(edge + 1 for edge in edges)])
    return Spoilt(_cut(base.text, place, place, base.form.quote), (begin,))


def quote_moved(base: Good, chance: random.Random) -> Spoilt | None:
    def move(text: str, place: int) -> str:
        without = _cut(text, place)
        to = min(len(without), max(0, place + chance.choice((-3, -2, -1, 1, 2, 3, 5))))
        return _cut(without, to, to, base.form.quote)

    return _with_quotes(base, chance, move)


def _with_quotes(base: Good, chance: random.Random, change: Callable[[str, int], str]) -> Spoilt | None:
    if base.form.quoting == "none":
        return None
    quoted = [span for span in base.spans if base.form.quote in base.text[span[0] : span[1]]]
    if not quoted:
        return None
    begin, end = chance.choice(quoted)
    return Spoilt(change(base.text, chance.choice(_each(base.text, begin, end, base.form.quote))), (begin,))


def line_end_lost(base: Good, chance: random.Random) -> Spoilt | None:
    return _joined(base, chance, "")


def rows_joined_by_a_space(base: Good, chance: random.Random) -> Spoilt | None:
    return _joined(base, chance, " ")


def rows_joined_by_a_delimiter(base: Good, chance: random.Random) -> Spoilt | None:
    return _joined(base, chance, base.form.delimiter)


def _joined(base: Good, chance: random.Random, by: str) -> Spoilt | None:
    if len(base.spans) < 2:
        return None
    number = chance.randrange(len(base.spans) - 1)
    (begin, end), (after, _) = base.spans[number : number + 2]
    return Spoilt(base.text[:end] + by + base.text[after:], (begin,))


def line_end_added(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    place = chance.randint(begin + 1, max(begin + 1, end - 1))
    text = _cut(base.text, place, place, base.form.end)
    return Spoilt(text, (begin, place + len(base.form.end)))


def row_split(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    places = _outside(base, begin, end, base.form.delimiter)
    if not places:
        return None
    place = chance.choice(places)
    return Spoilt(_cut(base.text, place, instead=base.form.end), (begin, place + len(base.form.end)))


def foreign_byte(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    place = chance.randint(begin, end)
    before = base.encoded(base.text[:place])
    data = before + bytes([chance.choice((0x81, 0x8D, 0xE9, 0xF6, 0xFF))]) + base.data[len(before) :]
    return Spoilt(data, (begin, place))


def byte_lost(base: Good, chance: random.Random) -> Spoilt | None:
    """In UTF-16 everything behind it is another text; elsewhere half a character is left."""
    begin, end = _record(base, chance)
    wide = [place for place in range(begin, end) if len(base.text[place].encode(base.form.encoding)) > 1]
    if not wide:
        return None
    place = chance.choice(wide)
    before = len(base.encoded(base.text[:place]))
    return Spoilt(base.data[: before + 1] + base.data[before + 2 :], (begin, place))


def nul_added(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    place = chance.randint(begin, end)
    before = base.encoded(base.text[:place])
    return Spoilt(before + b"\0" + base.data[len(before) :], (begin, place))


def cut_in_a_row(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _row(base, chance)
    places = _outside(base, begin, end, base.form.delimiter)
    if not places:
        return None
    return Spoilt(base.text[: chance.choice(places)], (begin,))


def cut_in_a_quoted_cell(base: Good, chance: random.Random) -> Spoilt | None:
    def cut(text: str, place: int) -> str:
        return text[: place + 1]

    return _with_quotes(base, chance, cut)


def cut_in_a_character(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _row(base, chance)
    wide = [place for place in range(begin, end) if len(base.text[place].encode(base.form.encoding)) > 1]
    if not wide:
        return None
    place = chance.choice(wide)
    return Spoilt(base.data[: len(base.encoded(base.text[:place])) + 1], (begin, place))


def footer(base: Good, chance: random.Random) -> Spoilt | None:
    words = chance.choice(("Source: our own figures", "Total 17", "* preliminary", "-- end of file --", "(3 rows)"))
    gap = chance.choice(("", base.form.end))
    text = base.text if base.form.final_end else base.text + base.form.end
    return Spoilt(text + gap + words + chance.choice(("", base.form.end)), (len(text + gap),))


def padded_footer(base: Good, chance: random.Random) -> Spoilt | None:
    """As a spreadsheet saves it: with delimiters up to the width of the table."""
    if base.width < 3 or len(base.spans) < 4 or not base.header:
        return None
    words = chance.choice(("Source: our own figures", "Total", "* preliminary", "Note: see the annex", "Gesamt"))
    text = base.text if base.form.final_end else base.text + base.form.end
    cells = [words, *[""] * (base.width - 1)]
    line = base.form.delimiter.join(written(cell, base.form, base.width) for cell in cells)
    return Spoilt(text + line + base.form.end, (len(text),))


def padded_total(base: Good, chance: random.Random) -> Spoilt | None:
    """A row of totals, in one of several languages."""
    numeric = [n for n in range(1, base.width) if all(row[n].replace(".", "", 1).isdigit() for row in base.cells[1:])]
    if base.width < 3 or len(base.spans) < 4 or not base.header or not numeric:
        return None
    words = chance.choice(("Total", "Summe", "Totaux", "Razem", "Grand total", "Total (all)"))
    cells = [words, *("17" if n in numeric else "" for n in range(1, base.width))]
    return _below(base, [cells])


def padded_table(base: Good, chance: random.Random) -> Spoilt | None:
    """Another table below a blank row, narrower than the first."""
    full = all(row[-1] for row in base.cells)
    if base.width < 3 or len(base.spans) < 5 or not base.header or not full:
        return None
    some = [["city", "people"], *([city, str(chance.randint(1, 9))] for city in ("Rome", "Oslo", "Bonn"))]
    padding = [""] * (base.width - 2)
    return _below(base, [[""] * base.width, *([*row, *padding] for row in some)])


def _below(base: Good, rows: Cells) -> Spoilt:
    """Rows added at the end; what is at fault begins behind the first blank one."""
    text = base.text if base.form.final_end else base.text + base.form.end
    lines = [base.form.delimiter.join(written(cell, base.form, base.width) for cell in row) for row in rows]
    return Spoilt(text + "".join(line + base.form.end for line in lines), (len(text),))


def types_below(base: Good, chance: random.Random) -> Spoilt | None:
    """Types of the columns below the names."""
    if not base.header or base.width < 2 or len(base.spans) < 4:
        return None
    at = base.spans[1][0]
    types = chance.choice((("int", "str", "float"), ("INTEGER", "VARCHAR(20)", "DOUBLE"), ("(kg)", "(m)", "(s)")))
    cells = [types[n % len(types)] for n in range(base.width)]
    line = base.form.delimiter.join(written(cell, base.form, base.width) for cell in cells)
    return Spoilt(base.text[:at] + line + base.form.end + base.text[at:], (at,))


def second_header(base: Good, chance: random.Random) -> Spoilt | None:
    """Units, dashes or import ids below the names."""
    if not base.header or len(base.spans) < 3:
        return None
    sign = chance.choice(("---", '{"ImportId":"Q1"}'))
    at = base.spans[1][0]
    line = base.form.delimiter.join(written(sign, base.form, base.width) for _ in range(base.width))
    return Spoilt(base.text[:at] + line + base.form.end + base.text[at:], (at,))


def second_table(base: Good, chance: random.Random) -> Spoilt | None:
    width = base.width + chance.choice((1, 2, 3))
    gap = chance.choice(("", base.form.end))
    rows = [[f"field {n}" for n in range(width)], *([f"{m}{n}" for n in range(width)] for m in range(1, 4))]
    text = base.text if base.form.final_end else base.text + base.form.end
    lines = [base.form.delimiter.join(written(cell, base.form, width) for cell in row) for row in rows]
    return Spoilt(text + gap + "".join(line + base.form.end for line in lines), (len(text + gap),))


def header_repeated(base: Good, chance: random.Random) -> Spoilt | None:
    if not base.header or len(base.spans) < 2:
        return None
    (begin, end), (at, _) = base.spans[0], _row(base, chance)
    return Spoilt(base.text[:at] + base.text[begin:end] + base.form.end + base.text[at:], (at,))


def cell_lost(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    edges = [*_outside(base, begin, end, base.form.delimiter), end]
    if len(edges) < 2:
        return None
    number = chance.randrange(len(edges) - 1)
    return Spoilt(base.text[: edges[number]] + base.text[edges[number + 1] :], (begin,))


def cell_doubled(base: Good, chance: random.Random) -> Spoilt | None:
    begin, end = _record(base, chance)
    edges = [*_outside(base, begin, end, base.form.delimiter), end]
    if len(edges) < 2:
        return None
    number = chance.randrange(len(edges) - 1)
    cell = base.text[edges[number] : edges[number + 1]]
    return Spoilt(_cut(base.text, edges[number], edges[number], cell), (begin,))


def line_between(base: Good, chance: random.Random) -> Spoilt | None:
    at, _ = _row(base, chance)
    words = chance.choice(("----------", "page 2", "# a remark", "(continued)"))
    return Spoilt(base.text[:at] + words + base.form.end + base.text[at:], (at,))


def blank_line(base: Good, chance: random.Random) -> Spoilt | None:
    at, _ = _row(base, chance)
    return Spoilt(base.text[:at] + base.form.end + base.text[at:], (at,))


KINDS: dict[str, Spoil] = {
    spoil.__name__.replace("_", " "): spoil
    for spoil in (
        delimiter_dropped, header_delimiter_dropped, delimiter_added, delimiter_added_in_text, delimiter_exchanged,
        quote_dropped, quote_added, quote_added_at_an_edge, quote_moved, line_end_lost, rows_joined_by_a_space,
        rows_joined_by_a_delimiter, line_end_added, row_split, foreign_byte, byte_lost, nul_added, cut_in_a_row,
        cut_in_a_quoted_cell, cut_in_a_character, footer, second_table, header_repeated, cell_lost, cell_doubled,
        line_between, blank_line, padded_footer, padded_total, padded_table, second_header, types_below,
    )
}  # fmt: skip


NEVER_DATA = {
    "header repeated", "padded footer", "padded total", "padded table", "second header", "types below",
}  # fmt: skip
"""Kinds that add a row of the right width which is no data."""

# --- the verdict


def well_formed(case: Case) -> Cells | None:
    """The table that the spoilt bytes are themselves, where they are one of the same width; None where not.

    Strict: the form of the good file must hold without exception. Some rows are no data though they fit.
    """
    base, form = case.base, case.base.form
    if case.kind in NEVER_DATA or not case.data.startswith(form.mark):
        return None
    try:
        text = case.data[len(form.mark) :].decode(form.encoding)
    except UnicodeDecodeError:
        return None
    if "\0" in text or not text.startswith(form.above):
        return None
    records = strictly(text[len(form.above) :], form, uses_quotes=_uses_quotes(base))
    if records is None:
        return None
    if base.width > 1:
        records = [record for record in records if record != [""]]
        while records and not any(records[-1]):
            records.pop()
    return records if records and {len(record) for record in records} == {base.width} else None


def _uses_quotes(base: Good) -> bool:
    return base.form.quoting != "none" and base.form.quote in base.text


def strictly(text: str, form: Form, *, uses_quotes: bool) -> Cells | None:
    """Records by the letter of the form, sign by sign; None at the first quote out of place."""
    records: Cells = [[""]]
    state, place = "begin", 0  # begin, bare, quoted, closed
    while place < len(text):
        sign, pair = text[place], text[place : place + 2]
        row = records[-1]
        place += 1
        if state == "quoted":
            if form.backslash and sign == "\\" and text[place : place + 1] in f"{form.quote}{form.delimiter}\\\r\n":
                row[-1] += text[place : place + 1]
                place += 1
            elif sign == form.quote and pair == form.quote * 2 and not form.backslash:
                row[-1] += sign
                place += 1
            elif sign == form.quote:
                state = "closed"
            else:
                row[-1] += sign
        elif sign == form.delimiter:
            row.append("")
            state = "begin"
        elif sign in "\r\n":
            place += pair == "\r\n"
            records.append([""])
            state = "begin"
        elif state == "closed":
            return None
        elif sign == form.quote and uses_quotes:
            if state == "bare":
                return None
            state = "quoted"
        else:
            row[-1] += sign
            state = "bare"
    if state == "quoted":
        return None
    return records[:-1] if records[-1] == [""] and text[-1:] in {"\r", "\n", ""} else records
