"""`manage.py inspectfile FILE`: how a file is read, what must be asked about it, or why it is refused. No database."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from batchsite.tables import (
    Answers,
    Asks,
    Choice,
    Limits,
    Problem,
    Question,
    ReadingError,
    Table,
    Understood,
    open_table,
)

READ, REFUSED, ASKS = 0, 2, 3
_SHOWN = 20


class Command(BaseCommand):
    """Exit status: 0 read, 3 a question is open, 2 refused."""

    help = "Show how a file is read: encoding, separator, header, rows, questions, problems."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
        parser.add_argument("--rows", type=Path, metavar="OUT.jsonl", help="write the table, one JSON array per line")
        parser.add_argument(
            "--answer", action="append", default=[], metavar="KEY=VALUE", help="answer a question, such as title=part"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        asked = argparse.Namespace(**options)
        try:
            found = inspect(asked.file, dict(map(_answer, asked.answer)), asked.rows)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.", returncode=REFUSED) from error
        if asked.json:
            self.stdout.write(orjson.dumps(found, default=str).decode())
        else:
            self.stdout.write("\n".join(_in_words(found)))
        sys.stdout.flush()
        sys.exit({"read": READ, "ask": ASKS}.get(found["outcome"], REFUSED))


def _answer(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise CommandError(f"--answer {text}: write KEY=VALUE.", returncode=REFUSED)
    return key.strip(), value


def inspect(path: Path, answers: Answers, target: Path | None = None) -> dict[str, Any]:
    """What there is to say about a file; its table is written to `target`, which only a whole table leaves behind."""
    draft = target.with_name(f"{target.name}.part") if target else Path(os.devnull)
    found = _empty()
    try:
        with path.open("rb") as stream:
            table = open_table(stream, filename=path.name, answers=answers, limits=_limits())
            with draft.open("wb") as out:
                count = _write(table, out.write if target else None)
        found.update(outcome="read", rows=count, **_read(table))
        if target:
            draft.replace(target)
    except Asks as asks:
        found.update(outcome="ask", questions=list(map(_question, asks.questions)), **_form(asks.understood))
    except ReadingError as error:
        found.update(outcome="refused", problems=_problems(error.problems), problem_count=error.problem_count)
    finally:
        if target:
            draft.unlink(missing_ok=True)
    return found


def _limits() -> Limits:
    options = settings.OPTIONS
    return Limits(
        rows=options.max_rows, columns=options.max_columns, cell=options.max_cell, unpacked=options.unpacked_bytes
    )


def _write(table: Table, write: Any) -> int:
    """Header, where the file has one, and rows; how many rows there are."""
    if write and table.understood.header != "none":
        write(_line(table.columns))
    count = 0
    for row in table.rows():
        count += 1
        if write:
            write(_line(row))
    return count


def _line(cells: list[str]) -> bytes:
    return orjson.dumps(cells, option=orjson.OPT_APPEND_NEWLINE)


def _empty() -> dict[str, Any]:
    return {
        "outcome": "", "encoding": "", "delimiter": "", "quoting": "", "form": "", "packed": "", "sheet": "",
        "header": [], "header_line": None, "has_header": None, "rows": None, "columns": None, "title_lines": [],
        "notes": [], "questions": [], "problems": [], "problem_count": 0, "left_out": [], "left_out_count": 0,
    }  # fmt: skip


def _read(table: Table) -> dict[str, Any]:
    left_out = table.left_out
    return {
        "header": table.columns,
        "columns": len(table.columns),
        "left_out": _problems(left_out.first),
        "left_out_count": left_out.count,
        **_form(table.understood),
    }


def _form(understood: Understood) -> dict[str, Any]:
    return {
        "encoding": understood.encoding,
        "delimiter": understood.delimiter,
        "quoting": understood.quoting,
        "form": understood.form,
        "packed": understood.packed,
        "sheet": understood.sheet,
        "header_line": understood.header_line,
        "has_header": understood.header != "none",
        "title_lines": [{"line": line, "text": text} for line, text in understood.set_aside],
        "notes": understood.notes,
    }


def _question(question: Question) -> dict[str, Any]:
    return {
        "key": question.key,
        "text": question.text,
        "guess": question.guess,
        "choices": list(map(_choice, question.choices)),
        "evidence": question.evidence,
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {"value": choice.value, "label": choice.label, "rows": choice.rows}


def _problems(problems: list[Problem]) -> list[dict[str, Any]]:
    return [asdict(problem) for problem in problems]


# --- for people


def _in_words(found: dict[str, Any]) -> Iterator[str]:
    yield {"read": "Read.", "ask": "A person must decide:", "refused": "Refused:"}[found["outcome"]]
    for question in found["questions"]:
        yield from _question_in_words(question)
    for problem in found["problems"][:_SHOWN]:
        yield f"  {_problem_in_words(problem)}"
    if found["problem_count"] > _SHOWN:
        yield f"  … {found['problem_count']:,} problems in all; --json lists the first 1,000."
    if found["outcome"] == "read":
        yield f"{found['rows']:,} rows of {found['columns']:,} columns: {', '.join(found['header'])}"
    for name in ("form", "packed", "sheet", "encoding", "delimiter", "quoting", "header_line"):
        if found[name]:
            yield f"{name.replace('_', ' ')}: {found[name] if found[name] != chr(9) else 'tab'}"
    for title in found["title_lines"]:
        yield f"skipped, line {title['line']}: {title['text']}"
    yield from found["notes"]
    if found["left_out_count"]:
        yield f"{found['left_out_count']:,} damaged rows skipped:"
        yield from (f"  {_problem_in_words(problem)}" for problem in found["left_out"][:_SHOWN])


def _question_in_words(question: dict[str, Any]) -> Iterator[str]:
    yield f"  {question['text']}"
    yield from (f"    | {line}" for line in question["evidence"])
    for choice in question["choices"]:
        likely = "  (likely)" if choice["value"] == question["guess"] else ""
        yield f"    --answer {question['key']}={choice['value']!r}: {choice['label']}{likely}"
        yield from (f"        {' ¦ '.join(row)}" for row in choice["rows"][:3])


def _problem_in_words(problem: dict[str, Any]) -> str:
    place = ", ".join(f"{name} {problem[name]}" for name in ("line", "row", "column") if problem[name])
    return ": ".join(filter(None, [place, problem["message"], problem["excerpt"]]))
