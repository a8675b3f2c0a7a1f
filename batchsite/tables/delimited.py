"""Opening delimited text: its encoding, its dialect, its layout, and what must be asked about them. Pure."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from batchsite.tables import questions
from batchsite.tables.delimited_table import DelimitedTable
from batchsite.tables.dialect_choice import choose
from batchsite.tables.dialects import ONE_COLUMN, Trial
from batchsite.tables.encodings import Encoding, find_encoding
from batchsite.tables.file_kind import SAMPLE_BYTES, what_else
from batchsite.tables.layout import Layout, lay_out
from batchsite.tables.records import LINE_END
from batchsite.tables.table_types import Answers, Asks, ByteStream, Limits, Problem, ReadingError, Understood
from batchsite.tables.text_source import MARKED, TextSource

SAMPLE = 65_536
"""Characters on which dialect and layout are judged."""
_FEWEST_LINES = 3
_SEP = re.compile(r"\"?sep=(.|\\t)\"?(?:\r\n|\r|\n|\Z)", re.I)


@dataclass(frozen=True)
class _Sample:
    text: str
    whole: bool
    """Whether that is all of the file."""
    lines: int = 0
    """Lines before it that are no part of the table: `sep=`."""
    delimiter: str = ""
    """What such a line says."""


def open_delimited(head: bytes, stream: ByteStream, *, answers: Answers, limits: Limits) -> DelimitedTable:
    """The table of `head` and the rest of `stream`, its header read and checked. Raises ReadingError, Asks."""
    other = what_else(head)
    if other is not None:
        advice = "Save or export the table as CSV (UTF-8) and upload that file."
        raise ReadingError([Problem(f"This is {other}, not a CSV file. {advice}")])
    encoding = find_encoding(head, answers)
    body = head[encoding.mark :]
    sample = _sample(body, encoding, whole=len(head) < SAMPLE_BYTES)
    found, doubts = choose(sample.text, whole=sample.whole, answers=answers, delimiter=sample.delimiter)
    layout = lay_out(found, answers, whole=sample.whole)
    understood = _understood(encoding, found, layout, sample)
    asked = [] if encoding.sure else [questions.encoding(body, encoding.codec, found.dialect.delimiter)]
    if layout.problems:
        raise ReadingError([_moved(problem, sample.lines) for problem in layout.problems])
    if asked or doubts or layout.questions:
        raise Asks([*asked, *doubts, *layout.questions], understood)
    skipped = len(_text_of_lines(sample, body, encoding))
    source = TextSource(body[skipped:], stream, longest=2 * limits.cell, encoding=encoding.decoder)
    return DelimitedTable(
        source, found.dialect, layout, limits=limits, answers=answers, understood=understood, line=sample.lines,
        quoted=found.quoted > 0,
    )  # fmt: skip


def _sample(body: bytes, encoding: Encoding, *, whole: bool) -> _Sample:
    text = codecs.getincrementaldecoder(encoding.decoder)(MARKED).decode(body, final=whole)
    said = _SEP.match(text)
    lines, delimiter = 0, ""
    if said:
        text, lines, delimiter = text[said.end() :], 1, said[1].replace("\\t", "\t")
    sound = _before_nul(text[:SAMPLE])
    return _Sample(text[:sound], whole and len(text) <= sound, lines, delimiter)


def _before_nul(text: str) -> int:
    """The length of what is to be judged: where the text ends in NULs, or becomes something else, the lines above."""
    nul = text.find("\0")
    end = max(text.rfind("\n", 0, nul), text.rfind("\r", 0, nul)) + 1 if nul >= 0 else 0
    return end if len(LINE_END.findall(text, 0, end)) >= _FEWEST_LINES else len(text)


def _text_of_lines(sample: _Sample, body: bytes, encoding: Encoding) -> bytes:
    """The bytes of the lines before the table."""
    if not sample.lines:
        return b""
    text = codecs.getincrementaldecoder(encoding.decoder)(MARKED).decode(body)
    said = _SEP.match(text)
    return said.group().encode(encoding.decoder) if said else b""


def _understood(encoding: Encoding, found: Trial, layout: Layout, sample: _Sample) -> Understood:
    dialect = found.dialect
    understood = Understood(
        encoding=encoding.codec,
        delimiter="" if dialect.delimiter == ONE_COLUMN else dialect.delimiter,
        quoting=dialect.quote or "none",
        header=layout.header,
        header_line=layout.header_line + sample.lines if layout.header_line else None,
        set_aside=[(line + sample.lines, text) for line, text in layout.set_aside],
        notes=list(layout.notes),
    )
    if sample.lines:
        understood.notes.append("The first line names the delimiter and is no part of the table.")
    if dialect.backslash:
        understood.notes.append("Quotes within cells stand behind a backslash.")
    if dialect.spaces:
        understood.notes.append("Spaces behind delimiters are no part of the cells.")
    if not dialect.quote:
        understood.notes.append("Quotes are text: they open and close nothing in this file.")
    return understood


def _moved(problem: Problem, lines: int) -> Problem:
    if not lines or problem.line is None:
        return problem
    return Problem(problem.message, problem.line + lines, problem.row, problem.column, problem.excerpt)
