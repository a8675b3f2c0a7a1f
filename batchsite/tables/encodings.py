"""Which encoding a text has: told by its bytes, or guessed, and then asked. Pure."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass

from batchsite.tables.byte_order_marks import mark_of
from batchsite.tables.table_types import Answers, Problem, ReadingError
from batchsite.tables.text_source import FOREIGN, MARKED

LABELS = {
    "cp1252": "Western European (Windows-1252)",
    "cp1250": "Central European (Windows-1250)",
    "iso8859-15": "Western European (ISO 8859-15)",
    "mac_roman": "Western European (Mac)",
    "cp850": "Western European (DOS 850)",
    "cp437": "DOS (437)",
    "iso8859-2": "Central European (ISO 8859-2)",
    "cp852": "Central European (DOS 852)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1257": "Baltic (Windows-1257)",
    "cp1251": "Cyrillic (Windows-1251)",
    "koi8-r": "Cyrillic (KOI8-R)",
    "cp866": "Cyrillic (DOS 866)",
    "iso8859-5": "Cyrillic (ISO 8859-5)",
    "cp1253": "Greek (Windows-1253)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "cp932": "Japanese (Shift-JIS)",
    "euc_jp": "Japanese (EUC-JP)",
    "gb18030": "Chinese, simplified (GB 18030)",
    "big5": "Chinese, traditional (Big5)",
    "cp949": "Korean (EUC-KR)",
    "cp874": "Thai (Windows-874)",
    "utf-8": "UTF-8, with damaged places",
}
_LETTERS = {
    "cp1252 iso8859-15 mac_roman cp850 cp437": (
        "éèàêçâîôùûëïœæ", "äöüß", "áéíóúñü¿¡ªº", "àèéìòùî", "ãõçáéíóúâêôàº", "åäöé", "æøåéäö", "éëïèöüáó", "ðþæöáéíóúý",
    ),
    "cp1250 iso8859-2 cp852": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž"),
    "cp1254": ("çğıöşüâîİ",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "õäöüšž"),
}  # fmt: skip
_SIGNS = "“”‘’„‚–—…•°€£§©®«»\u00a0·×²³½"
_SAMPLED = 600
_TELLING = (400, 64)
"""Bytes on which UTF-16 without a mark is recognised; the fewer where the damage is near the beginning."""
_ENOUGH = 0.45
_RARE = {"mac_roman", "cp850", "cp437", "cp852"}
_MARGIN, _FEW = 0.25, 1
"""How much better a code page from before Windows must fit where one sign is all, such as a lone ×."""
_ASCII = set(range(128))
_HIGH = re.compile(r"[^\x00-\x7f]")
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
    """The encoding that the first bytes speak for. Raises ReadingError where the answer names none."""
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
    if mostly_utf8(text, len(head)):
        return Encoding("utf-8")
    return Encoding(guess(head), sure=False)


def _unmarked(head: bytes, mark: bytes) -> bytes:
    """Programs that each put a mark in front leave two of them."""
    while head.startswith(mark):
        head = head[len(mark) :]
    return head


def mostly_utf8(text: str, size: int) -> bool:
    """Whether a text decoded from `size` bytes has at least as many good characters beyond ASCII as bad bytes."""
    return len(FOREIGN.findall(text)) <= size - len(text)


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
    noughts = (sample[::2].count(0), sample[1::2].count(0))
    if sum(noughts) < max(2, len(sample) // 50):
        return ""
    codec = "utf-16-le" if noughts[1] > noughts[0] else "utf-16-be"
    if max(noughts) < 0.95 * sum(noughts) and not _lined(sample, codec):
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


def guess(head: bytes) -> str:
    """The likeliest of the code pages of old. Latin letters are judged by ours, other scripts by chardet.

    Where the letters fit no language well, as with names of several, a code page that we cannot even name is no guess.
    """
    best, score = "cp1252", -9.0
    margin = _MARGIN if len(set(head) - _ASCII) <= _FEW else 0.0
    for group, languages in _LETTERS.items():
        for codec in group.split():
            found = _fitness(head, codec, languages)
            if found > score + max(0.02, margin if codec in _RARE else 0.0):
                best, score = codec, found
    if score >= _ENOUGH:
        return best
    other = _by_chardet(head)
    return other if other in LABELS else best


def _by_chardet(head: bytes) -> str:
    import chardet  # only where it is needed: its tables are big

    found = chardet.detect(head).get("encoding") or ""
    try:
        codec = codecs.lookup(found).name
        codecs.getincrementaldecoder(codec)().decode(head)
    except (LookupError, UnicodeDecodeError):
        return ""
    return {"iso8859-8": "cp1255", "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030"}.get(codec, codec)


def _fitness(head: bytes, codec: str, languages: tuple[str, ...]) -> float:
    """How much the bytes beyond ASCII read like one of these languages, at most 1."""
    text = codecs.getincrementaldecoder(codec)(MARKED).decode(head)
    places = [found.start() for _, found in zip(range(_SAMPLED), _HIGH.finditer(text), strict=False)]
    if not places:
        return 0.0
    around = Counter((text[at - 1 : at], text[at], text[at + 1 : at + 2]) for at in places).items()
    sums = (sum(count * _fit(*signs, letters) for signs, count in around) for letters in languages)
    return max(sums) / len(places)


def _fit(before: str, sign: str, after: str, letters: str) -> float:
    """One character in its place: 1 for a letter of the language that stands well, below 0 for nonsense."""
    if sign in _SIGNS:
        inside = before.isalpha() and after.isalpha()
        return -1.0 if inside and sign not in "’–—·\u00a0" else 0.8
    if not sign.isalpha():
        return -2.0
    if sign.isupper() and before.islower():
        return -1.5
    foreign = not before.isascii() and not after.isascii() and before.isalpha() and after.isalpha()
    alone = not before.isalpha() and not after.isalpha()
    likely = 0.5 if alone else 1.0  # less than a sign that stands there
    return (likely if sign in letters or sign.lower() in letters else -0.6) - (0.8 if foreign else 0.0)
