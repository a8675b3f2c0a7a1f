"""PDFs, made in a line: honest ones, and such as are made to be trouble."""

from __future__ import annotations

from collections.abc import Sequence


def pdf(*texts: str) -> bytes:
    """A PDF with a line of text on each page."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(texts)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(texts)}>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, text in enumerate(texts):
        page = f"/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents {5 + 2 * number} 0 R"
        objects.append(f"<</Type/Page/Parent 2 0 R{page}>>".encode())
        objects.append(_stream(f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET".encode()))
    return _written(objects)


def page_of_size(width: int, height: int) -> bytes:
    """One page of so many points, with a line across it."""
    return _written([*_one_page(b"/MediaBox[0 0 %d %d]" % (width, height)), _stream(b"0 0 m 600 700 l S")])


def nested_drawings(depth: int) -> bytes:
    """One page with a drawing that holds another one ten times, and so on."""
    objects = [*_one_page(b"/MediaBox[0 0 612 792]/Resources<</XObject<</X 5 0 R>>>>"), _stream(b"/X Do")]
    for number in range(6, 6 + depth):
        inner = b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]/Resources<</XObject<</X %d 0 R>>>>" % number
        objects.append(_stream(b"/X Do " * 10, inner))
    line = _stream(b"0 0 m 600 700 l S " * 10, b"/Type/XObject/Subtype/Form/BBox[0 0 612 792]")
    return _written([*objects, line])


def _one_page(more: bytes) -> list[bytes]:
    page = b"<</Type/Page/Parent 2 0 R%b/Contents 4 0 R>>" % more
    return [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page]


def _stream(data: bytes, head: bytes = b"") -> bytes:
    return b"<</Length %d%b>>stream\n%b\nendstream" % (len(data), head, data)


def _written(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    whole, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    count = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n" % count + b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF" % (count, trailer, len(whole))
    return whole + table + end


_SEALED = b"<</Filter/Standard/V 1/R 2/O<%b>/U<%b>/P -4>>" % (b"00" * 32, b"11" * 32)
LOCKED = _written([*_one_page(b""), _SEALED], b"/Encrypt 4 0 R/ID[<00><00>]")
"""With a password that nobody knows."""
