"""A file that is not UTF-8: the cells that differ are shown, and the right encoding is among the first."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from tests.tables.tables import asked, refused

CASES = Path(__file__).parents[1] / "cases"


def test_the_cells_that_differ_are_shown() -> None:
    [question] = asked((CASES / "08-encoding-question-one-choice" / "input.csv").read_bytes())
    shown = {choice.value: choice.rows for choice in question.choices}

    assert question.guess == "mac_roman"
    assert shown["cp1252"] == (("Zo‘",),)
    assert shown["mac_roman"] == (("Zoë",),)
    assert not next(choice for choice in question.choices if choice.value == "mac_roman").more


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1251", "Привет из Москвы"),
        ("koi8-r", "Привет из Москвы"),
        ("mac_cyrillic", "Привет из Москвы"),
        ("iso8859-7", "Καλημέρα από την Αθήνα"),
        ("cp1254", "Günaydın İstanbul ağabey"),
        ("euc_jp", "こんにちは東京"),
        ("cp932", "こんにちは東京"),
        ("big5", "你好嗎我們是學生"),
        ("cp949", "안녕하세요 서울"),
        ("gb18030", "中国人民你好"),
        ("cp932", "請求書の金額"),
        ("big5hkscs", "謝謝您的幫助"),
        ("iso2022_jp", "こんにちは"),
        ("euc_jp", "請求書の金額"),
        ("cp949", "감사합니다"),
        ("gb18030", "谢谢您的帮助"),
        ("koi8-u", "Дякую за допомогу її"),
        ("cp1253", "Ευχαριστώ για τη βοήθεια"),
        ("mac_greek", "Ευχαριστώ για τη βοήθεια"),
        ("mac_turkish", "Teşekkür ğış"),
        ("cp1258", "Cám ơn bạn đã"),
        ("iso8859-3", "Ĉu vi parolas Esperanton ĝin"),
        ("cp861", "það er gott"),
        ("kz1048", "Рахмет ғой"),
        ("iso8859-10", "Šaltai đŋ"),
        ("cp1256", "شكرا على المساعدة"),
        ("cp1255", "תודה על העזרה"),
        ("cp874", "ขอบคุณสำหรับความช่วยเหลือ"),
        ("iso8859-14", "ŵyŷ dŵr"),
        ("cp737", "Ευχαριστώ"),
        ("cp862", "תודה על"),
        ("mac_roman", "Zoë und Jürgen grüßen"),
        ("cp1250", "Žluťoučký kůň"),
        ("cp866", "Привет из Москвы"),
    ],
)
def test_the_right_encoding_is_among_the_first(codec: str, text: str) -> None:
    data = f"id,text\n1,{'x' * 200} {text}\n2,{text}\n".encode(codec)
    [question] = [each for each in asked(data) if each.key == "encoding"]
    right = [choice for choice in question.choices if any(text in cell for row in choice.rows for cell in row)]

    assert right
    assert not right[0].more


@pytest.mark.parametrize(
    ("codec", "text"),
    [("cp737", "Αθήνα"), ("cp737", "Αθήνα, Ελλάδα"), ("cp874", "ขอบคุณ"), ("gb18030", "感谢"), ("cp866", "Москва")],
)
@pytest.mark.parametrize("above", [0, 12_000])
def test_a_word_that_is_utf8_in_part_by_chance_is_asked_about(codec: str, text: str, above: int) -> None:
    data = b"id;text\n" + b"1;plain\n" * above + f"2;{text}\n".encode(codec)
    [question] = asked(data)

    assert question.key == "encoding"
    assert any(data.decode(choice.value) == data.decode(codec) and not choice.more for choice in question.choices[:5])


def test_a_few_bytes_that_are_no_utf8_are_named_all_the_same() -> None:
    for text in ("Zoë, é".encode() + b"\xff", "Grüße aus Köln".encode() + b"\xfc", "naïve “x”".encode() + b"\x80"):
        assert [problem.line for problem in refused(b"id;text\n1;" + text + b"\n2;b\n").problems] == [2]


LANGUAGES = {
    "mac_roman": (
        *("Zoë", "café", "El niño pequeño", "jalapeño", "Señor Muñoz", "¿Qué pasó?", "Straße nach München", "Köln"),
        *("Le garçon a mangé des pâtes", "“Hello” – it’s", "don’t", "São Paulo é uma cidade", "È già così perché"),
        *("Åsa Öberg, Växjö", "ÉCOLE", "«Bonjour» dit-il"),
    ),
    "cp1258": (
        *("Cám ơn bạn đã", "Xin chào các bạn", "Tiếng Việt", "Hà Nội", "Nguyễn Văn Đức", "Sản phẩm tốt, giao nhanh"),
        *("Phở bò", "Huế", "VIỆT NAM", "ĐƯỜNG SỐ 5", "Trần Thị Lý", "cà phê sữa đá", "giá rẻ"),
    ),
    "cp1252": (
        *("Zoë", "‘so’ he said", "„Straße“ und ‚so‘", "“Hello” – it’s 5 €", "Íslenska þýðir það að", "così più però"),
        *("Citroën’", "cost–benefit", "1990–2000", "CITTÀ COSÌ PERCHÉ", "Reykjavík Þór", "coração", "¡Hola!", "Ærø"),
    ),
    "cp1250": ("Žluťoučký kůň", "Zażółć gęślą jaźń", "Őrült árvíztűrő", "vŕba, stĺp"),
    "mac_turkish": ("Teşekkür ederim, çok güzel", "İyi günler, ağır değil"),
    "mac_cyrillic": ("Очень хороший продукт",),
    "mac_greek": ("Καλημέρα, το προϊόν είναι πολύ καλό",),
    "mac_latin2": ("Žluťoučký kůň příšerně úpěl",),
}


@pytest.mark.parametrize(("codec", "text"), [(codec, text) for codec, texts in LANGUAGES.items() for text in texts])
def test_the_language_puts_the_right_encoding_first(codec: str, text: str) -> None:
    data = b"id;name\n1;" + written(text, codec) + b"\n2;b\n"
    [question] = [each for each in asked(data) if each.key == "encoding"]

    assert data.decode(question.guess) == data.decode(codec)


def written(text: str, codec: str) -> bytes:
    """Text in a code page; in that of Vietnamese each tone is a sign of its own behind its letter."""
    if codec != "cp1258":
        return text.encode(codec)
    tone = re.compile("([\u0300\u0301\u0303\u0309\u0323])([\u0302\u0306\u031b]?)")
    apart = tone.sub(r"\2\1", unicodedata.normalize("NFD", text))
    return re.sub(
        "[^\u0300-\u0323]+[\u0302\u0306\u031b]*", lambda found: unicodedata.normalize("NFC", found[0]), apart
    ).encode(codec)


def test_a_file_that_changes_its_encoding_half_way_is_refused_by_line() -> None:
    """A text with so much UTF-8 in it is in no other encoding, though more of its bytes are none."""
    lines = ["Grüße aus Köln", "schöne Straße", "über München", "Jürgen hört Öl", "früh für Käthe", "süße Äpfel"]
    whole = "".join(f"{number},{line}\n" for number, line in enumerate(lines + lines))
    spoilt = whole.replace("für Käthe", "für Käthe Bäcker Möller Schäfer Krüger")
    data = b"id,text\n" + whole.encode() + spoilt.encode("cp1252")
    assert [problem.line for problem in refused(data).problems] == list(range(14, 26))
