"""The entry point: any file is opened, or refused, by what it really is."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from types import MappingProxyType

from batchsite.tables.delimited import open_delimited
from batchsite.tables.file_kind import SAMPLE_BYTES
from batchsite.tables.first_rows import RepeatCheckedTable, TopCheckedTable
from batchsite.tables.formats import FORMATS
from batchsite.tables.formats.unsupported import misnamed, promises_json
from batchsite.tables.questions import first_text
from batchsite.tables.table_end import EndCheckedTable
from batchsite.tables.table_types import Answers, Asks, ByteStream, Contents, Limits, Table

NO_ANSWERS: Mapping[str, str] = MappingProxyType({})


def open_table(stream: ByteStream, *, filename: str = "", answers: Answers = NO_ANSWERS, limits: Limits) -> Table:
    """The table in `stream`, which stands at its first byte. Raises ReadingError, Asks."""
    table = _open(stream, filename, answers, limits)
    if note := misnamed(filename, table.understood.form):
        table.understood.notes.append(note)
    return table


def _open(stream: ByteStream, filename: str, answers: Answers, limits: Limits) -> Table:
    head = _head(stream)
    for form in FORMATS:
        if form.recognises(head, filename):
            stream.seek(0)
            opened = form.open(stream, filename=filename, answers=answers, limits=limits)
            if isinstance(opened, Contents):
                return _open_contents(opened, answers, limits)
            return opened if opened.understood.form in {"requests", "files"} else _checked(opened, answers)
    table = open_delimited(head, stream, answers=answers, limits=limits)
    header = table.understood.header == "first row" and not {"header", "header_line", "names", "title"} & answers.keys()
    if promises_json(filename) and len(table.columns) == 1 and header:
        raise Asks([first_text(table.columns[0], list(table.sample))], table.understood)
    return EndCheckedTable(table, answers)


def _checked(table: Table, answers: Answers) -> Table:
    """The same, with what is no row of it asked about."""
    if table.understood.header in {"keys", "schema"}:
        table = TopCheckedTable(table, answers)
    return EndCheckedTable(RepeatCheckedTable(table, answers), answers)


def _open_contents(contents: Contents, answers: Answers, limits: Limits) -> Table:
    """The table in an unpacked file, which is closed with it."""
    try:
        table = open_table(contents.file, filename=contents.name, answers=answers, limits=limits)
    except Asks as asks:
        contents.file.close()
        asks.understood.packed = contents.packed
        raise
    except BaseException:
        contents.file.close()
        raise
    table.understood.packed = contents.packed
    if contents.beside:
        contents.beside(table)
    weakref.finalize(table, contents.file.close)
    return table


def _head(stream: ByteStream) -> bytes:
    """The first `SAMPLE_BYTES`, also from a stream that gives them out in small pieces."""
    head = b""
    while len(head) < SAMPLE_BYTES and (piece := stream.read(SAMPLE_BYTES - len(head))):
        head += piece
    return head
