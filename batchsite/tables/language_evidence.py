"""How well bytes in an old code page read as a language, which tells code pages apart. Pure."""

from __future__ import annotations

import codecs
import re
from collections import Counter

from batchsite.tables.text_source import MARKED

LABELS = {
    "cp1252": "Western European (Windows-1252)",
    "cp1250": "Central European (Windows-1250)",
    "iso8859-15": "Western European (ISO 8859-15)",
    "mac_roman": "Western European (Mac)",
    "cp850": "Western European (DOS 850)",
    "cp437": "DOS (437)",
    "iso8859-2": "Central European (ISO 8859-2)",
    "cp852": "Central European (DOS 852)",
    "mac_latin2": "Central European (Mac)",
    "cp1254": "Turkish (Windows-1254)",
    "cp857": "Turkish (DOS 857)",
    "mac_turkish": "Turkish (Mac)",
    "cp1257": "Baltic (Windows-1257)",
    "iso8859-4": "Baltic (ISO 8859-4)",
    "cp775": "Baltic (DOS 775)",
    "cp1251": "Cyrillic (Windows-1251)",
    "koi8-r": "Cyrillic (KOI8-R)",
    "koi8-u": "Cyrillic (KOI8-U)",
    "cp866": "Cyrillic (DOS 866)",
    "iso8859-5": "Cyrillic (ISO 8859-5)",
    "mac_cyrillic": "Cyrillic (Mac)",
    "cp855": "Cyrillic (DOS 855)",
    "cp1253": "Greek (Windows-1253)",
    "iso8859-7": "Greek (ISO 8859-7)",
    "cp737": "Greek (DOS 737)",
    "mac_greek": "Greek (Mac)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp862": "Hebrew (DOS 862)",
    "cp1256": "Arabic (Windows-1256)",
    "iso8859-6": "Arabic (ISO 8859-6)",
    "cp1258": "Vietnamese (Windows-1258)",
    "cp932": "Japanese (Shift-JIS)",
    "euc_jp": "Japanese (EUC-JP)",
    "gb18030": "Chinese, simplified (GB 18030)",
    "big5": "Chinese, traditional (Big5)",
    "big5hkscs": "Chinese, Hong Kong (Big5-HKSCS)",
    "cp949": "Korean (EUC-KR)",
    "johab": "Korean (Johab)",
    "cp874": "Thai (Windows-874)",
    "cp865": "Nordic (DOS 865)",
    "cp860": "Portuguese (DOS 860)",
    "iso8859-16": "Romanian (ISO 8859-16)",
    "cp861": "Icelandic (DOS 861)",
    "mac_iceland": "Icelandic (Mac)",
    "iso8859-10": "Nordic (ISO 8859-10)",
    "iso8859-3": "Maltese, Esperanto (ISO 8859-3)",
    "iso8859-14": "Celtic (ISO 8859-14)",
    "cp863": "French of Canada (DOS 863)",
    "mac_croatian": "Croatian (Mac)",
    "mac_romanian": "Romanian (Mac)",
    "kz1048": "Kazakh (KZ-1048)",
    "ptcp154": "Cyrillic of Asia (PT154)",
    "cp869": "Greek (DOS 869)",
    "cp864": "Arabic (DOS 864)",
    "cp720": "Arabic (DOS 720)",
    "utf-8": "UTF-8, with damaged places",
}
_NEVER_GUESSED = {
    "cp861", "cp863", "cp864", "cp869", "cp720", "mac_iceland", "mac_croatian", "mac_romanian", "iso8859-3",
    "iso8859-10", "iso8859-14", "kz1048", "ptcp154",
}  # fmt: skip
"""Code pages that are offered, but that hardly anybody uses."""
_LETTERS = {
    "cp1252 iso8859-15 mac_roman cp850 cp437": (
        "éèàêçâîôùûëïœæ", "äöüß", "áéíóúñü¿¡ªº", "àèéìòùî", "ãõçáéíóúâêôàº", "åäöé", "æøåéäö", "éëïèöüáó", "ðþæöáéíóúý",
    ),
    "cp1250 iso8859-2 cp852": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćđšž"),
    "cp1254": ("çğıöşüâîİ",),
    "cp1258": ("ăâđêôơưàáèéíóùú\u0300\u0301\u0303\u0309\u0323",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "õäöüšž"),
}  # fmt: skip

