"""Documents of ours at xAI: each is sent once, for all rows and batches that name it by its id (facts 3, 6.4).

Intent, network, outcome: the intent to send a file is stored before the call. After a lost reply, the file is searched
for by its name, twice with time in between, as the list may lag. Every submission checks once whether xAI still has
what earlier ones sent, as it may be deleted there or expire.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import PurePosixPath

from django.db import transaction
from django.utils import timezone

from batchsite.batches import generation
from batchsite.batches.batch_recipe import with_file_ids
from batchsite.media.models import HeldFile, SentFile
from batchsite.recipes.recipe import NumberedRow, Recipe
from batchsite.submission.bisect import concerns_rows
from batchsite.submission.step_context import StepContext
from batchsite.timeouts import timeouts
from batchsite.xai.errors import NotFound, XaiError

KEPT = timedelta(days=7)
"""How long xAI keeps a file."""
LEFT = timedelta(days=2)
"""How long it must still exist when rows that name it are sent: most run within a day (facts 2.12)."""


class NotThereYet(RuntimeError):
    """Files are to be sent first, in further steps; the next one in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__("files are not at xAI yet")
        self.seconds = seconds


def has_uploads(recipe: Recipe) -> bool:
    """Whether its rows may name files that go to xAI before them."""
    return bool(recipe.pictures and recipe.pictures.shelf and recipe.pictures.file_ids is not None)


def are_missing(recipe: Recipe, rows: Sequence[NumberedRow]) -> bool:
    """Whether rows name files whose ids the recipe does not have yet: `bring` may have to call xAI."""
    pictures = recipe.pictures
    if pictures is None or pictures.file_ids is None:
        return False
    return any(held.name not in pictures.file_ids for _, cells in rows for held in pictures.uploads(cells))


def bring(context: StepContext, recipe: Recipe, rows: Sequence[NumberedRow]) -> tuple[Recipe, dict[int, str]]:
    """Returns the recipe with xAI's ids of all files that the rows name, and {row: why its file is not taken}.

    Raises NotThereYet where one is missing and the step is over, FileGone and XaiError.
    """
    pictures = recipe.pictures
    if pictures is None or pictures.file_ids is None:
        return recipe, {}
    named = {row: [held.name for held in pictures.uploads(cells)] for row, cells in rows}
    wanted = {name for names in named.values() for name in names} - pictures.file_ids.keys()
    sent = {file.held.name: file for file in _there(context, recipe, wanted)}
    refused = {
        name: f"xAI does not take the file “{name[:80]}”: {sent[name].problem}" for name in sent if sent[name].problem
    }
    ids = {**pictures.file_ids, **{name: file.file_id for name, file in sent.items() if name not in refused}}
    why = {row: refused[name] for row, names in named.items() for name in names if name in refused}
    return with_file_ids(recipe, ids), why


def _there(context: StepContext, recipe: Recipe, names: Iterable[str]) -> list[SentFile]:
    owner = f"{context.account.base_url} {context.submission.provider_team or context.account.fingerprint}"
    dataset, wanted = context.batch.dataset, sorted(names)
    there = SentFile.objects.filter(held__dataset=dataset, held__name__in=wanted, owner=owner)
    known = {file.held.name: file for file in there.select_related("held__dataset").defer("held__thumb")}
    found = []
    for name in wanted:
        sent = known.get(name)
        if sent is None:
            held = HeldFile.objects.select_related("dataset").defer("thumb").get(dataset=dataset, name=name)
            sent, _ = SentFile.objects.get_or_create(held=held, owner=owner)
        if not sent.problem and not _is_there(context, sent):
            _send(context, recipe, sent)
        found.append(sent)
    return found


