"""Which encoding a text has: known from its bytes, or guessed and then asked about. Pure."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from batchsite.tables.byte_order_marks import mark_of
from batchsite.tables.language_evidence import guess, reads_well
from batchsite.tables.table_types import Answers, Problem, ReadingError
from batchsite.tables.text_source import FOREIGN, MARKED

_TELLING = (400, 64)
"""Bytes on which UTF-16 without a mark is recognised; the fewer where the damage is near the beginning."""
_BY_NO_CHANCE = 12
"""Bytes of good UTF-8 that a text in another encoding does not have, even a short one in Chinese or Thai."""
_FEWEST_FOREIGN = 2
"""Bytes that are no UTF-8 in what may be a word of another encoding."""
_FAMILIES = (
    "ascii", "utf-8", "utf-16-", "utf-32-", "iso8859", "iso2022", "cp", "mac", "koi8", "kz1048", "gb", "hz", "big5",
    "euc", "shift_jis", "johab", "tis-620", "ptcp154", "hp-roman8",
)  # fmt: skip


@dataclass(frozen=True)
class Encoding:
    """`codec` as a person sees it; `sure` is false where only the person can tell."""

    codec: str
    mark: int = 0
    """Bytes of the mark at the beginning."""
    sure: bool = True

    @property
    def decoder(self) -> str:
        return "utf-8" if self.codec == "utf-8-sig" else self.codec


def find_encoding(head: bytes, answers: Answers) -> Encoding:
    """Returns the encoding that the first bytes suggest. Raises ReadingError if the answer names none."""
    mark, codec = mark_of(head)
    if mark:
        return Encoding(codec, len(head) - len(_unmarked(head, mark)))
    if "encoding" in answers:
        return Encoding(_known(answers["encoding"]))
    wide = without_mark(head)
    if wide:
        return Encoding(wide)
    if b"\x1b$B" in head or b"\x1b$@" in head:
        return Encoding("iso2022_jp", sure=False)
    text = codecs.getincrementaldecoder("utf-8")(MARKED).decode(head)
    if mostly_utf8(len(FOREIGN.findall(text)), len(head) - len(text), head):
        return Encoding("utf-8")
    return Encoding(guess(head), sure=False)


def _unmarked(head: bytes, mark: bytes) -> bytes:
    """Programs that each put a mark in front leave two of them."""
    while head.startswith(mark):
        head = head[len(mark) :]
    return head


def mostly_utf8(foreign: int, spread: int, data: bytes) -> bool:
    """Whether a text is UTF-8 with damage: by its bytes that are none, and those behind the first of a good character.

    Where there are many of the latter, half of the text may be in another encoding: chance makes no UTF-8. Where there
    are few, `data` (which has those that are none) may be a word of another: Αθήνα in that of DOS has some UTF-8.
    """
    if foreign >= _FEWEST_FOREIGN and spread <= min(foreign, _BY_NO_CHANCE - 1) and reads_well(data):
        return False
    return foreign <= spread or (spread >= _BY_NO_CHANCE and foreign <= 2 * spread)


def _known(name: str) -> str:
    """The codec that an answer names. Raises ReadingError for what is no encoding of text, such as base64."""
    try:
        codec = codecs.lookup(name.strip()).name.lower()
    except LookupError:
        codec = ""
    codec = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(codec, codec)
    if not codec.startswith(_FAMILIES):
        raise ReadingError([Problem(f"There is no text encoding “{name}”.")])
    return codec


def without_mark(head: bytes) -> str:
    """UTF-16 that does not say so, told by its beginning: a byte lost further down must not hide it."""
    return next(filter(None, (_wide(head[: min(size, len(head) // 2 * 2)]) for size in _TELLING)), "")


def _wide(sample: bytes) -> str:
    if _lines_of_utf8(sample):
        return ""
    zeros = (sample[::2].count(0), sample[1::2].count(0))
    if sum(zeros) < max(2, len(sample) // 50):
        return ""
    codec = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    if max(zeros) < 0.95 * sum(zeros) and not _lined(sample, codec):
        return ""
    text = sample.decode(codec, "replace")
    likely = sum(1 for sign in text if sign.isprintable() or sign in "\r\n\t")
    return codec if likely >= 0.9 * len(text) and any(sign in text for sign in "\n\r,;\t|") else ""


def _lines_of_utf8(sample: bytes) -> bool:
    """Whether a line of UTF-8 ends before the first NUL: in UTF-16 no line end is without one."""
    begin = sample.partition(b"\0")[0]
    if b"\n" not in begin and b"\r" not in begin:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(begin)
    except UnicodeDecodeError:
        return False
    return True


def _lined(sample: bytes, codec: str) -> bool:
    """Whether lines end in this half of the bytes alone: some characters, such as 一, have their NUL in the other."""
    other = "utf-16-be" if codec == "utf-16-le" else "utf-16-le"
    here, there = (sample.decode(each, "replace").count("\n") for each in (codec, other))
    return here > there == 0