_MORE_LETTERS = {
    "mac_latin2": _LETTERS["cp1250 iso8859-2 cp852"],
    "iso8859-16": ("ăâîșț",),
    "cp857 mac_turkish": _LETTERS["cp1254"],
    "iso8859-4 cp775": _LETTERS["cp1257"],
    "cp865 cp860": ("æøåéäö", "ãõçáéíóúâêôàº"),
    "cp861 mac_iceland": ("ðþæöáéíóúý",),
    "iso8859-10": ("áčđŋšŧžåäöé", "åäöé", "æøåéäö"),
    "iso8859-3": ("ċġħż", "ĉĝĥĵŝŭ"),
    "iso8859-14": ("ŵŷẃẁâêîôûáéíóú",),
    "cp863": ("éèàêçâîôùûëï",),
    "mac_croatian": ("čćđšž",),
    "mac_romanian": ("ăâîșț",),
}
"""Code pages that are never the first guess."""
_CYRILLIC_OF_ASIA = "әғқңөұүһі"
_CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєґўј"
_GREEK = "αοιετσνηυρπκμλωδγχθφβξζψάέήίόύώςϊϋ"
_HEBREW = "אבגדהוזחטיכךלמםנןסעפףצץקרשת"
_ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىئءأإآؤ"
_THAI = "กขคฆงจฉชซญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮะาำเแโใไๆัิีึืุู็่้๊๋์"
_JAPANESE = (
    "のにをはがとでたしてるいうかなもられこんあまえおけさすせそちつどばびへべほみめやよりわきくアイウエオカキクケコサシスセソタ"
    "チツテトナニネノハヒフヘホマミムメモヤユヨラリルレロワンガギグゲゴザジズゼゾダデドバビブベボパピプペポーッャュョ、。・"
    "日本人大年中会国生行出事東京市語名前社業時間話電方分上下"
)
_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经"
    "么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全"
    "三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任"
    "常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必"
    "场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告"
    "类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运京海上"
)
_TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經"
    "麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全"
    "三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任"
    "常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必"
)
_KOREAN = (
    "이다는의에을를가고하지로한은도기사인시어서자대리나아일그수들있해전정만라부보여과장제원상동주성구스우조공유비관계경학문"
    "영신행세년국민개발소적물모방재내생요것으되습니까안녕감했면거야게"
)
_SCRIPTS = {
    "cp1251 koi8-r koi8-u cp866 iso8859-5 mac_cyrillic cp855": _CYRILLIC,
    "kz1048 ptcp154": _CYRILLIC + _CYRILLIC_OF_ASIA,
    "cp1253 iso8859-7 cp737 mac_greek cp869": _GREEK,
    "cp1255 cp862": _HEBREW,
    "cp1256 iso8859-6 cp864 cp720": _ARABIC,
    "cp874": _THAI,
    "cp932 euc_jp iso2022_jp": _JAPANESE,
    "gb18030": _SIMPLIFIED,
    "big5 big5hkscs": _TRADITIONAL,
    "cp949 johab": _KOREAN,
}
"""The commonest letters of scripts other than Latin, by their code pages."""
_COMMONEST = {
    "cp932": ("shift_jis", 0x88, 0x97),
    "euc_jp": ("euc_jp", 0xB0, 0xCF),
    "iso2022_jp": ("euc_jp", 0xB0, 0xCF),
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "big5": ("big5", 0xA4, 0xC6),
    "big5hkscs": ("big5", 0xA4, 0xC6),
    "cp949": ("euc_kr", 0xB0, 0xC8),
    "johab": ("euc_kr", 0xB0, 0xC8),
}
"""The standard that a code page is built on, and the first bytes of its common characters."""
_EASTERN_SIGNS = "　「」『』【】《》（）！？：；，．～ー％"
_SIGNS = "“”‘’„‚–—…•°€£§©®«»\u00a0·×²³½₫"
_TONES = "\u0300\u0301\u0303\u0309\u0323"
"""Signs of their own behind a letter, in Vietnamese."""
_INVERTED, _VOWELS = "¿¡", tuple("aeiouyáéíóúü")
_OPENING, _CLOSING, _LOW = "“‘", "”’", "„‚"
"""Quotes that open, but for languages that close with them what a low quote opened."""
_SAMPLED = 600
_ENOUGH, _WELL = 0.45, 0.85
_RARE = {"mac_roman", "cp850", "cp437", "cp852"}
_MARGIN, _FEW = 0.25, 1
"""How much better a code page from before Windows must fit where one sign is all, such as a lone ×."""
_ASCII = set(range(128))
_HIGH = re.compile(r"[^\x00-\x7f]")
_SWAPPED = re.compile(r"[^\W\d_a-zA-Z](?<=[а-яα-ω])[А-ЯΑ-Ω]")
"""A capital behind a small letter: one code page of Cyrillic read as another."""