def _is_there(context: StepContext, sent: SentFile) -> bool:
    """Whether xAI has it. Raises NotThereYet while that cannot be told."""
    _next_call(context)
    if sent.file_id:
        return _is_still_there(context, sent)
    if not sent.tried_at and not context.batch.restored_at:
        return False
    since = (timezone.now() - sent.tried_at).total_seconds() if sent.tried_at else timeouts().after_unknown
    if since < timeouts().after_unknown:  # the call was lost, or another batch is sending it
        raise NotThereYet(min(timeouts().first_look, timeouts().after_unknown - since))
    if sent.missed_at and (wait := timeouts().look_twice - (timezone.now() - sent.missed_at).total_seconds()) > 0:
        raise NotThereYet(wait)
    if file_id := _find(context, sent):
        _set(context, sent, file_id=file_id, sent_at=sent.tried_at or timezone.now(), seen_at=timezone.now())
        return True
    if sent.missed_at or not sent.tried_at:
        return False
    _set(context, sent, missed_at=timezone.now())
    raise NotThereYet(timeouts().look_twice)


def _is_still_there(context: StepContext, sent: SentFile) -> bool:
    now = timezone.now()
    if sent.sent_at and now > sent.sent_at + KEPT - LEFT:
        return False
    if sent.seen_at and sent.seen_at >= context.submission.created_at:
        return True
    try:
        context.client.get_file(sent.file_id)
    except NotFound:
        return False
    _set(context, sent, seen_at=now)
    return True


def _find(context: StepContext, sent: SentFile) -> str:
    """Returns the id of the file that bears our name at xAI. Empty if there is none."""
    oldest = (timezone.now() - KEPT + LEFT).timestamp()
    for number, remote in enumerate(context.client.iter_files()):
        if number % 100 == 0:
            context.claim.extend()
        if remote.created_at and remote.created_at < oldest:
            break
        if remote.filename == _name_there(sent):
            return remote.file_id
    return ""


def _send(context: StepContext, recipe: Recipe, sent: SentFile) -> None:
    shelf = recipe.pictures.shelf if recipe.pictures else None
    assert shelf is not None  # noqa: S101  only files of a shelf are sent
    data = shelf.read(sent.held.name)
    with context.locked():
        fresh = SentFile.objects.select_for_update(of=("self",), no_key=True).get(pk=sent.pk)
        if (fresh.file_id, fresh.tried_at) != (sent.file_id, sent.tried_at):
            raise NotThereYet(0)  # another batch was faster
        generation.advance()
        _set(None, sent, file_id="", tried_at=timezone.now(), missed_at=None, sent_at=None, seen_at=None)
    mime, life = sent.held.mime or "application/octet-stream", int(KEPT.total_seconds())
    try:
        file_id = context.client.upload_file(_name_there(sent), data, mime, life)
    except XaiError as error:
        if not error.unknown_outcome:
            problem = error.message if concerns_rows(error) else ""
            _set(context, sent, tried_at=None, problem=problem)
        if not sent.problem:
            raise
        return
    now = timezone.now()
    _set(context, sent, file_id=file_id, sent_at=now, seen_at=now)


def _next_call(context: StepContext) -> None:
    if context.is_over:
        raise NotThereYet(0)
    context.claim.extend()


def _name_there(sent: SentFile) -> str:
    """Returns its name at xAI: readable, and unique. It is the same after a restore of the database."""
    path, held = PurePosixPath(sent.held.name), sent.held
    mark = hashlib.sha256(f"{held.dataset_id} {held.dataset.created_at.isoformat()} {held.name}".encode()).hexdigest()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-")[:60] or "file"
    return f"{plain}-bs{mark[:20]}{path.suffix if path.suffix.isascii() else ''}"


def _set(context: StepContext | None, sent: SentFile, **values: object) -> None:
    """Write to the record of a file; under the lease, unless the caller holds it already."""
    for name, value in values.items():
        setattr(sent, name, value)
    if context is None:
        sent.save(update_fields=list(values))
        return
    with transaction.atomic(), context.locked():
        sent.save(update_fields=list(values))
