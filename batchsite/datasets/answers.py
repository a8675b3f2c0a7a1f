"""People decide how a file is read: they answer its questions, change an answer, or go on without its bad rows.

Each has the dataset imported again by the worker, from the kept file and with all answers given so far.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils import timezone

from batchsite.datasets.import_queue import begin_soon
from batchsite.datasets.importer import keep
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.datasets.reading_report import kept_answer
from batchsite.datasets.upload_limits import hold_to, why_no_import
from batchsite.tables import BAD_ROWS, LEAVE
from batchsite.teams.models import User

UNTOUCHED: dict[str, Any] = {
    "questions": [],
    "problems": [],
    "problem_count": 0,
    "can_leave": False,
    "left_out": 0,
    "file_rows": 0,
    "profile": {},
    "understood": {},
    "form": "",
    "encoding": "",
    "delimiter": "",
    "columns": [],
    "row_count": 0,
    "bytes_read": 0,
    "held_reason": "",
}
"""A dataset whose file was never read."""


class CannotChange(Exception):
    """The dataset changed since the person saw it, or batches use it. The message says which."""


def answer(dataset: Dataset, user: User | None, values: Mapping[str, str]) -> None:
    """Imports a dataset that has questions, with these answers. Raises CannotChange."""
    with transaction.atomic():
        locked = Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
        if locked.deleted_at or locked.state != DatasetState.ASKING:
            raise CannotChange("It has already been answered.")
        asked = {str(one["key"]): one for one in locked.questions}
        if asked.keys() != values.keys():
            raise CannotChange("It has already been answered, and now has another question.")
        _begin(locked, _with(locked.answers, values, user, asked))


def leave_bad_rows(dataset: Dataset, user: User | None) -> None:
    """Imports a refused dataset without its bad rows. Raises CannotChange."""
    with transaction.atomic():
        locked = Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
        if locked.deleted_at or locked.state != DatasetState.REFUSED or not locked.can_leave:
            raise CannotChange("It is no longer waiting for that.")
        _begin(locked, _with(locked.answers, {BAD_ROWS: LEAVE}, user, {}))


def read_again(dataset: Dataset, user: User | None, values: Mapping[str, str]) -> None:
    """Imports a dataset again with other answers; an empty one withdraws an answer. Raises CannotChange."""
    with transaction.atomic():
        locked = Dataset.objects.select_for_update(no_key=True).get(pk=dataset.pk)
        if locked.deleted_at or locked.state not in {DatasetState.READY, DatasetState.REFUSED}:
            raise CannotChange("It is being imported, or has a question of its own.")
        if locked.batches.filter(deleted_at=None).exists():
            raise CannotChange(f"Batches use {locked.name}, and their results refer to its rows.")
        _begin(locked, changed(locked, user, values))


def read_beside(dataset: Dataset, user: User | None, values: Mapping[str, str]) -> Dataset:
    """Returns a new dataset of the same file, read with other answers; `dataset` stays as it is.

    Raises CannotChange where there is no file yet, NotTaken where too many wait, and OSError.
    """
    if not dataset.file:
        raise CannotChange("Its file was never fetched.")
    other = Dataset(team=dataset.team, created_by=user, replaces=dataset)
    other.answers = changed(dataset, user, values)
    with dataset.file.open("rb") as file:
        take = partial(hold_to, dataset.team, dataset.size, why_no_import)
        return keep(other, _once_more(dataset, file), dataset.filename, dataset.name, now=True, take=take)


def changed(dataset: Dataset, user: User | None, values: Mapping[str, str]) -> list[dict[str, Any]]:
    """Returns the dataset's answers with these changes; an empty value withdraws an answer."""
    asked = {str(one["key"]): one["question"] for one in dataset.answers if one["question"]}
    new = {key: value for key, value in values.items() if value != dataset.given.get(key, "")}
    kept = [one for one in dataset.answers if new.get(one["key"]) != ""]
    return _with(kept, {key: value for key, value in new.items() if value}, user, asked)


def _with(
    before: list[dict[str, Any]], values: Mapping[str, str], user: User | None, asked: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Returns the earlier answers and these, in the order in which they were given: the last one counts."""
    now, by = timezone.now(), user.pk if user else None
    answers = {one["key"]: one for one in before}
    for key, value in values.items():
        answers.pop(key, None)
        answers[key] = kept_answer(key, value, by=by, at=now, question=asked.get(key))
    return list(answers.values())


def _begin(locked: Dataset, answers: list[dict[str, Any]]) -> None:
    """Has it imported again; the step removes what the previous import stored."""
    begin = {"state": DatasetState.IMPORTING, "answers": answers, "next_look_at": timezone.now(), "tries": 0}
    Dataset.objects.filter(pk=locked.pk).update(**UNTOUCHED, **begin)
    begin_soon(locked)


class _Linked(File):  # type: ignore[type-arg]
    """A second hard link to a stored file, which the storage then moves into place without copying bytes."""

    def __init__(self, file: Any, path: Path) -> None:
        super().__init__(file, path.name)
        self.path = path

    def temporary_file_path(self) -> str:
        return str(self.path)


def _once_more(dataset: Dataset, file: Any) -> File[Any]:
    """Returns the stored file for storing under another name; it is copied if the disk has no hard links."""
    path = Path(settings.FILE_UPLOAD_TEMP_DIR) / f"{secrets.token_hex(12)}.upload"  # swept up should we die here
    try:
        os.link(dataset.file.path, path)
    except (OSError, NotImplementedError):
        return File(file)
    return _Linked(file, path)