def guess(head: bytes) -> str:
    """The likeliest code page. Latin letters are judged by the tables above, other scripts by chardet.

    Where the letters fit no language well, as with names of several, a code page without a label is no guess.
    """
    best, score = "cp1252", -9.0
    margin = _MARGIN if len(set(head) - _ASCII) <= _FEW else 0.0
    for group, languages in _LETTERS.items():
        for codec in group.split():
            found = _fitness(head, codec, languages)
            if found > score + max(0.02, margin if codec in _RARE else 0.0):
                best, score = codec, found
    if score >= _ENOUGH:
        return best
    other = _by_chardet(head)
    return other if other in LABELS.keys() - _NEVER_GUESSED else best


def reads_well(data: bytes) -> bool:
    """Whether bytes read like a language in one of the usual code pages, with hardly a sign that does not fit."""
    return any(_decodes(data, codec) and likeness(data, codec) >= _WELL for codec in LABELS.keys() - _NEVER_GUESSED)


def _decodes(data: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)().decode(data)
    except UnicodeDecodeError:
        return False
    return codec != "utf-8"


def _by_chardet(head: bytes) -> str:
    import chardet  # only where it is needed: its tables are big

    found = chardet.detect(head).get("encoding") or ""
    try:
        codec = codecs.lookup(found).name
        codecs.getincrementaldecoder(codec)().decode(head)
    except (LookupError, UnicodeDecodeError):
        return ""
    return {"iso8859-8": "cp1255", "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030"}.get(codec, codec)


def _fitness(head: bytes, codec: str, languages: tuple[str, ...]) -> float:
    """How much the bytes beyond ASCII read like one of these languages, at most 1."""
    text = codecs.getincrementaldecoder(codec)(MARKED).decode(head)
    places = [found.start() for _, found in zip(range(_SAMPLED), _HIGH.finditer(text), strict=False)]
    if not places:
        return 0.0
    around = Counter((text[at - 1 : at], text[at], text[at + 1 : at + 3]) for at in places).items()
    opening = "" if any(low in text for low in _LOW) else _OPENING
    sums = (sum(count * _fit(*signs, letters, opening) for signs, count in around) for letters in languages)
    return max(sums) / len(places)


