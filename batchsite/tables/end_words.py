"""Words that occur below tables: for totals, notes and row counts; and lines of symbols. Pure."""

from __future__ import annotations

import re

TOTAL = re.compile(
    r"""\W*(?:(?:grand|sub|net|gross|overall)[\s-]?)?(?:
    totals?|sums?|average|avg|mean|count|summe|gesamt\w*|insgesamt|zwischensumme|endsumme|durchschnitt|mittelwert|
    somme|totaux|sous-total|moyenne|suma|promedio|media|média|soma|totale|totales|somma|totaal|som|gemiddelde|totalt|
    summa|i\ alt|yhteensä|razem|ogółem|łącznie|celkem|spolu|összesen|ukupno|skupaj|toplam|genel\ toplam|jumlah|
    tổng(?:\ cộng)?|итого|всего|сумма|разом|усього|общо|σύνολο|סה"כ|סך\ הכל|المجموع|الإجمالي|รวม\w*|कुल|
    合計\w*|合计\w*|总计\w*|總計\w*|総計\w*|总和|總和|小计|小計|共计|計|합계|총계|소계|총합계|누계
    )(?!\w)\W*(?:\w+\W*)?(?:\(.*\)\W*)?""",
    re.I | re.X,
)
TOTAL_LIKE = re.compile(
    r"""(?:.*\b)?(?:(?:sub|grand)?totals?|totaux|summe|summa|suma|soma|somme|gesamt|итого|всего)\b.*|
    .*\w(?:total|totaal|totalt|summe|summa|gesamt)|(?:total|gesamt|summe)\w+|
    max(?:imum)?\.?|min(?:imum)?\.?|median\w*|mode|std\.?|s\.?d\.?|st(?:d|andard)\.?[ ]dev\w*\.?|variance|range|
    count\b.*|number[ ]of\b.*|percent\w*|share|in[ ]?%|%|all|overall|everything|ensemble|alle|tous|toutes|todos?|tutti|
    anzahl|nombre|número|numero|maximal\w*|minim\w*|standardabweichung|écart-type|máximo|mínimo|mediana|
    平均\w*|最大\w*|最小\w*|中央値|件数|全体|전체|평균|среднее|максимум|минимум|медиана""",
    re.I | re.X | re.S,
)
"""Words that say a total or the like, or may be a name: only in a row that lacks what no other lacks."""
NOTE = re.compile(
    r"""\s*(?:[*†‡§¹²³©#]|\(?\d\)\s|(?:
    source|sources|note|notes|nb|n\.b\.|copyright|generated|exported|created|printed|report|page|as\ of|data|disclaimer|
    last\ updated?|end\ of|legend|confidential|filters?\ applied|applied\ filters|remarks?|comments?|
    quelle|quellen|stand|hinweis|anmerkung|erstellt|nota|notas|fuente|fonte|remarque|bron|opmerking|źródło|uwaga|
    источник|примечание|出典|注|来源|備考|资料来源|출처)
    \b\s*[:.：\d]?)""",
    re.I | re.X,
)
COUNT = re.compile(r"\W*\d[\d,.]*\s+(?:rows?|records?|entries|results?|zeilen|lignes|filas|righe)\b.*", re.I)
RULE = re.compile(r"\s*[-=_*~—─═]{2,}\s*")
"""A line of signs, drawn below a table."""
