"""What belongs to a team, as units of a few files. Never more than some rows in memory. No secrets.

A unit is what is written before the next look at the clock, so it has a limit of rows: a big table is several files.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar

import orjson
from django.db.models import Q, QuerySet
from django.db.models.fields.files import FieldFile

from batchsite.asks.models import Ask
from batchsite.audit import trail
from batchsite.batches.models import Batch, DailySpend, Event
from batchsite.batches.states import State
from batchsite.datasets.models import Dataset
from batchsite.exports.download_choice import DownloadChoice
from batchsite.exports.result_files import FORMS, content
from batchsite.gallery.models import GeneratedPicture, PictureState
from batchsite.home import ledger_lines
from batchsite.prompts.models import PromptVersion
from batchsite.recipes.recipe import id_prefix
from batchsite.results.models import Judgement
from batchsite.tables.sheet_writers import csv_lines
from batchsite.takeout import facts
from batchsite.takeout.zip_parts import Member
from batchsite.teams.models import Team

PICTURES = 200
"""Pictures in one unit."""
ROWS, BYTES, EVENTS = 100_000, 100_000_000, 200_000
"""Rows, or about so many bytes of them, and events of the audit trail in one file."""


Thing = TypeVar("Thing", Dataset, Batch)


@dataclass(frozen=True)
class Place:
    """How far an export came within a kind."""

    after: int = 0
    """The id of the last thing that was written or begun."""
    row: int = 0
    """The last row of it that was written. 0: all of it was."""


Unit = tuple[Place, list[Member]]
"""Where it ends, and its files."""


def next_of(team: Team, kind: str, place: Place, until: datetime) -> Unit | None:
    """Returns the next unit of a kind. None if there is none behind `place`. The audit trail ends at `until`."""
    return KINDS[kind](team, place, until)


def count_of(team: Team) -> int:
    """Returns how many units there are at least, pictures apart."""
    big = (_units(rows) - 1 for rows in _datasets(team).filter(row_count__gt=ROWS).values_list("row_count", flat=True))
    bigger = (_units(rows) - 1 for rows in _batches(team).filter(total__gt=ROWS).values_list("total", flat=True))
    return 2 + _datasets(team).count() + _batches(team).count() + sum(big) + sum(bigger)


def _units(rows: int) -> int:
    return -(-rows // ROWS)


def _about_the_team(team: Team, place: Place, until: datetime) -> Unit | None:
    if place.after:
        return None
    versions = PromptVersion.objects.filter(prompt__team=team, prompt__deleted_at=None)
    asks, spent = Ask.objects.filter(team=team), DailySpend.objects.filter(team=team, ticks__gt=0)
    told = [facts.json_of(facts.team(team))]
    billed = (row for month in reversed(ledger_lines.months(team)) for row in list(ledger_lines.rows(team, month)))
    saved, asked = _lines(versions.select_related("prompt", "created_by"), facts.version), asks.select_related("by")
    return Place(1), [
        Member("team.json", "The team: people and roles, budgets, retention", told),
        Member("prompts.jsonl", "Saved prompts, a version a line", saved, versions.count()),
        Member("asks.jsonl", "Prompts that were asked once", _lines(asked, facts.ask, at_once=20), asks.count()),
        Member("ledger.csv", "What was billed", csv_lines(ledger_lines.HEAD, billed), spent.count()),
    ]


def _trail(team: Team, place: Place, until: datetime) -> Unit | None:
    found = trail.trail_of(team, is_operator=False).filter(at__lte=until, pk__gt=place.after).order_by("pk")
    last = found.values_list("pk", flat=True)[EVENTS - 1 : EVENTS].first() or found.values_list("pk", flat=True).last()
    if last is None and place.after:
        return None
    events = found.filter(pk__lte=last or 0)
    name = "audit-trail.csv" if not place.after else f"audit-trail-after-{place.after}.csv"
    happened = trail.rows(event for some in _pages(events) for event in some)
    return Place(last or 1), [Member(name, "Who did what", csv_lines(trail.HEAD, happened), events.count())]


def _dataset(team: Team, place: Place, until: datetime) -> Unit | None:
    dataset = _at(_datasets(team).select_related("created_by"), place)
    if dataset is None:
        return None
    folder = f"datasets/{dataset.pk}-{id_prefix(dataset.name)}"
    row = place.row if dataset.pk == place.after else 0
    members = [] if row else _about_a_dataset(dataset, folder)
    at_once = _rows_at_once(dataset.size, dataset.row_count)
    last = min(row + at_once, dataset.row_count)
    if dataset.row_count:
        rows = _csv(dataset.columns, (rows for _, rows in dataset.slices(row + 1, last)))
        what = "Its rows; cells as they are, formulas too"
        name = _name_of("rows", row, is_whole=at_once >= dataset.row_count)
        members.append(Member(f"{folder}/{name}.csv", what, rows, last - row))
    return Place(dataset.pk, last if last < dataset.row_count else 0), members


def _about_a_dataset(dataset: Dataset, folder: str) -> list[Member]:
    told = [facts.json_of(facts.dataset(dataset))]
    members = [Member(f"{folder}/dataset.json", "The dataset and how its file was read", told)]
    if _is_there(dataset.file):
        name = f"{folder}/original/{facts.safe_name(dataset.filename)}"
        is_big = dataset.size > BYTES  # packing it would take longer than a step may
        members.append(Member(name, "The file as it was uploaded", _bytes_of(dataset.file), is_packed=is_big))
    return members


def _batch(team: Team, place: Place, until: datetime) -> Unit | None:
    batch = _at(_batches(team).select_related("dataset", "created_by", "started_by", "team"), place)
    if batch is None:
        return None
    row = place.row if batch.pk == place.after else 0
    members = [] if row else _about_a_batch(batch)
    if batch.state == State.DRAFT or not batch.total:
        return Place(batch.pk), members
    at_once = _rows_at_once(batch.dataset.size + 4 * batch.completion_tokens, batch.total)
    some = batch.rows.after(row, at_once)
    name = _name_of("results", row, is_whole=at_once >= batch.total)
    results = content(batch, FORMS["jsonl"], DownloadChoice(ranges=f"{some.first}-{some.last}"))
    members.append(Member(f"{_folder_of(batch)}/{name}.jsonl", "Its rows with their answers", results, len(some)))
    return Place(batch.pk, some.last if some.last < batch.rows.last else 0), members


def _about_a_batch(batch: Batch) -> list[Member]:
    folder = _folder_of(batch)
    judged, events = Judgement.objects.filter(batch=batch), Event.objects.filter(batch=batch)
    told, happened = [facts.json_of(facts.batch(batch))], _lines(events.select_related("by"), facts.event)
    members = [
        Member(f"{folder}/batch.json", "Settings, prompt, notes and sums of the batch", told),
        Member(f"{folder}/timeline.jsonl", "What happened to it", happened, events.count()),
    ]
    if count := judged.count():
        lines = _lines(judged.select_related("by"), facts.judgement, key="row")
        members.append(Member(f"{folder}/judgements.jsonl", "What people said of answers", lines, count))
    return members


def _pictures(team: Team, place: Place, until: datetime) -> Unit | None:
    found = GeneratedPicture.objects.filter(batch__team=team, batch__deleted_at=None, state=PictureState.KEPT)
    some = list(found.filter(pk__gt=place.after).defer("thumb").select_related("batch").order_by("pk")[:PICTURES])
    members = [
        Member(
            f"{_folder_of(one.batch)}/pictures/{facts.safe_name(one.filename)}",
            f"A picture for row {one.row}",
            _bytes_of(one.file),
            is_packed=True,
        )
        for one in some
        if _is_there(one.file)
    ]
    return (Place(some[-1].pk), members) if some else None


KINDS: dict[str, Callable[[Team, Place, datetime], Unit | None]] = {
    "team": _about_the_team,
    "trail": _trail,
    "datasets": _dataset,
    "batches": _batch,
    "pictures": _pictures,
}


def _datasets(team: Team) -> QuerySet[Dataset]:
    return Dataset.objects.filter(team=team, deleted_at=None).order_by("pk")


def _batches(team: Team) -> QuerySet[Batch]:
    return Batch.objects.filter(team=team, deleted_at=None).order_by("pk")


def _folder_of(batch: Batch) -> str:
    return f"batches/{batch.pk}-{id_prefix(batch.name)}"


def _at(things: QuerySet[Thing], place: Place) -> Thing | None:
    """Returns the thing that was begun, if it is still there, else the next one."""
    begun = things.filter(pk=place.after).first() if place.row else None
    return begun or things.filter(pk__gt=place.after).first()


def _rows_at_once(size: int, rows: int) -> int:
    """Returns how many rows of a table of so many bytes and rows are one file."""
    return max(1, min(ROWS, BYTES * rows // size if size else ROWS))


def _name_of(what: str, row: int, *, is_whole: bool) -> str:
    return what if is_whole and not row else f"{what}-from-{row + 1}"


def _lines(
    records: QuerySet[Any], facts_of: Callable[[Any], dict[str, Any]], key: str = "pk", at_once: int = 500
) -> Iterator[bytes]:
    """Yields JSON lines."""
    for some in _pages(records, key, at_once):
        yield b"".join(orjson.dumps(facts_of(one), option=orjson.OPT_APPEND_NEWLINE) for one in some)


def _pages(records: QuerySet[Any], key: str = "pk", at_once: int = 500) -> Iterator[list[Any]]:
    """Yields records some at a time, by key: with an open cursor the lease could not be extended on SQLite."""
    last = 0
    while some := list(records.filter(Q(**{f"{key}__gt": last})).order_by(key)[:at_once]):
        yield some
        last = getattr(some[-1], key)


def _is_there(file: FieldFile) -> bool:
    return bool(file.name) and file.storage.exists(str(file.name))


def _bytes_of(file: FieldFile) -> Iterator[bytes]:
    with file.storage.open(str(file.name)) as stored:
        yield from stored.chunks(1 << 20)


def _csv(columns: Sequence[str], slices: Iterable[Sequence[Sequence[str]]]) -> Iterator[bytes]:
    """Yields a CSV with cells as they are."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for rows in chain([[columns]], slices):
        writer.writerows(rows)
        yield text.getvalue().encode("utf-8", "replace")
        text.seek(0)
        text.truncate()
