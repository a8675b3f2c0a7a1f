"""Words that occur below tables: for totals, notes and row counts; and lines of symbols. Pure."""

from __future__ import annotations

import re

LONGEST = 300
"""Characters of a cell with such words. Longer ones are texts, and these patterns are not linear in their length."""


class EndWords:
    """A pattern of words that are said below tables, in a cell of their own or at the beginning of one."""

    def __init__(self, pattern: str, flags: int) -> None:
        self._pattern = re.compile(pattern, flags)

    def match(self, cell: str) -> re.Match[str] | None:
        """Returns the words with which the cell begins, apart from spaces. None if it begins with others."""
        return self._pattern.match(cell.lstrip()[:LONGEST])

    def fullmatch(self, cell: str) -> re.Match[str] | None:
        """Returns the words of a cell with nothing else in it. None for any other cell."""
        words = cell.strip()
        return None if len(words) > LONGEST else self._pattern.fullmatch(words)


TOTAL = EndWords(
    r"""\W*(?:(?:grand|sub|net|gross|overall)[\s-]?)?(?:
    totals?|sums?|average|avg|mean|count|summe|gesamt\w*|insgesamt|zwischensumme|endsumme|durchschnitt|mittelwert|
    somme|totaux|sous-total|moyenne|suma|promedio|media|média|soma|totale|totales|somma|totaal|som|gemiddelde|totalt|
    summa|i\ alt|yhteensä|razem|ogółem|łącznie|celkem|spolu|összesen|ukupno|skupaj|toplam|genel\ toplam|jumlah|
    tổng(?:\ cộng)?|итого|всего|сумма|разом|усього|общо|σύνολο|סה"כ|סך\ הכל|المجموع|الإجمالي|รวม\w*|कुल|
    合計\w*|合计\w*|总计\w*|總計\w*|総計\w*|总和|總和|小计|小計|共计|計|합계|총계|소계|총합계|누계
    )(?!\w)\W*(?:\w+\W*)?(?:\(.*\)\W*)?""",
    re.I | re.X,
)
TOTAL_LIKE = EndWords(
    r"""(?:.*\b)?(?:(?:sub|grand)?totals?|totaux|summe|summa|suma|soma|somme|gesamt|итого|всего)\b.*|
    .*\w(?:total|totaal|totalt|summe|summa|gesamt)|(?:total|gesamt|summe)\w+|
    max(?:imum)?\.?|min(?:imum)?\.?|median\w*|mode|std\.?|s\.?d\.?|st(?:d|andard)\.?[ ]dev\w*\.?|variance|range|
    count\b.*|number[ ]of\b.*|percent\w*|share|in[ ]?%|%|all|overall|everything|ensemble|alle|tous|toutes|todos?|tutti|
    anzahl|nombre|número|numero|maximal\w*|minim\w*|standardabweichung|écart-type|máximo|mínimo|mediana|
    平均\w*|最大\w*|最小\w*|中央値|件数|全体|전체|평균|среднее|максимум|минимум|медиана""",
    re.I | re.X | re.S,
)
"""Words that say a total or the like, or may be a name: only in a row that lacks what no other lacks."""
NOTE = EndWords(
    r"""\s*(?:[*†‡§¹²³©#]|\(?\d\)\s|(?:
    source|sources|note|notes|nb|n\.b\.|copyright|generated|exported|created|printed|report|page|as\ of|data|disclaimer|
    last\ updated?|end\ of|legend|confidential|filters?\ applied|applied\ filters|remarks?|comments?|
    quelle|quellen|stand|hinweis|anmerkung|erstellt|nota|notas|fuente|fonte|remarque|bron|opmerking|źródło|uwaga|
    источник|примечание|出典|注|来源|備考|资料来源|출처)
    \b\s*[:.：\d]?)""",
    re.I | re.X,
)
COUNT = EndWords(r"\W*\d[\d,.]*\s+(?:rows?|records?|entries|results?|zeilen|lignes|filas|righe)\b.*", re.I)
RULE = re.compile(r"\s*[-=_*~—─═]{2,}\s*")
"""A line of symbols, drawn below a table."""
