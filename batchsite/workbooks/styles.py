"""The number formats of an Excel file. Pure."""

from __future__ import annotations

from typing import IO

from batchsite.workbooks.xml_stream import Damaged, XmlStream

_DATE, _TIME, _BOTH = "[$-F800]yyyy-mm-dd", "[$-F400]hh:mm:ss", "[$-F800]yyyy-mm-dd hh:mm"
_BY_COUNTRY = {
    14: _DATE,
    22: _BOTH,
    **dict.fromkeys([*range(27, 32), 36, *range(50, 55), 57, 58], _DATE),
    **dict.fromkeys([32, 33, 34, 35, 55, 56], _TIME),  # 34, 35, 55, 56: times in China, dates in Japan
    **dict.fromkeys([*range(71, 75), 81], _DATE),
    **dict.fromkeys([75, 76, 78, 80], _TIME),
    77: _BOTH,
    **dict.fromkeys([*range(59, 63), *range(67, 71), 79], "[DBNum1]0"),  # Thai digits
}
"""Built-in formats that every country shows in its own way (ECMA-376, 18.8.30)."""
_ACCOUNTING, _SECONDS = '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)', "mm:ss.0"
_AS_EXCEL_HAS_THEM = {44: _ACCOUNTING, 47: _SECONDS}
"""Built-in formats that openpyxl has without their semicolons, and that ECMA-376 has without its colon."""
_MOST_STYLES = 100_000
"""Excel itself stops at 65,490."""


class Styles(XmlStream):
    """`formats` are the number formats of every cell style, in their order."""

    def __init__(self, part: IO[bytes] | None) -> None:
        from openpyxl.styles.numbers import BUILTIN_FORMATS  # only where it is needed: all of openpyxl comes with it

        super().__init__(longest=0)
        self.formats: list[str] = []
        self._codes: dict[int, str] = {**BUILTIN_FORMATS, **_BY_COUNTRY, **_AS_EXCEL_HAS_THEM}
        self._of_cells = False
        if part is not None:
            self.take_all(part)

    def started(self, tag: str, values: dict[str, str]) -> None:
        if tag == "cellXfs":
            self._of_cells = True
        elif tag == "numFmt":
            self._codes[int(values.get("numFmtId") or 0)] = values.get("formatCode", "")
        elif tag == "xf" and self._of_cells:
            self.formats.append(self._codes.get(int(values.get("numFmtId") or 0), "General"))
        if len(self.formats) + len(self._codes) > _MOST_STYLES:
            raise Damaged("styles")

    def ended(self, tag: str) -> None:
        if tag == "cellXfs":
            self._of_cells = False
