"""What columns are often called, in several languages; and the script of a text. Pure."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_CALLED = """
    name nom nombre nome naam nazwa имя название 姓名 名前 名称 氏名 이름 الاسم isim ad namn navn nimi όνομα שם tên
    city stadt ville ciudad città cidade stad miasto город 城市 都市 市 도시 المدينة şehir by stadt ort πόλη עיר
    country land pays país paese kraj страна 国家 国 國家 국가 البلد ülke χώρα
    date datum fecha data дата 日期 日付 날짜 التاريخ tarih dato päivämäärä ημερομηνία תאריך ngày
    age alter âge edad età idade leeftijd wiek возраст 年龄 年齡 年齢 나이 العمر yaş ålder ηλικία גיל
    sex gender geschlecht sexe sexo sesso geslacht płeć пол 性别 性別 성별 الجنس cinsiyet kön
    address adresse dirección indirizzo endereço adres адрес 地址 住所 주소 العنوان
    phone telephone telefon téléphone teléfono telefono telefone телефон 电话 電話 전화 الهاتف telefoon
    comment comments remark remarks kommentar bemerkung commentaire comentario commento comentário opmerking komentarz
        комментарий 备注 評論 评论 コメント 의견 댓글 التعليق yorum
    text texte texto testo tekst текст 文本 テキスト 本文 텍스트 نص metin
    title titel titre título titolo tytuł заголовок 标题 標題 タイトル 題名 제목 عنوان başlık otsikko
    description beschreibung descripción descrizione descrição beschrijving opis описание 描述 説明 설명 الوصف açıklama
    price preis prix precio prezzo preço prijs cena цена 价格 價格 価格 値段 가격 السعر fiyat pris
    amount betrag montant importe importo valor bedrag kwota сумма 金额 金額 금액 المبلغ tutar
    quantity menge anzahl quantité cantidad quantità quantidade aantal ilość количество 数量 數量 수량 الكمية miktar
    number nummer numéro número numero numer номер 编号 編號 番号 번호 الرقم numara id no nr
    category kategorie catégorie categoría categoria categorie kategoria категория 类别 類別 分類 분류 الفئة kategori
    type typ tipo тип 类型 類型 種類 유형 النوع tür
    status statut estado stato статус 状态 狀態 状態 상태 الحالة durum
    product produkt produit producto prodotto produto продукт товар 产品 產品 商品 製品 제품 상품 المنتج ürün
    company firma unternehmen société entreprise empresa azienda bedrijf компания 公司 会社 회사 الشركة şirket
    year jahr année año anno ano jaar rok год 年 年份 연도 السنة yıl år
    month monat mois mes mese mês maand miesiąc месяц 月 月份 월 الشهر ay
    language sprache langue idioma lingua taal język язык 语言 語言 言語 언어 اللغة dil
    question frage pregunta domanda pergunta vraag pytanie вопрос 问题 問題 質問 질문 السؤال soru
    answer antwort réponse respuesta risposta resposta antwoord odpowiedź ответ 答案 回答 답변 الإجابة cevap
    region gebiet région región regione região regio регион 地区 地區 地域 지역 المنطقة bölge
    author autor auteur autore автор 作者 著者 저자 المؤلف yazar
    review bewertung avis reseña recensione avaliação recensie recenzja отзыв 点评 レビュー 리뷰 مراجعة
    label kennzeichen étiquette etiqueta etichetta etykieta метка 标签 標籤 ラベル 라벨 تسمية
"""
_MEANT: dict[str, set[int]] = {}
_meaning = -1
for _line in _CALLED.strip("\n").split("\n"):
    _meaning += not _line.startswith("        ")
    for _word in _line.split():
        _MEANT.setdefault(_word, set()).add(_meaning)
_CJK = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"}


def translates(name: str, cell: str) -> bool:
    """Whether a cell says a usual name of a column in another language: `city`, 城市."""
    one, other = name.strip().lower(), cell.strip().lower()
    return one != other and bool(_MEANT.get(one, set()) & _MEANT.get(other, set()))


@lru_cache(maxsize=4000)
def script_of(text: str) -> str:
    """The script of the letters of a text, such as LATIN; "several" for a mixture, empty where it has none."""
    names = {unicodedata.name(sign, "").partition(" ")[0] for sign in text[:100] if sign.isalpha()}
    if names & _CJK:
        names = names - _CJK | {"CJK"}
    return "several" if len(names) > 1 else next(iter(names), "")
