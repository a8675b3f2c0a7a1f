"""Which dialect a text has; a question if more than one makes sense. Pure."""

from __future__ import annotations

import re

from batchsite.tables.cell_values import data_columns, is_datum
from batchsite.tables.dialects import NAMES, ONE_COLUMN, QUOTINGS, STRONG, Trial, trial, trials
from batchsite.tables.excerpts import excerpt
from batchsite.tables.table_types import Answers, Choice, Problem, Question, ReadingError

_SHOWN = 3
_RIVAL = 0.8
"""Share of the best score from which on another delimiter is a rival."""
_UNEVEN = 0.8
_WRAPPED = re.compile(r"^\"([^\"\r\n]*)\"\r?$", re.M)
_SENTENCES = 2
"""Lines with a delimiter, and as many without, from which on delimiters are rather punctuation."""

Chosen = tuple[Trial, list[Question]]


def choose(sample: str, *, whole: bool, answers: Answers, delimiter: str = "") -> Chosen:
    """The likeliest reading of a sample; `delimiter` is what the file itself says. Raises ReadingError."""
    return _Chooser(sample, whole=whole, answers=answers).choose(delimiter)


class _Chooser:
    def __init__(self, sample: str, *, whole: bool, answers: Answers) -> None:
        self.sample, self.whole, self.answers = sample, whole, answers
        self.quoting = answers.get("quoting", "")
        if self.quoting and self.quoting not in QUOTINGS:
            raise ReadingError(
                [Problem(f"“{self.quoting}” is not a way of quoting. Choose from {', '.join(QUOTINGS)}.")]
            )

    def choose(self, delimiter: str) -> Chosen:
        if "delimiter" in self.answers:
            best, question = self._with(delimiter_of(self.answers["delimiter"])), None
        elif delimiter and delimiter in self.sample:
            best, question = self._with(delimiter), None
        else:
            best, question = self._likeliest()
        asked = [question] if question else []
        text = None if self.quoting else self._quotes_as_text(best)
        if text:
            return text, [*asked, _about_quotes(best, text)]
        return best, asked

    def _with(self, delimiter: str) -> Trial:
        return trial(self.sample, delimiter, whole=self.whole, quoting=self.quoting)

    def _likeliest(self) -> tuple[Trial, Question | None]:
        found = trials(self.sample, whole=self.whole, quoting=self.quoting)
        likely = [one for one in found if one.width > 1]
        torn = [one for one in found if one.dialect.delimiter in STRONG and any(len(r[0]) > 1 for r in one.filled)]
        if not likely:
            return self._single(torn)
        if likely[0].dialect.delimiter in STRONG:
            return self._strong(likely[0], likely[1:], torn)
        return self._weak(likely[0], torn)

    def _single(self, torn: list[Trial]) -> tuple[Trial, Question | None]:
        """One column; but where delimiters stand outside of quotes, and not as in sentences, only a person knows."""
        if not torn:
            return self._with(","), None
        if all(map(_sentences, torn)) or self._proven(torn):
            return self._text(torn), None
        single = self._with(ONE_COLUMN)
        return single, _about_delimiter([single, *torn])

    def _proven(self, torn: list[Trial]) -> bool:
        """Whether cells are quoted for nothing but a delimiter in them, below a name without any: it is the one."""
        sign = self._text(torn).dialect.delimiter
        wrapped = _WRAPPED.findall(self.sample)
        proven = len(wrapped) >= _SENTENCES and all(sign in cell for cell in wrapped)
        return proven and all(len(one.filled[0][0]) == 1 for one in torn)

    def _text(self, torn: list[Trial]) -> Trial:
        """One column of text; a delimiter that stands in quotes alone must stand in quotes further down as well."""
        outside = {one.dialect.delimiter for one in torn}
        quoted = (sign for sign in STRONG if sign in self.sample and sign not in outside)
        return self._with(next(quoted, ONE_COLUMN))

    def _strong(self, best: Trial, others: list[Trial], torn: list[Trial]) -> tuple[Trial, Question | None]:
        if _prose(best):
            if all(map(_sentences, torn)):
                return self._text(torn), None
            single = self._with(ONE_COLUMN)
            return single, _about_delimiter([single, best, *torn])
        rivals = [
            one
            for one in others
            if (one.score > _RIVAL * best.score and one.perfect >= best.perfect) or _finer(one, best)
        ]
        return best, _about_delimiter([best, *rivals]) if rivals else None

    def _weak(self, best: Trial, torn: list[Trial]) -> tuple[Trial, Question | None]:
        """Whether the delimiter is weak: a colon or a space may just as well be part of the text."""
        first, below = best.filled[0], best.filled[1:]
        space = best.dialect.delimiter == " "
        values = [record[1].strip() for record in below]
        named = len(first[0]) > 1 and (space or not is_datum(first[1].strip()))
        if values and not named and sum(map(is_datum, values)) >= 0.9 * len(values):
            return self._single(torn)  # times, addresses, big numbers
        if space and not named and best.width == 2:
            return self._single(torn)  # pairs of words below one name
        spaced = any(cell[:1] == " " for record in best.filled for cell in record[0][1:])
        typed = data_columns([record[0] for record in below], best.width)
        shaped = len(typed) > 1 or (best.width > 2 and not space)
        likely = (best.perfect and not space) or (best.even >= 0.5 and shaped)
        if named and not spaced and len(best.filled) > 2 and likely:
            return best, None
        if best.even < (0.7 if named or not space else 0.9) and not (named and len(best.filled) == 2):
            return self._single(torn)
        single = self._with(ONE_COLUMN)
        order = [best, single] if best.perfect and (typed or not (spaced or space)) else [single, best]
        return order[0], _about_delimiter([*order, *torn])

    def _quotes_as_text(self, best: Trial) -> Trial | None:
        """The reading in which quotes are text, where no quote of the file fits and all rows are even without."""
        if not best.dialect.quote or best.quoted > 0 or not any(record[3] for record in best.filled):
            return None
        text = trial(self.sample, best.dialect.delimiter, whole=self.whole, quoting="none")
        return text if text.perfect else None


