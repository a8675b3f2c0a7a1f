"""What an unsupported file is, by its first bytes, whatever its name says."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import NoReturn

from batchsite.tables.row_checks import refuse
from batchsite.tables.table_types import Answers, ByteStream, Limits, Table

ADVICE = "Save or export the table as CSV (UTF-8) and upload that file."

_MAGIC = (
    (b"%PDF", "a PDF"),
    (b"%!PS", "a PostScript document"),
    (b"{\\rtf", "a rich text document (RTF)"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\0\1\0\0Standard ", "an Access database"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x04\x22\x4d\x18", "an LZ4 archive"),
    (b"\x1f\x9d", "a compress archive (.Z)"),
    (b"MSCF\0", "a cabinet archive"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"II*\0", "a picture (TIFF)"),
    (b"MM\0*", "a picture (TIFF)"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\1\0", "an icon"),
    (b"OggS\0", "a sound file (Ogg)"),
    (b"fLaC", "a sound file (FLAC)"),
    (b"ID3\2", "a sound file (MP3)"),
    (b"ID3\3", "a sound file (MP3)"),
    (b"ID3\4", "a sound file (MP3)"),
    (b"\x1aE\xdf\xa3", "a video (Matroska)"),
    (b"\x7fELF", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\0asm", "a program (WebAssembly)"),
    (b"Obj\1", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"ARROW1\0\0", "an Arrow file (Feather)"),
    (b"FEA1", "an Arrow file (Feather)"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"$FL2", "an SPSS file"),
    (b"$FL3", "an SPSS file"),
    (b"<stata_dta>", "a Stata file"),
    (b"X\n\0\0\0", "an R data file"),
    (b"RDX2\nX\n", "an R data file"),
    (b"RDX3\nX\n", "an R data file"),
    (b"version https://git-lfs", "a Git LFS pointer, which only names the real file"),
    (b"BEGIN:VCARD", "an address book (vCard)"),
    (b"BEGIN:VCALENDAR", "a calendar"),
    (b"-----BEGIN ", "a key or certificate"),
)
_SHORTCUT = re.compile(rb'\s*\{\s*"url":\s*"https://docs\.google\.com/[^"]*",\s*"(?:doc|resource)_id":[^\n]*\}\s*\Z')
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")
_INSIDE = (
    (b"RIFF", 8, b"WEBP", "a picture (WebP)"),
    (b"RIFF", 8, b"WAVE", "a sound file (WAV)"),
    (b"RIFF", 8, b"AVI ", "a video (AVI)"),
    (b"", 4, b"ftyp", "a video or picture (MP4, HEIC)"),
    (b"", 257, b"ustar", "a tar archive"),
)
_BINARY = ((b"MZ", "a program"), (b"BM", "a picture (BMP)"), (b"\x80\x04\x95", "a Python pickle"))
"""Too short to tell by themselves: only where NULs stand beside them."""
_TELLING = ("git-lfs", "BEGIN", "%PDF", "%!PS", "rtf", "stata", "SQLite")

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (
    ("EncryptedPackage", "an Excel or Office file that is protected by a password"),
    ("Workbook", "an old Excel file (.xls)"),
    ("Book", "an old Excel file (.xls)"),
    ("WordDocument", "an old Word document (.doc)"),
    ("PowerPoint Document", "an old PowerPoint file (.ppt)"),
    ("__properties_version1.0", "an Outlook message (.msg)"),
)


def what_is(head: bytes) -> str:
    """Returns what the file is if it cannot be read. Empty if it may be readable."""
    for magic, name in _MAGIC:
        if head.startswith(magic) and _certain(magic, head):
            return name
    for begin, at, mark, name in _INSIDE:
        if head.startswith(begin) and head[at : at + len(mark)] == mark and b"\0" in head[:1024]:
            return name
    if _SHORTCUT.match(head):
        return "a link to a Google document, without its rows"
    if b"\0" in head[:1024]:
        return next((name for magic, name in _BINARY if head.startswith(magic)), "")
    return ""


def _certain(magic: bytes, head: bytes) -> bool:
    """Letters may also be how a text begins: `ORC,Elf` is a header."""
    letters = magic.isascii() and magic.decode("ascii").isprintable()
    return not letters or any(word in magic.decode() for word in _TELLING) or bool(_CONTROL.search(head[:400]))


def what_ole(stream: ByteStream) -> str:
    """What an OLE container is, the form of Office until 2003, by the names in its directory."""
    stream.seek(0)
    header = stream.read(512)
    size = 1 << min(int.from_bytes(header[30:32], "little"), 12)
    stream.seek((int.from_bytes(header[48:52], "little") + 1) * size)
    names = stream.read(4096)
    found = (what for name, what in _OLE_STREAMS if name.encode("utf-16-le") in names)
    return next(found, "an old Office file")


def recognises(head: bytes, filename: str) -> bool:
    return head.startswith(OLE[:4]) or bool(what_is(head))


def open_other(stream: ByteStream, *, filename: str, answers: Answers, limits: Limits) -> Table:
    """Raises ReadingError, saying what the file is."""
    head = stream.read(65_536)
    say_what(what_ole(stream) if head.startswith(OLE[:4]) else what_is(head), filename)


def say_what(name: str, filename: str) -> NoReturn:
    """Raises ReadingError for a file that is `name`."""
    suffix = PurePath(filename).suffix.lower()
    though = f", though its name ends in {suffix}" if suffix in _TABLES else ""
    if "password" in name:
        raise refuse(f"This is {name}. Open it, save it without a password, as .xlsx or CSV, and upload that file.")
    if ".xls)" in name:
        raise refuse(f"This is {name}{though}. Open it in Excel, save it as .xlsx or CSV and upload that file.")
    raise refuse(f"This is {name}{though}, not a table. {ADVICE}")


_TABLES = {".csv", ".tsv", ".tab", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx", ".xlsm", ".parquet", ".gz", ".zip"}
_NAMES = {
    ".csv": ({"csv"}, "CSV"),
    ".tsv": ({"csv"}, "TSV"),
    ".xls": (set[str](), "an old Excel file"),
    ".xlsx": ({"xlsx"}, "Excel"),
    ".xlsm": ({"xlsx"}, "Excel"),
    ".json": ({"json", "jsonl", "requests"}, "JSON"),
    ".jsonl": ({"json", "jsonl", "requests"}, "JSON"),
    ".ndjson": ({"json", "jsonl", "requests"}, "JSON"),
    ".parquet": ({"parquet"}, "Parquet"),
    ".pdf": (set[str](), "a PDF"),
    ".html": (set[str](), "a web page"),
    ".docx": (set[str](), "a Word document"),
}
_FORMS = {
    "csv": "delimited text",
    "xlsx": "an Excel file",
    "json": "JSON",
    "jsonl": "JSON, an object per line",
    "requests": "a batch file of requests",
    "parquet": "a Parquet file",
}


def promises_json(filename: str) -> bool:
    """Whether the name of a file says that it is JSON, which has no header."""
    return "json" in _NAMES.get(PurePath(filename).suffix.lower(), (set[str](), ""))[0]


def misnamed(filename: str, form: str) -> str:
    """A sentence where the name of a file promises something else than what was read; nothing where it does not."""
    suffix = PurePath(filename).suffix.lower()
    forms, promise = _NAMES.get(suffix, ({form}, ""))
    if form in forms:
        return ""
    found = _FORMS.get(form, form)
    return f"The file's name ends in {suffix}, which suggests {promise}, but it is {found} and was read as such."
