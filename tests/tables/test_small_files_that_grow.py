"""Small files that unpack to much are refused while they are read, before the memory for it is taken."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyarrow as pa
import pytest
from pyarrow import parquet

from batchsite.tables import Asks, Limits, ReadingError, open_table
from batchsite.tables.formats import parquet_pages
from batchsite.workbooks import disk_room
from tests.tables.forms import parquet_file, sentence, shared

LIMITS = Limits(rows=1_000_000, columns=50, cell=100_000, unpacked=2_000_000_000)
GROWN = 12_000_000
"""Characters that a file of some kilobytes has once it is unpacked: more than may be in memory at once."""
TABLE = [["id", "text", "more"], ["1", "TEXT"]]
SHEET, TEXTS, WORKBOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"


def grown(part: str, old: str, before: str, repeated: str, behind: str = "", to: int = 0) -> bytes:
    """An Excel file with something repeated in one of its parts until that has so many characters."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(shared(TABLE))) as archive,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in archive.namelist():
            text = archive.read(name).decode()
            if name == part:
                assert old in text
                text = text.replace(old, before + repeated * ((to or GROWN) // len(repeated)) + behind)
            new.writestr(name, text)
    return target.getvalue()


ROW_END = "</row></sheetData>"
LONG = "The row has more than 400,000 characters."
EXCEL: dict[str, tuple[Callable[[], bytes], str]] = {
    "inline text": (
        lambda: grown(SHEET, ROW_END, '<c t="inlineStr"><is><t>', "x", f"</t></is></c>{ROW_END}"),
        LONG,
    ),
    "many texts in a cell": (
        lambda: grown(SHEET, ROW_END, '<c t="inlineStr"><is>', f"<r><t>{'x' * 800}</t></r>", f"</is></c>{ROW_END}"),
        LONG,
    ),
    "long row": (
        lambda: grown(SHEET, ROW_END, "", f'<c t="inlineStr"><is><t>{"x" * 9000}</t></is></c>', ROW_END),
        "columns; the limit is 50",
    ),
    "number": (lambda: grown(SHEET, ROW_END, "<c><v>", "1", f"</v></c>{ROW_END}"), LONG),
    "shared text": (lambda: grown(TEXTS, "TEXT", "", "x", to=4 * GROWN), LONG),
    "attribute": (lambda: grown(SHEET, "<sheetData>", '<sheetData x="', "x", '">'), "damaged"),
    "comment": (lambda: grown(SHEET, "<sheetData>", "<!--", "x", "--><sheetData>"), "damaged"),
    "depth": (lambda: grown(SHEET, "<sheetData>", "", "<a>", "<sheetData>"), "damaged"),
    "sheets": (lambda: grown(WORKBOOK, "</sheets>", "", '<sheet name="a" r:id="rId1"/>', "</sheets>"), "damaged"),
}


@contextmanager
def peak_below(most: int) -> Iterator[None]:
    """Fails where more bytes were in use at once. Memory of expat and Arrow is not seen."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def refusal(data: bytes) -> str:
    """What is said against a file, where every guess is accepted."""
    answers: dict[str, str] = {}
    while True:
        try:
            for _ in open_table(io.BytesIO(data), filename="x", answers=answers, limits=LIMITS).rows():
                pass
        except ReadingError as error:
            return str(error)
        except Asks as asks:
            answers.update({question.key: question.guess for question in asks.questions})


@pytest.mark.parametrize("kind", EXCEL)
def test_an_excel_file_that_grows_is_refused(kind: str) -> None:
    make, words = EXCEL[kind]
    data = make()
    refusal(shared(TABLE)[:-30])  # whatever is imported, is imported now

    with peak_below(40_000_000 if kind == "shared text" else 8_000_000):
        assert words in refusal(data)


def test_names_that_never_end_are_refused() -> None:
    names = "".join(f"<a{number}/>" for number in range(100_000))
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(shared(TABLE))) as archive, zipfile.ZipFile(target, "w") as new:
        for name in archive.namelist():
            new.writestr(name, archive.read(name).decode().replace("<sheetData>", names + "<sheetData>"))
    assert "damaged" in refusal(target.getvalue())


def test_a_text_that_many_cells_share_counts_for_each() -> None:
    rows = [["id", "text"], *([str(number), "x" * 30_000] for number in range(800))]
    small = Limits(rows=1000, columns=5, cell=100_000, unpacked=20_000_000)

    assert "20,000,000 bytes, which is the limit" in sentence(shared(rows), limits=small)


def test_texts_of_a_dictionary_are_in_memory_once() -> None:
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000, pa.int32()), ["x" * 90_000])
    data = parquet_file({"n": list(range(20_000)), "text": texts}, compression="zstd", store_schema=False)
    assert len(data) < 200_000
    opened = open_table(io.BytesIO(data), filename="x", answers={}, limits=LIMITS)

    with peak_below(40_000_000):
        assert sum(len(piece) for piece in opened.pieces()) == 20_000
    assert pa.total_allocated_bytes() < 20_000_000


@pytest.mark.parametrize("values", [["x" * 2_000_000] * 3, [[b"x" * 2_000_000]] * 3, list(range(500_000))])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_page_that_unpacks_to_much_is_refused_by_its_header(
    monkeypatch: pytest.MonkeyPatch, values: list[object], version: str
) -> None:
    data = parquet_file({"a": values}, compression="zstd", data_page_version=version, data_page_size=100_000_000)
    monkeypatch.setattr(parquet_pages, "_MOST_GROUP", 1_000_000)

    assert "unpack to more than 1,000,000 bytes" in refusal(data)


@pytest.mark.parametrize(
    "options", [{}, {"use_dictionary": False}, {"compression": "none"}, {"write_page_index": True}]
)
def test_the_pages_of_a_file_are_those_that_its_headers_say(options: dict[str, object]) -> None:
    data = parquet_file({"a": [f"text {n}" for n in range(20_000)], "b": [[n] for n in range(20_000)]}, **options)
    metadata = parquet.ParquetFile(io.BytesIO(data)).metadata

    sizes = parquet_pages.page_sizes(io.BytesIO(data), metadata)

    assert [bool(size.dictionary) for size in sizes] == [options.get("use_dictionary", True)] * 2
    assert all(0 < size.data <= metadata.row_group(0).total_byte_size for size in sizes)


LIMITED = """
import resource, sys
from tests.tables import test_small_files_that_grow as files
files.GROWN = 30_000_000
data = files.EXCEL[sys.argv[1]][0]()
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 25_000_000, -1))
print(files.refusal(data))
"""


@pytest.mark.parametrize("kind", ["inline text", "depth"])
def test_the_parser_of_xml_takes_no_more_memory_either(kind: str) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, kind], capture_output=True, text=True, check=True)
    assert EXCEL[kind][1] in done.stdout


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lambda: gzip.compress(b"a,b\n" + b"1,2\n" * 10_000_000, 1), id="gzip"),
        pytest.param(lambda: grown(TEXTS, "TEXT", "", "x", to=40_000_000), id="shared text"),
        pytest.param(lambda: grown(SHEET, ROW_END, "<c><v>", "1", f"</v></c>{ROW_END}", to=40_000_000), id="long row"),
    ],
)
def test_what_unpacks_to_much_leaves_room_on_the_disk(
    data: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not refused: it waits, as for a full disk, and the database of everybody else goes on."""
    monkeypatch.setattr(disk_room, "RESERVE", 10**18)
    with pytest.raises(OSError, match="No space left"):
        refusal(data())
    monkeypatch.setattr(disk_room, "RESERVE", 0)
    refusal(data())