def _finer(found: Trial, best: Trial) -> bool:
    """Whether each record, the first as well, has at least as many cells as under the best, and some have more."""
    widths = {len(record[0]) for record in found.filled}
    return found.dialect.delimiter in STRONG and min(widths) >= best.width < max(widths)


def _prose(found: Trial) -> bool:
    """Whether the records are rather sentences with commas, or decimals, one a line below a name without one."""
    first, below = found.filled[0], found.filled[1:]
    if found.dialect.delimiter == "\t" or first[3] or found.quoted:
        return False
    cells = [cell for record in below for cell in record[0][1:]]
    spaced = sum(1 for cell in cells if cell[:1] == " ")
    if len(first[0]) > 1:
        return bool(cells) and found.even < _UNEVEN and spaced >= 0.9 * len(cells)
    decimals = sum(1 for record in below if is_datum(record[1].strip()))
    return bool(cells) and (spaced >= 0.9 * len(cells) or found.even < 0.7 or decimals >= 0.9 * len(below))


def _sentences(found: Trial) -> bool:
    """Whether delimiters stand as in sentences, in some of the lines below a name without one, here and there.

    Two with and two without below the first with one: neither a title nor a single damaged row looks like that.
    """
    first, below = found.filled[0], found.filled[1:]
    wide = [number for number, record in enumerate(below) if len(record[0]) > 1 and not record[3]]
    if len(first[0]) != 1 or len(wide) < _SENTENCES:
        return False
    narrow = sum(1 for record in below[wide[0] :] if len(record[0]) == 1)
    cells = [cell for number in wide for cell in below[number][0][1:]]
    spaced = sum(1 for cell in cells if cell[:1] in {" ", ""})
    return narrow >= _SENTENCES and spaced >= 0.9 * len(cells)


def _about_delimiter(ways: list[Trial]) -> Question:
    """Returns the question which of these ways to read the file is right; the first is the guess."""
    choices = tuple(_choice(way) for way in {way.dialect.delimiter: way for way in reversed(ways)}.values())
    text = "What separates the cells in a row?"
    return Question("delimiter", text, choices[::-1], value_of(ways[0].dialect.delimiter), _evidence(ways[0]))


def _choice(way: Trial) -> Choice:
    delimiter = way.dialect.delimiter
    label = NAMES.get(delimiter, repr(delimiter))
    label = "Nothing: there is only one column" if delimiter == ONE_COLUMN else f"A {label}"
    return Choice(value_of(delimiter), label, _rows(way))


def _about_quotes(best: Trial, text: Trial) -> Question:
    faults = [record for record in best.filled if record[3]]
    return Question(
        "quoting",
        "Quotes in this file open cells but never close them properly. Are they part of the text?",
        (
            Choice("none", "Yes: quotes are text like any other", _rows(text)),
            Choice('"', "No: these places are damaged"),
        ),
        "none",
        tuple(f"Line {line}: {excerpt(raw)}" for _, raw, line, _ in faults[:_SHOWN]),
    )


def _rows(way: Trial) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(record[0]) for record in way.filled[:_SHOWN])


def _evidence(way: Trial) -> tuple[str, ...]:
    return tuple(f"Line {line}: {excerpt(raw)}" for _, raw, line, _ in way.filled[:_SHOWN])


def value_of(delimiter: str) -> str:
    """A delimiter as an answer gives it."""
    return "none" if delimiter == ONE_COLUMN else delimiter


def delimiter_of(value: str) -> str:
    """The delimiter that an answer means: itself, or its name. Raises ReadingError for anything else."""
    if value == "none":
        return ONE_COLUMN
    named = {name: sign for sign, name in NAMES.items()}
    found = named.get(value.strip().lower(), "\t" if value == "\\t" else value)
    if len(found) != 1 or found in '\r\n"\0':
        raise ReadingError([Problem(f"“{value}” is not a separator: it must be a single character.")])
    return found
