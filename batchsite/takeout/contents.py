"""What belongs to a team, thing by thing, as files: never more of it in memory than some rows. No secrets."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import orjson
from django.db.models import Q, QuerySet
from django.db.models.fields.files import FieldFile

from batchsite.asks.models import Ask
from batchsite.audit import trail
from batchsite.audit.models import AuditEvent
from batchsite.batches.models import Batch, DailySpend, Event
from batchsite.batches.states import State
from batchsite.datasets.models import Dataset
from batchsite.exports.result_files import FORMS, content
from batchsite.gallery.models import GeneratedPicture, PictureState
from batchsite.home import ledger
from batchsite.prompts.models import PromptVersion
from batchsite.recipes.recipe import id_prefix
from batchsite.results.models import Judgement
from batchsite.tables.sheet_writers import csv_lines
from batchsite.takeout import facts
from batchsite.takeout.zip_parts import Member
from batchsite.teams.models import Team

PICTURES = 200
"""Pictures in one part."""
Thing = tuple[int, list[Member]]
"""Its id, or that of its last record; and its files."""


def next_of(team: Team, kind: str, after: int) -> Thing | None:
    """Returns the next thing of a kind. None if there is none behind `after`."""
    return KINDS[kind](team, after)


def count_of(team: Team) -> int:
    """Returns how many things there are, pictures apart."""
    return 1 + _datasets(team).count() + _batches(team).count()


def _about_the_team(team: Team, after: int) -> Thing | None:
    if after:
        return None
    versions = PromptVersion.objects.filter(prompt__team=team, prompt__deleted_at=None)
    asks, spent = Ask.objects.filter(team=team), DailySpend.objects.filter(team=team, ticks__gt=0)
    newest = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    events = trail.trail_of(team, is_operator=False).filter(pk__lte=newest)
    told = [facts.json_of(facts.team(team))]
    billed = (row for month in reversed(ledger.months(team)) for row in list(ledger.rows(team, month)))
    happened = trail.rows(event for some in _pages(events) for event in some)
    saved, asked = _lines(versions.select_related("prompt", "created_by"), facts.version), asks.select_related("by")
    return 1, [
        Member("team.json", "The team: people and roles, budgets, retention", told),
        Member("prompts.jsonl", "Saved prompts, a version a line", saved, versions.count()),
        Member("asks.jsonl", "Prompts that were asked once", _lines(asked, facts.ask), asks.count()),
        Member("ledger.csv", "What was billed", csv_lines(ledger.HEAD, billed), spent.count()),
        Member("audit-trail.csv", "Who did what", csv_lines(trail.HEAD, happened), events.count()),
    ]


def _dataset(team: Team, after: int) -> Thing | None:
    dataset = _datasets(team).filter(pk__gt=after).select_related("created_by").first()
    if dataset is None:
        return None
    folder = f"datasets/{dataset.pk}-{id_prefix(dataset.name)}"
    told = [facts.json_of(facts.dataset(dataset))]
    members = [Member(f"{folder}/dataset.json", "The dataset and how its file was read", told)]
    if _is_there(dataset.file):
        name = f"{folder}/original/{facts.safe_name(dataset.filename)}"
        members.append(Member(name, "The file as it was uploaded", _bytes_of(dataset.file)))
    if dataset.row_count:
        rows = _csv(dataset.columns, (rows for _, rows in dataset.slices()))
        what = "Its rows; cells as they are, formulas too"
        members.append(Member(f"{folder}/rows.csv", what, rows, dataset.row_count))
    return dataset.pk, members


def _batch(team: Team, after: int) -> Thing | None:
    found = _batches(team).filter(pk__gt=after)
    batch = found.select_related("dataset", "created_by", "started_by", "team").first()
    if batch is None:
        return None
    folder = _folder_of(batch)
    judged, events = Judgement.objects.filter(batch=batch), Event.objects.filter(batch=batch)
    told, happened = [facts.json_of(facts.batch(batch))], _lines(events.select_related("by"), facts.event)
    members = [
        Member(f"{folder}/batch.json", "Settings, prompt, notes and sums of the batch", told),
        Member(f"{folder}/timeline.jsonl", "What happened to it", happened, events.count()),
    ]
    if batch.state != State.DRAFT:
        results = content(batch, FORMS["jsonl"])
        members.append(Member(f"{folder}/results.jsonl", "Its rows with their answers", results, batch.total))
    if count := judged.count():
        lines = _lines(judged.select_related("by"), facts.judgement, key="row")
        members.append(Member(f"{folder}/judgements.jsonl", "What people said of answers", lines, count))
    return batch.pk, members


def _pictures(team: Team, after: int) -> Thing | None:
    found = GeneratedPicture.objects.filter(batch__team=team, batch__deleted_at=None, state=PictureState.KEPT)
    some = list(found.filter(pk__gt=after).defer("thumb").select_related("batch").order_by("pk")[:PICTURES])
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
    return (some[-1].pk, members) if some else None


KINDS: dict[str, Callable[[Team, int], Thing | None]] = {
    "team": _about_the_team,
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


def _lines(records: QuerySet[Any], facts_of: Callable[[Any], dict[str, Any]], key: str = "pk") -> Iterator[bytes]:
    """Yields JSON lines."""
    for some in _pages(records, key):
        yield b"".join(orjson.dumps(facts_of(one), option=orjson.OPT_APPEND_NEWLINE) for one in some)


def _pages(records: QuerySet[Any], key: str = "pk") -> Iterator[list[Any]]:
    """Yields records some at a time, by key: with an open cursor the lease could not be extended on SQLite."""
    last = 0
    while some := list(records.filter(Q(**{f"{key}__gt": last})).order_by(key)[:500]):
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
