"""Numbers and dates in the formats of Excel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchsite.tables.number_formats import number_format, text_format

ACCOUNTING = '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_);_(@_)'
SHOWN = [
    ("[]0", "5", "5"),
    ("[hms]0", "5", "5"),
    ("General", "3", "3"),
    ("General", "0.1", "0.1"),
    ("General", "0.30000000000000004", "0.3"),
    ("General", "123456789012345", "123456789012345"),
    ("General", "1E-3", "0.001"),
    ("General", "1.5E25", "1.5E+25"),
    ("0", "2.5", "3"),
    ("0.00", "-1.005", "-1.01"),
    ("#,##0", "1234567", "1,234,567"),
    ("#,##0.00", "0.5", "0.50"),
    ("0%", "0.25", "25%"),
    ("0.0%", "0.1234", "12.3%"),
    ('"$"#,##0.00', "1234.5", "$1,234.50"),
    ("[$€-407] #,##0.00", "-3", "-€ 3.00"),
    ("#,##0.00 [$€-407]", "1234", "1,234.00 €"),
    ("#,##0;[Red](#,##0)", "-1234", "(1,234)"),
    (ACCOUNTING, "1234.5", "$1,234.50"),
    (ACCOUNTING, "0", "$-"),
    ("00000", "501", "00501"),
    ("000-00-0000", "123456789", "123-45-6789"),
    ("(000) 000-0000", "5551234567", "(555) 123-4567"),
    ("0.00E+00", "12345", "1.23E+04"),
    ("##0.0E+0", "12345", "12.3E+3"),
    ("# ?/?", "1.5", "1 1/2"),
    ("#.##", "0.5", ".5"),
    ("#,", "12345", "12"),
    ('0.0,,"M"', "12345678", "12.3M"),
    ("yyyy-mm-dd", "45292", "2024-01-01"),
    ("dd.mm.yyyy", "45292", "01.01.2024"),
    ("d-mmm-yy", "45292", "1-Jan-24"),
    ("mmmm d, yyyy", "45292", "January 1, 2024"),
    ("dddd", "45292", "Monday"),
    ("h:mm", "0.5", "12:00"),
    ("h:mm AM/PM", "0.75", "6:00 PM"),
    ("hh:mm:ss", "0.999988426", "23:59:59"),
    ("[h]:mm", "1.5", "36:00"),
    ("mm:ss.0", "0.0007", "01:00.5"),
    ("yyyy-mm-dd hh:mm:ss", "45292.5", "2024-01-01 12:00:00"),
    ("yyyy\\-mm\\-dd", "1", "1900-01-01"),
    ("yyyy-mm-dd", "60", "1900-02-29"),
    ("yyyy-mm-dd", "61", "1900-03-01"),
    ("yyyy-mm-dd", "59", "1900-02-28"),
    ('[>100]"big";"small"', "200", "big"),
    ('[>100]"big";"small"', "2", "small"),
    ('0" kg"', "5", "5 kg"),
    ("@", "5", "5"),
    ("[$-409]d/m/yyyy;@", "45292", "1/1/2024"),
    ('yyyy-mm-dd"T"hh:mm:ss.000', "45292.123456", "2024-01-01T02:57:46.598"),
    ("m/d/yy h:mm", "45292.5", "1/1/24 12:00"),
    ("0.00;-0.00;;@", "0", ""),
    (";;;", "5", ""),
    ('General" pcs"', "5", "5 pcs"),
    ("0.###", "1.5", "1.5"),
    ("0.###", "2", "2."),
    ("# ??/??", "3.14", "3 7/50"),
    ("mmm-yy", "45292", "Jan-24"),
    ("[mm]:ss", "0.5", "720:00"),
    ("yyyy-mm-dd", "-1", "-1"),
    ("h", "0.5", "12"),
    ('#,##0.00\\ "zł"', "1234.5", "1,234.50 zł"),
    ("0.0%", "-0.05", "-5.0%"),
    ("€#,##0", "12", "€12"),
    ("#", "0", ""),
    ("0/8", "0.5", "4/8"),
    ("0E+0", "0.00012", "1E-4"),
]


@pytest.mark.parametrize(("code", "number", "shown"), SHOWN)
def test_a_number_is_shown_as_excel_shows_it(code: str, number: str, shown: str) -> None:
    assert number_format(code)(number) == shown


def test_texts_have_formats_too() -> None:
    assert text_format("General") is None
    assert text_format("@") is None
    assert text_format("0.00") is None
    wrap = text_format('0;0;0;"<"@">"')
    assert wrap is not None
    assert wrap("a") == "<a>"


@given(st.text(alphabet='#0?.,%E+-/;[]"\\_*@ ymdhsAMPGeneral$€<>=1'), st.floats(allow_nan=False))
def test_no_format_ends_in_an_error(code: str, number: float) -> None:
    assert isinstance(number_format(code)(repr(number)), str)
