"""The lists of rows inside one JSON value, such as `{"count": 2, "data": [{…}, {…}]}`, a piece at a time. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from batchsite.tables.formats.json_pieces import Broken, Piece, Scanner
from batchsite.tables.table_types import ByteStream

_DEEPEST = 3
"""Names that lead to a list of rows, such as `response.data.items`."""
Found = tuple[str, Piece]
"""(the names that lead to a list, joined by dots; one of its values)."""


def of_lists(stream: ByteStream, longest: int) -> Iterator[Found]:
    """The values of all lists, in the order of the file, of one object or a list of one. Raises Broken."""
    scanner = Scanner(stream, longest)
    is_listed = scanner.next() == "["
    if is_listed:
        scanner.take()
    if scanner.next() != "{":
        scanner.value()
        return
    yield from _of_object(scanner, "", _DEEPEST)
    if is_listed and scanner.next() == "]":
        scanner.take()
    if scanner.next():
        raise Broken("There is more after the end of the value.", scanner.line, scanner.around())


def _of_object(scanner: Scanner, path: str, depth: int) -> Iterator[Found]:
    """The values of the lists in the object that begins here."""
    scanner.take()
    if scanner.next() == "}":
        scanner.take()
        return
    seen: set[str] = set()
    while True:
        name = _name(scanner)
        if name in seen:
            raise Broken(f"The key “{name[:80]}” appears twice in one object.", scanner.line, scanner.around())
        seen.add(name)
        inner, begin = f"{path}.{name}" if path else name, scanner.next()
        if begin == "[":
            yield from ((inner, piece) for piece in _of_list(scanner))
        elif begin == "{" and depth > 1:
            yield from _of_object(scanner, inner, depth - 1)
        else:
            scanner.value()
        if not _goes_on(scanner, "}"):
            return


def _name(scanner: Scanner) -> str:
    """The name that begins here, taken with its colon."""
    line, _, name, _, _ = scanner.value()
    if not isinstance(name, str) or scanner.next() != ":":
        raise Broken("This is not valid JSON. A name with a colon is missing.", line, scanner.around())
    scanner.take()
    return name


def _of_list(scanner: Scanner) -> Iterator[Piece]:
    """The values of the list that begins here."""
    scanner.take()
    if scanner.next() == "]":
        scanner.take()
        return
    yield scanner.value()
    while _goes_on(scanner, "]"):
        yield scanner.value()


def _goes_on(scanner: Scanner, end: str) -> bool:
    """Whether a comma follows, and not the end; either is taken."""
    mark = scanner.next()
    if not mark:
        raise Broken("The file ends in the middle of an object.", scanner.line, "")
    if mark not in {",", end}:
        words = "A comma or a closing bracket is missing."
        raise Broken(f"This is not valid JSON. {words} The rest was not checked.", scanner.line, scanner.around())
    scanner.take()
    if mark == "," and scanner.next() == end:
        raise Broken("There is a comma before a closing bracket.", scanner.line, scanner.around())
    return mark == ","
