"""The arguments of `manage.py runbatch`, checked before anything is spent."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.datasets.models import Dataset
from batchsite.exports import result_files
from batchsite.pricing.cap_form import SpendCapForm
from batchsite.recipes import answer_shape
from batchsite.recipes.row_set import parse_rows
from batchsite.xai.bodies import PARAMS

ALL_WELL, OTHER, BAD_INPUT, SOME_FAILED = 0, 1, 2, 3
"""Exit statuses."""


class Stop(Exception):
    """Ends the command with a message and an exit status."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def form_of(output: Path | None) -> result_files.AnyForm | None:
    """Returns the format of the output file. Raises Stop for an unknown one, before anything is spent."""
    if output is None:
        return None
    form = result_files.form_for(output)
    if form is None:
        raise Stop(BAD_INPUT, f"{output.name}: the file name must end in .csv, .json, .jsonl, .xlsx or .parquet.")
    if not output.absolute().parent.is_dir():
        raise Stop(BAD_INPUT, f"There is no folder {output.absolute().parent}.")
    return form


def params_of(arguments: argparse.Namespace) -> dict[str, Any]:
    params: dict[str, Any] = {}
    for text in arguments.param:
        name, equals, value = text.partition("=")
        if not equals or name not in PARAMS:
            raise Stop(BAD_INPUT, f"--param {text}: write NAME=VALUE, with one of {', '.join(PARAMS)}.")
        try:
            params[name] = orjson.loads(value)
        except ValueError:
            params[name] = value
    return params


def answers_of(arguments: argparse.Namespace) -> dict[str, str]:
    """Returns the answers to questions about the file that were given as arguments."""
    pairs = [text.partition("=") for text in arguments.answer]
    for (key, equals, value), text in zip(pairs, arguments.answer, strict=True):
        if not (key and equals and value):
            raise Stop(BAD_INPUT, f"--answer {text}: write KEY=VALUE, as the questions about the file say.")
    return {key: value for key, _, value in pairs}


def shape_of(path: Path | None) -> dict[str, Any] | None:
    """Returns the schema file as the shape of a batch; as text, to keep the order of its fields."""
    if path is None:
        return None
    try:
        shape = {"schema": path.read_text("utf-8-sig")}
    except OSError as error:
        raise Stop(BAD_INPUT, f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Stop(BAD_INPUT, f"{path} is not JSON: it is not in UTF-8.") from error
    wrong = answer_shape.problems(shape)
    if wrong:
        raise Stop(BAD_INPUT, f"{path}: {wrong[0]}")
    return shape


def ranges_of(arguments: argparse.Namespace, dataset: Dataset) -> list[list[int]] | None:
    if not arguments.rows:
        return None
    if arguments.limit is not None:
        raise Stop(BAD_INPUT, "Give either --limit or --rows.")
    try:
        rows = parse_rows(arguments.rows, dataset.row_count)
    except ValueError as error:
        raise Stop(BAD_INPUT, f"--rows: {error}") from error
    if not rows:
        raise Stop(BAD_INPUT, "--rows names no row: write numbers and ranges, such as 1-100,205.")
    return rows.as_lists()


def cap_of(arguments: argparse.Namespace, batch: Batch) -> int | None:
    """Returns what the batch may cost, in ticks; None if nothing was given. The page's own form checks it."""
    if not arguments.cap:
        return None
    form = SpendCapForm(QueryDict(urlencode({"spend_cap": arguments.cap})), batch)
    if not form.is_valid():
        raise Stop(BAD_INPUT, f"--cap {arguments.cap}: {form.errors['spend_cap'][0]}")
    return form.ticks
