"""Totals, notes and second headers in words that nobody listed, and told by their sums: asked about in every format."""

from __future__ import annotations

import pytest

from batchsite.tables.cell_values import number_of
from batchsite.tables.label_words import script_of, translates
from tests.tables import forms
from tests.tables.tables import asked
from tests.tables.test_tops_and_ends_of_tables import in_every_form

CITIES = "city,country,n,m\nRome,IT,1,4\nOslo,NO,2,5\nBonn,DE,3,6\n"
ENDS = {
    "a sum under a word that nobody knows": "Ensemblement,,6,15",
    "a mean under a word that nobody knows": "Miðgildi,,2,5",
    "a total of something": "Total of all cities,,6,15",
    "something's total": "All cities total,,6,15",
    "a word with total in it": "Totalsumme,,7,7",
    "said in every text": "Total,Total,6,15",
    "said to be all": "Total,All,7,16",
    "the greatest and the least": "Max,,3,6\nMin,,1,4",
    "a median": "Median,,2.5,5.5",
    "a deviation": "Std. dev.,,1,1",
    "shares": "%,,100%,100%",
    "all": "Overall,,7,16",
    "Korean": "총합계,,6,15",
    "money": "Alles zusammen,,6,€ 15.00",
}


@pytest.mark.parametrize("foot", ENDS.values(), ids=ENDS.keys())
def test_a_total_is_asked_about(foot: str) -> None:
    rows = [line.split(",") for line in f"{CITIES}{foot}\n".splitlines()]
    for form, data in in_every_form(rows).items():
        assert (form, forms.asked(data).key) == (form, "footer")
        assert forms.read(data, footer="leave") == rows[:4]


IDS = "id,text,n\n1,a,4\n2,b,5\n3,c,6\n"
BELOW_IDS = {
    "an address": "https://example.org/data,,",
    "a day": "2024-03-01,,",
    "how many there are, and their sum": "3,,15",
    "another table of that width": ",,\nword,how,often\nx,y,z",
}


@pytest.mark.parametrize("foot", BELOW_IDS.values(), ids=BELOW_IDS.keys())
def test_what_is_no_number_of_a_row_is_asked_about(foot: str) -> None:
    rows = [line.split(",") for line in f"{IDS}{foot}\n".splitlines()]
    for form, data in in_every_form(rows).items():
        assert (form, forms.asked(data).key) == (form, "footer")
        assert forms.read(data, footer="leave") == rows[:4]


def test_a_sum_below_many_rows_is_asked_about() -> None:
    rows = [["id", "text", "n"], *([str(n), "a", "2"] for n in range(900)), ["Zusammen", "", "1800"]]
    for data in in_every_form(rows).values():
        assert forms.asked(data).key == "footer"


LAST_ROWS = {
    "a name that is a word for the greatest": "name,city,n\nAnn,Rome,1\nMax,Oslo,2\nMin,Bonn,3\n",
    "a text that is missing, below few": "id,text,n\n1,a,4\n2,b,5\n3,c,6\n4,,7\n",
    "a number that is no sum": "id,text,n\n1,a,4\n2,b,5\n3,c,6\n4,,100\n",
    "a text about totals": "id,text,n\n1,a,4\n2,b,5\n3,The total of all was wrong,6\n",
}


@pytest.mark.parametrize("text", LAST_ROWS.values(), ids=LAST_ROWS.keys())
def test_ordinary_last_rows_are_rows(text: str) -> None:
    rows = [line.split(",") for line in text.splitlines()]
    assert {len(forms.read(data)) for data in in_every_form(rows).values()} == {len(rows)}


PEOPLE = "Ann,Rome,tea\nBob,Oslo,rain\nCy,Bonn,sun\n"
SECOND = {
    "the names in Chinese": f"name,city,comment\n姓名,城市,备注\n{PEOPLE}",
    "the names in Russian": f"name,city,comment\nИмя,Город,Комментарий\n{PEOPLE}",
    "the names in German": f"name,city,comment\nName,Stadt,Kommentar\n{PEOPLE}",
    "the names of Chinese in English": "姓名,城市,备注\nname,city,comment\n张三,北京,好\n李四,上海,坏\n王五,广州,雨\n",
    "words of another alphabet": f"a,b,c\nодин,два,три\n{PEOPLE}",
    "a part of the names": "item_sku,item_name,brand\nSeller SKU,Product Name,Brand Name\nA1,Hat,Acme\nA2,Bag,Bolt\n",
    "numbers with a word": f"name,city,note\ncol1,col2,col3\n{PEOPLE}",
    "types with their parts": f"name,tags,note\nSTRING,ARRAY<STRING>,BOOL\n{PEOPLE}",
    "types with what must hold": f"name,city,note\nvarchar(255) not null,varchar(100),text null\n{PEOPLE}",
    "one unit by another": "time,flow,mass\ns,L/min,mg/dL\n1,2,3\n2,3,4\n3,4,5\n",
}


@pytest.mark.parametrize("text", SECOND.values(), ids=SECOND.keys())
def test_a_second_line_that_is_no_row_is_asked_about(text: str) -> None:
    rows = [line.split(",") for line in text.splitlines()]
    for form, data in in_every_form(rows).items():
        question = forms.asked(data)
        assert (form, question.key, question.guess) == (form, "below_header", "leave")
        assert forms.read(data, below_header="leave") == [rows[0], *rows[2:]]


def test_what_parts_a_name_over_several_columns_is_asked_about() -> None:
    rows = [["region", "sales", "", ""], ["", "2022", "2023", "2024"], ["North", *"123"], ["South", *"456"]]
    for form in ("csv", "tsv", "xlsx"):
        [question] = asked(in_every_form(rows)[form], {"names": "give"})
        assert (form, question.key, question.guess) == (form, "below_header", "leave")


@pytest.mark.parametrize("count", [9, 12, 40])
def test_many_padded_titles_are_set_aside(count: int) -> None:
    titles = "".join(f"Line {number} of notes,,\n" for number in range(count))
    text = f"{titles}Name,City,N\n" + "".join(f"Ann,Rome,{number}\n" for number in range(60))
    rows = [line.split(",") for line in text.splitlines()]
    for form in ("csv", "tsv", "xlsx"):
        assert forms.read(in_every_form(rows)[form])[0] == ["Name", "City", "N"]
    [question] = asked(f"{titles}Name,City,Note\n{PEOPLE}")
    assert (question.key, question.guess) == ("title", "set aside")


NUMBERS = {
    "1,234.50": 1234.5,
    "1.234,50 €": 1234.5,
    "-3": -3,
    "−3": -3,
    ".5": 0.5,
    "1 000": 1000,
    "1,234": 1234,
    "7%": 7,
}


@pytest.mark.parametrize(("cell", "number"), NUMBERS.items())
def test_numbers_are_known_in_any_spelling(cell: str, number: float) -> None:
    assert number_of(cell) == number


@pytest.mark.parametrize("cell", ["", "a", "2024-01-02", "1e5", "1.2.3.4x"])
def test_what_is_no_number_is_none(cell: str) -> None:
    assert number_of(cell) is None


def test_usual_names_are_known_in_other_languages() -> None:
    assert translates("City", "Stadt")
    assert not translates("city", "City")
    assert not translates("city", "Name")
    assert (script_of("a é"), script_of("東京で"), script_of("aя"), script_of("12")) == ("LATIN", "CJK", "several", "")