def _fit(before: str, sign: str, after: str, letters: str, opening: str) -> float:
    """One character in its place: 1 for a letter of the language that stands well, below 0 for nonsense.

    `after` are the two characters behind it.
    """
    behind = after[:1]
    inside = before.isalpha() and behind.isalpha()
    if sign in _TONES or sign in _INVERTED:
        is_well = before.isalpha() if sign in _TONES else behind.isalpha() and not before.isalnum()
        return 1.0 if is_well and sign in letters else -2.0
    if sign in _SIGNS:
        return _fit_sign(before, sign, behind, opening)
    if not sign.isalpha():
        return -2.0
    if sign.isupper() and (before.islower() or (behind.isupper() and after[1:].islower())):
        return -1.5
    if sign in "ñÑ" and behind.lower() not in _VOWELS:
        return -0.6
    if sign in "ŕĺŔĹ" and (before.lower() in _VOWELS or behind.lower() in _VOWELS or not behind.isalpha()):
        return -0.6
    foreign = inside and not before.isascii() and not behind.isascii()
    alone = not before.isalpha() and not behind.isalpha()
    likely = 0.5 if alone else 1.0  # less than a sign that stands there
    return (likely if sign in letters or sign.lower() in letters else -0.6) - (0.8 if foreign else 0.0)


def _fit_sign(before: str, sign: str, behind: str, opening: str) -> float:
    inside = before.isalpha() and behind.isalpha()
    if sign == "₫":
        return -1.0 if before.isalpha() or behind.isalpha() else 0.8
    if sign in opening and before.isalpha():
        return -1.0
    if opening and ((sign in opening and behind.isalpha()) or (sign in _CLOSING and before.isalpha() and not inside)):
        return 1.0
    if inside and sign in "–—" and before in _VOWELS and behind in _VOWELS:
        return 0.1
    return -1.0 if inside and sign not in "’–—·\u00a0" else 0.8


def likeness(data: bytes, codec: str) -> float:
    """How much bytes beyond ASCII read like a language that is written in this code page: at most 1."""
    for codec_group, languages in (_LETTERS | _MORE_LETTERS).items():
        if codec in codec_group.split():
            return _fitness(data, codec, languages)
    common = next((letters for group, letters in _SCRIPTS.items() if codec in group.split()), "")
    text = codecs.getincrementaldecoder(codec)(MARKED).decode(data)
    places = [match.start() for _, match in zip(range(_SAMPLED), _HIGH.finditer(text), strict=False)]
    if not places:
        return 0.0
    fits = sum(_fit_script(text[at - 1 : at], text[at], text[at + 1 : at + 2], codec, common) for at in places)
    return fits / len(places) - 2 * len(_SWAPPED.findall(text)) / len(places)


def _fit_script(before: str, sign: str, after: str, codec: str, common: str) -> float:
    """One character: 1 for a common letter of the script, below 0 for what such texts hardly have."""
    latin = any(other.isascii() and other.isalpha() for other in (before, after))
    if latin and sign.isalpha() and sign < "\u3000":
        return -0.8  # no word mixes two alphabets
    if sign in _OPENING and before.isascii() and before.isalpha():
        return -1.0
    if sign in common or sign.lower() in common:
        return 1.0
    if sign in _SIGNS or sign in _EASTERN_SIGNS:
        return 0.3
    return _fit_east(sign, codec) if codec in _COMMONEST else -0.6


def _fit_east(sign: str, codec: str) -> float:
    """A character of East Asia that is none of the commonest: those that come first in its code page are common."""
    if "ぁ" <= sign <= "ヾ":
        return 0.8 if codec in {"cp932", "euc_jp", "iso2022_jp"} else -0.6
    kind = "가" <= sign <= "힣" if codec in {"cp949", "johab"} else "\u4e00" <= sign <= "\u9fff"
    if not kind:
        return -0.6
    standard, first, last = _COMMONEST[codec]
    try:
        lead = sign.encode(standard)[0]
    except UnicodeEncodeError:
        return -0.3
    return 0.6 if first <= lead <= last else 0.1
