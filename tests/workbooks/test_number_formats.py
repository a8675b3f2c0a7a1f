"""Numbers and dates in the formats of Excel."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from batchsite.workbooks.number_formats import Departure, number_format, text_format

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
    # a number that is rounded to nothing is not negative, unless its section says so
    ("0.00", "-0.001", "0.00"),
    ("0", "-0.4", "0"),
    ("0.0%", "-0.0001", "0.0%"),
    ('0.0,,"M"', "-12345", "0.0M"),
    ('0" of 9"', "-0.4", "0 of 9"),
    ("0.00E+00", "-1E-9", "-1.00E-09"),
    ("0.00;-0.00", "-0.001", "-0.00"),
    ("#,##0.00;(#,##0.00)", "-0.001", "(0.00)"),
    # a day is the next one where its last instant is shown as a time
    ("yyyy-mm-dd", "43831.9999999", "2020-01-01"),
    ("dddd", "43831.99999999", "Wednesday"),
    ("yyyy-mm-dd", "43831.99999999999999", "2020-01-02"),
    ("yyyy-mm-dd h:mm", "43831.9999999", "2020-01-02 0:00"),
    ("d h AM/PM", "43831.9999999", "2 12 AM"),
    ("[h]:mm", "0.9999999", "24:00"),
]


@pytest.mark.parametrize(("code", "number", "shown"), SHOWN)
def test_a_number_is_shown_as_excel_shows_it(code: str, number: str, shown: str) -> None:
    assert number_format(code)(number).text == shown


def test_texts_have_formats_too() -> None:
    assert text_format("General") is None
    assert text_format("@") is None
    assert text_format("0.00") is None
    wrap = text_format('0;0;0;"<"@">"')
    assert wrap is not None
    assert wrap("a") == "<a>"


DAY = "45444.60025462963"
"""2024-06-01 14:24:22, a Saturday."""
TOKENS = [
    # ECMA-376, 18.8.31: digits
    ("0", "7.5", "8", None),
    ("#", "7", "7", None),
    ("0.?", "7", "7.", None),
    ("# ?/?", "0.3", "2/7", None),
    ("# ?/8", "0.0625", "1/8", None),
    ("# ?/8", "0.9999", "1", None),
    ("# ?/4", "-2.125", "-2 1/4", None),
    ("# ??/16", "12.3456789", "12 6/16", None),
    ("# ?/2", "12.3456789", "12 1/2", None),
    ("# ?/10", "12.3456789", "12 3/10", None),
    ("# ??/100", "12.3456789", "12 35/100", None),
    ("# ??/100", "1.005", "1", None),
    ("# ???/???", "12.3456789", "12 28/81", None),
    ('#,##0 ?/?" in"', "1234.5", "1,234 1/2 in", None),
    ("?/?", "1.5", "3/2", None),
    ("?/?", "0", "0/1", None),
    ("0 0/0", "0.5", "0 1/2", None),
    ("0.0%", "0.125", "12.5%", None),
    ("#,##0,", "1234567", "1,235", None),
    ("0.00E+00", "0.000123", "1.23E-04", None),
    ("0.0E-0", "12345", "1.2E4", None),
    ("[<100]0.0;[>=100]0", "-5", "-5.0", None),
    ("[<0](0);0", "-5", "(5)", None),
    ('[=1]0" day";0" days"', "2", "2 days", None),
    ("General;-General", "-5", "-5", None),
    ("G/通用格式", "5", "5", None),
    # letters of other languages, which no program but a foreign one writes
    ("åååå-MM-DD", DAY, "2024-06-01", Departure.ISO),
    ("ДД.ММ.ГГГГ", DAY, "45444.6002546296", Departure.PLAIN),
    ("εεεε/MM/DD", DAY, "2024-06-01", Departure.ISO),
    # dates and times
    ("m", DAY, "6", None),
    ("mm", DAY, "06", None),
    ("mmm", DAY, "Jun", None),
    ("mmmm", DAY, "June", None),
    ("mmmmm", DAY, "J", None),
    ("d", DAY, "1", None),
    ("dd", DAY, "01", None),
    ("ddd", DAY, "Sat", None),
    ("dddd", DAY, "Saturday", None),
    ("yy", DAY, "24", None),
    ("yyyy", DAY, "2024", None),
    ("h", DAY, "14", None),
    ("hh:mm", DAY, "14:24", None),
    ("m:ss", DAY, "24:22", None),
    ("ss", DAY, "22", None),
    ("h AM/PM", DAY, "2 PM", None),
    ("h am/pm", DAY, "2 PM", None),
    ("h A/P", DAY, "2 P", None),
    ("h a/p", DAY, "2 p", None),
    ("h AM/PM:mm", DAY, "2 PM:24", None),
    ("[h]:mm", "1.25", "30:00", None),
    ("[mm]:ss", "0.5", "720:00", None),
    ("[ss]", "0.5", "43200", None),
    ("[ss].00", "0.5", "43200.00", None),
    ("ss.000", DAY, "22.000", None),
    ("上午/下午h:mm", DAY, "下午2:24", None),
    ("午前/午後h:mm", DAY, "午後2:24", None),
    ("오전/오후 h:mm", "0.25", "오전 6:00", None),
    ('yyyy"年"m"月"d"日"', DAY, "2024年6月1日", None),
    ("yyyy年m月d日", DAY, "2024年6月1日", None),
    # the first and the last days, and the day that never was
    ("d-mmm-yy", "0", "0-Jan-00", None),
    ("dddd", "1", "Sunday", None),
    ("yyyy-mm-dd h:mm", "0.5", "1900-01-00 12:00", None),
    ("dddd yyyy-mm-dd", "60", "Wednesday 1900-02-29", None),
    ("yyyy-mm-dd", "2958465", "9999-12-31", None),
    ("yyyy-mm-dd hh:mm:ss", "2958465.9999999", "9999-12-31 23:59:59", None),
    ("yyyy-mm-dd", "2958466", "2958466", Departure.PLAIN),
    ("yyyy-mm-dd", "-0.5", "-0.5", Departure.PLAIN),
    # what only Excel, or only some country's Excel, can show
    ('[$-411]ggge"年"m"月"d"日"', DAY, "2024-06-01", Departure.ISO),
    ("[$-404]e/m/d", DAY, "2024-06-01", Departure.ISO),
    ("e-m-d", DAY, "2024-06-01", Departure.ISO),
    ("m/d(aaa)", DAY, "2024-06-01", Departure.ISO),
    ("aaaa", DAY, "2024-06-01", Departure.ISO),
    ("d/m/bbbb", DAY, "2024-06-01", Departure.ISO),
    ("b2yyyy-mm-dd", DAY, "2024-06-01", Departure.ISO),
    ("r.mm.dd", DAY, "2024-06-01", Departure.ISO),
    ("[$-407]d. mmmm yyyy", DAY, "2024-06-01", Departure.ISO),
    ("[$-de-DE]dddd", DAY, "2024-06-01", Departure.ISO),
    ("[$-407]dd.mm.yyyy", DAY, "01.06.2024", None),
    ("[$-409]d-mmm-yy;@", DAY, "1-Jun-24", None),
    ("[$-en-GB]d mmmm", DAY, "1 June", None),
    ("[$-809]dd mmmm yyyy", DAY, "01 June 2024", None),
    ("[$-411]h:mm AM/PM", DAY, "2024-06-01 14:24", Departure.ISO),
    ("[$-411]h:mm AM/PM", "0.6", "14:24", Departure.ISO),
    ("[$-F800]dddd, mmmm dd, yyyy", DAY, "2024-06-01", Departure.ISO),
    ("[$-x-sysdate]dddd", DAY, "2024-06-01", Departure.ISO),
    ("[$-F400]h:mm:ss AM/PM", "0.6", "14:24:00", Departure.ISO),
    ("[$-1070000]d/m/yyyy", DAY, "2024-06-01", Departure.ISO),
    ("[$-th-TH,D070000]d/m/yyyy", DAY, "2024-06-01", Departure.ISO),
    ("[$-D000000]0", "5", "5", Departure.PLAIN),
    ("[DBNum1][$-804]yyyy", DAY, "2024-06-01", Departure.ISO),
    ("[DBNum2]0", "5", "5", Departure.PLAIN),
    ("[NatNum1]0", "5", "5", Departure.PLAIN),
    ("[DBNum1][h]:mm", "1.5", "1.5", Departure.PLAIN),
    ("TT.MM.JJJJ", DAY, "2024-06-01", Departure.ISO),
    ("hh:mm Uhr", "0.6", "14:24", Departure.ISO),
    ("ДД.ММ.ГГГГ", "45444", "45444", Departure.PLAIN),
    ("Standard", "5", "5", Departure.PLAIN),
    ("0 USD", "5", "5", Departure.PLAIN),
    ("t0.00", "5", "5", Departure.PLAIN),
    # more digits than 15, and numbers that the format hides
    ("0", "1234567890123456789", "1234567890123456789", Departure.DIGITS),
    ("#,##0", "-1234567890123456789", "-1,234,567,890,123,456,789", Departure.DIGITS),
    ("General", "0001234567890123456789", "1234567890123456789", Departure.DIGITS),
    ("General", "1234567890123450000", "1234567890123450000", None),
    ("General", "12345678901234567890123456", "12345678901234567890123456", Departure.DIGITS),
    (";;;", "5", "", Departure.HIDDEN),
    ("0;-0;;@", "0", "", Departure.HIDDEN),
    ('"yes";"yes";"no"', "5", "yes", Departure.HIDDEN),
    ('"yes";"yes";"no"', "0", "no", None),
    ("#", "0", "", Departure.HIDDEN),
]


@pytest.mark.parametrize(("code", "number", "text", "departure"), TOKENS)
def test_every_token_is_shown_or_gives_way_to_a_plain_value(
    code: str, number: str, text: str, departure: Departure | None
) -> None:
    assert number_format(code)(number) == (text, departure)


@pytest.mark.parametrize(("days", "shown"), [("0", "1904-01-01 Friday"), ("2957003", "9999-12-31 Friday")])
def test_days_since_1904_have_an_end_too(days: str, shown: str) -> None:
    assert number_format("yyyy-mm-dd dddd", since_1904=True)(days).text == shown
    assert number_format("yyyy-mm-dd", since_1904=True)("2957004").departure == Departure.PLAIN


@given(st.dates(date(1900, 3, 1)), st.integers(0, 86_399))
def test_every_second_of_the_calendar_is_shown_exactly(day: date, second: int) -> None:
    when = datetime.combine(day, time()) + timedelta(seconds=second)
    days = (day - date(1899, 12, 30)).days + second / 86_400

    assert number_format("yyyy-mm-dd hh:mm:ss")(repr(days)).text == str(when)
    assert number_format("[$-F800]yyyy-mm-dd h:mm:ss")(repr(days)) == (str(when), Departure.ISO)


@given(st.integers(-(10**30), 10**30))
def test_every_whole_number_keeps_its_digits(number: int) -> None:
    assume(len(str(abs(number))) <= 15 or abs(number) % 10)
    assert number_format("General")(str(number)).text == str(number)
    assert number_format("#,##0")(str(number)).text == f"{number:,}"


@given(st.text(alphabet="ymdhsgeabrntjTJMYDuz./- :", min_size=1, max_size=12), st.floats(1, 2_900_000))
def test_letters_of_a_format_never_stand_in_a_value(code: str, days: float) -> None:
    shown = number_format(code)(repr(days))

    if shown.departure is not None:
        assert not re.search("[A-Za-z]", shown.text.replace("E+", "").replace("E-", ""))
    else:
        names = "|".join([*calendar.month_name[1:], *calendar.day_name, *calendar.month_abbr[1:], *calendar.day_abbr])
        assert not re.search("[A-Za-z]", re.sub(rf"{names}|[JFMASOND]", "", shown.text))


def test_a_format_longer_than_any_program_writes_is_not_followed() -> None:
    assert number_format("0" * 5000)("5") == ("5", Departure.PLAIN)


@given(st.text(alphabet='#0?.,%E+-/;[]"\\_*@ ymdhsAMPGeneral$€<>=1'), st.floats(allow_nan=False))
def test_no_format_ends_in_an_error(code: str, number: float) -> None:
    assert isinstance(number_format(code)(repr(number)).text, str)
