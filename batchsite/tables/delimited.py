"""Opening delimited text: its encoding, dialect and layout, and the questions about them. Pure."""

from __future__ import annotations

import codecs
import re
from copy import deepcopy
from dataclasses import dataclass, replace

from batchsite.tables.delimited_table import DelimitedTable
from batchsite.tables.dialect_choice import choose
from batchsite.tables.dialects import ONE_COLUMN, Trial
from batchsite.tables.encoding_question import encoding_question
from batchsite.tables.encodings import Encoding, find_encoding
from batchsite.tables.excerpts import excerpt
from batchsite.tables.file_kind import SAMPLE_BYTES, why_no_text
from batchsite.tables.layout import lay_out
from batchsite.tables.records import LINE_END
from batchsite.tables.row_judge import Delimited
from batchsite.tables.separators import why_no_separator
from batchsite.tables.table_top import Layout
from batchsite.tables.table_types import (
    BAD_ROWS,
    LEAVE,
    Answers,
    Asks,
    ByteStream,
    Limits,
    Problem,
    ReadingError,
    Understood,
)
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
    if words := why_no_text(head):
        raise ReadingError([Problem(words)])
    encoding = find_encoding(head, answers)
    body = head[encoding.mark :]
    sample = _sample(body, encoding, whole=len(head) < SAMPLE_BYTES)
    trial, doubts = choose(sample.text, whole=sample.whole, answers=answers, delimiter=sample.delimiter)
    trial = _moved(trial, sample.lines)
    if "delimiter" not in answers and not sample.delimiter and (words := why_no_separator(trial)):
        _, text, line, _ = trial.filled[0]
        raise ReadingError([Problem(words, line=line, excerpt=excerpt(text))])
    layout = lay_out(trial, answers, limits, whole=sample.whole)
    understood = _understood(encoding, trial, layout, sample)
    asked = [] if encoding.sure else [encoding_question(body, trial.dialect.delimiter, encoding.codec)]
    if layout.problems:
        raise ReadingError(layout.problems)
    if asked or doubts or layout.questions:
        raise Asks([*asked, *doubts, *layout.questions], understood)
    rest = body[len(_text_of_lines(sample, body, encoding)) :]
    form = Delimited(trial.dialect, layout, understood, encoding.decoder, sample.lines)
    reading = _Reading(form, rest, stream, limits)
    if answers.get(BAD_ROWS) != LEAVE:
        return reading.table(answers)
    begin = stream.tell()
    quoted = reading.uses_quotes({key: value for key, value in answers.items() if key != BAD_ROWS})
    stream.seek(begin)
    return reading.table(answers, quoted=quoted)


@dataclass(frozen=True)
class _Reading:
    """A file whose beginning was judged, to be read from its first record; `head` is held, `stream` has the rest."""

    form: Delimited
    head: bytes
    stream: ByteStream
    limits: Limits

    def table(self, answers: Answers, *, quoted: bool = False) -> DelimitedTable:
        form = replace(self.form, understood=deepcopy(self.form.understood))
        source = TextSource(self.head, self.stream, longest=2 * self.limits.cell, encoding=form.decoder)
        return DelimitedTable(source, form, limits=self.limits, answers=answers, quoted=quoted)

    def uses_quotes(self, answers: Answers) -> bool:
        """Whether the file uses quotes, which shows when all of it is read: before that, no row can be skipped.

        Raises ReadingError where the file cannot be read without its bad rows either, and Asks.
        """
        table = self.table(answers)
        try:
            for _ in table.pieces():
                pass
        except ReadingError as error:
            if not error.can_skip:
                raise
        return table.uses_quotes


def _moved(trial: Trial, lines: int) -> Trial:
    """The same with so many lines above it."""
    if not lines:
        return trial
    return replace(trial, records=[(cells, text, line + lines, fault) for cells, text, line, fault in trial.records])


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
        header_line=layout.header_line,
        set_aside=list(layout.set_aside),
        notes=list(layout.notes),
    )
    if sample.lines:
        understood.notes.append("The first line names the separator and is not part of the table.")
    if dialect.backslash:
        understood.notes.append("Quotes within cells are escaped with a backslash.")
    if dialect.spaces:
        understood.notes.append("Spaces after separators are not part of the cells.")
    if not dialect.quote:
        understood.notes.append("Quotes are plain text in this file.")
    return understood
