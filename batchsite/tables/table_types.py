"""The inputs and outputs of reading: limits, problems, questions, what was understood, a table. Plain values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Protocol

MOST_PROBLEMS = 1000
RECENT = 100
"""Rows at the end of a table whose lines are kept."""
BAD_ROWS, LEAVE = "bad_rows", "leave"
"""The answer that takes the good rows of a file and skips the bad."""


class ByteStream(Protocol):
    """A seekable file of bytes: an upload, a file, a member of a zip."""

    def read(self, size: int = -1, /) -> bytes: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def tell(self) -> int: ...


Answers = Mapping[str, str]
"""Key of a question -> value of the choice that a person made."""


@dataclass(frozen=True)
class Limits:
    """How big a table may be."""

    rows: int
    columns: int
    cell: int
    """Characters of one cell; a whole record may have twice as many."""
    unpacked: int = 10_000_000_000
    """Bytes of a compressed file once it is unpacked."""


@dataclass(frozen=True)
class Problem:
    """Why the file cannot be taken as it is. Line, row and column count from 1; None where there is none to name."""

    message: str
    line: int | None = None
    """Where it was found; for a whole record the line on which it starts."""
    row: int | None = None
    column: int | None = None
    excerpt: str = ""


@dataclass(frozen=True)
class Choice:
    """One way to read the file. `rows` are telling rows as they would read with it."""

    value: str
    label: str
    rows: tuple[tuple[str, ...], ...] = ()
    more: bool = False
    """Less likely than the others: shown on demand."""


@dataclass(frozen=True)
class Question:
    """What a person must decide, with the evidence: excerpts of the file with their line numbers."""

    key: str
    text: str
    choices: tuple[Choice, ...]
    guess: str = ""
    """The value of the likeliest choice."""
    evidence: tuple[str, ...] = ()


@dataclass
class Understood:
    """What was found out about a file, or chosen by a person. Empty where it says nothing about its form."""

    form: str = "csv"
    """csv (any delimited text), jsonl, json, xlsx, parquet, requests, or files (a row for each file)."""
    encoding: str = ""
    """Python's name of the codec, in lower case."""
    delimiter: str = ""
    quoting: str = ""
    """The quote character, or "none"."""
    header: str = "first row"
    """"first row", or "none" where the columns were given names of ours."""
    header_line: int | None = None
    set_aside: list[tuple[int, str]] = field(default_factory=list)
    """(line, text) of titles above the table and of whatever else is no part of it by choice."""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    """All sheets with something in them, of which `sheet` is one."""
    packed: str = ""
    """"gz", or "zip: name of the file in it"."""
    files: int = 0
    """How many pictures, documents and texts came with the table, in the same archive."""
    file_column: str = ""
    """The column whose cells name them."""
    notes: list[str] = field(default_factory=list)
    """What was done beyond plain reading, in words for the person."""


class ReadingError(Exception):
    """The file is refused. `problems` are the first 1,000 in the order of the file; `problem_count` is exact."""

    def __init__(
        self, problems: list[Problem], problem_count: int | None = None, *, rows: int = 0, can_skip: bool = False
    ) -> None:
        super().__init__(problems[0].message)
        self.problems = problems
        self.problem_count = len(problems) if problem_count is None else problem_count
        self.rows = rows
        """Rows of the file as a person counts them, the bad ones included; 0 where they were not counted."""
        self.can_skip = can_skip
        """Whether the file can be read without its bad rows: each problem is a row, and some rows are good."""


class Asks(Exception):
    """The file can be read in more than one way, and a person must say in which. No row counts until then."""

    def __init__(self, questions: list[Question], understood: Understood) -> None:
        super().__init__(questions[0].text)
        self.questions, self.understood = questions, understood


@dataclass
class Findings:
    """Problems as they are found: the first ones, and how many there are."""

    first: list[Problem] = field(default_factory=list)
    count: int = 0

    @property
    def full(self) -> bool:
        """From here on problems are only counted, which costs less than describing them."""
        return len(self.first) >= MOST_PROBLEMS

    def add(self, problem: Problem) -> None:
        self.count += 1
        if not self.full:
            self.first.append(problem)


class Skipped(Protocol):
    """The rows that a person chose to go on without."""

    first: list[Problem]
    count: int
    suffix: str
    """The ending of a file that holds them."""

    @property
    def file(self) -> IO[bytes] | None:
        """Every byte of them, behind the header where the file has one; None where no row is skipped."""
        ...


class Table(Protocol):
    """A table that is being read."""

    columns: list[str]
    understood: Understood
    sample: Sequence[list[str]] = ()
    """The first rows, where they were looked at before."""
    declared_totals: int = 0
    """Rows at the end that the file itself calls totals."""
    typed_columns: Collection[int] = ()
    """Columns (from 0) that hold no texts in the file itself: a row with a value there is data, whatever it says."""
    left_out: Skipped
    """Rows that were left out because a person chose to; complete once all rows are read."""

    def rows(self) -> Iterator[list[str]]:
        """The rows below the header, once. Raises ReadingError or Asks, at the end or at a limit."""
        ...

    def last_lines(self) -> list[int]:
        """The lines of the rows given out last, the newest last; empty where rows have none."""
        return []

    def pieces(self) -> Iterator[list[list[str]]]:
        """As `rows`, those together that are in memory together anyway."""
        return ([row] for row in self.rows())


@dataclass(frozen=True)
class Contents:
    """A file that was packed in another. `file` stands at its first byte; whoever reads it closes it."""

    file: IO[bytes]
    name: str
    packed: str
    """"gz", or "zip: name of the file in it"."""
    beside: Callable[[Table], None] | None = None
    """Tells the opened table about the files that lie beside it."""


class Opener(Protocol):
    """Opens one form of file. `stream` stands at its first byte. Raises ReadingError, Asks."""

    def __call__(self, stream: ByteStream, *, filename: str, answers: Answers, limits: Limits) -> Table | Contents: ...


@dataclass(frozen=True)
class Format:
    """A form of file beside delimited text: how its first bytes are recognised, and what opens it."""

    name: str
    recognises: Callable[[bytes, str], bool]
    """(first 64 KB of the file or more, file name) -> whether it is of this form. Content decides, not the name."""
    open: Opener
