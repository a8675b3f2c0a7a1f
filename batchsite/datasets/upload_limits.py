"""How big an upload may be, and how many may wait: no team may fill the queue or the disk for everybody."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.db.models import Count, Q, Sum

from batchsite.datasets import upload_quota
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.teams.models import Team
from batchsite.wording import size


class NotTaken(Exception):
    """The upload is refused before it is kept; the text says why and what to do."""


def check_size(length: int) -> None:
    """Raises NotTaken for an upload that is empty or over the limit."""
    if not length:
        raise NotTaken("The file is empty.")
    check_limit(length)


def check_limit(length: int) -> None:
    """Raises NotTaken for a file over the limit."""
    limit = settings.OPTIONS.upload_bytes
    if length > limit:
        raise NotTaken(
            f"The file has {length:,} bytes; the limit is {limit:,}. Split it, or ask whoever runs batchsite."
        )


def room_for(team: Team) -> int:
    """Returns the bytes that an upload of the team may have now, by its own size and what the team keeps."""
    options = settings.OPTIONS
    if not options.team_bytes:
        return options.upload_bytes
    kept: int = Dataset.objects.filter(team=team, deleted_at=None).aggregate(kept=Sum("size", default=0))["kept"]
    return max(0, min(options.upload_bytes, options.team_bytes - kept))


def hold_to(team: Team, length: int, why_not: Callable[[Team, int], str]) -> None:
    """Raises NotTaken. Called in the transaction that writes an upload down: those that arrive at the same moment all
    passed before, and are counted one after the other here.
    """
    Team.objects.select_for_update(no_key=True).filter(pk=team.pk).first()
    if words := why_not(team, length):
        raise NotTaken(words)


def why_no_upload(team: Team, length: int) -> str:
    """Returns why the team cannot upload another `length` bytes now, and what to do. Blank if it can."""
    return why_no_import(team, length) or upload_quota.why_over(team, length)


def why_no_import(team: Team, length: int) -> str:
    """The same for a file of that length which is here already, and is to be read once more."""
    options, waits = settings.OPTIONS, Q(state=DatasetState.IMPORTING)
    had = Dataset.objects.filter(team=team, deleted_at=None).aggregate(
        waiting=Count("pk", filter=waits),
        waiting_bytes=Sum("size", filter=waits, default=0),
        kept=Sum("size", default=0),
    )
    if had["waiting"] >= options.waiting_uploads:
        return (
            f"Your team already has {had['waiting']:,} uploads waiting to be read, which is the most there can be. "
            "Upload this file when some are done, or delete some."
        )
    if had["waiting"] and had["waiting_bytes"] + length > options.waiting_bytes:
        return (
            f"Your team already has {size(had['waiting_bytes'])} waiting to be read; with this file it would be more "
            f"than {size(options.waiting_bytes)}. Upload it when some are done, or delete some."
        )
    if options.team_bytes and had["kept"] + length > options.team_bytes:
        return (
            f"Your team’s files take {size(had['kept'])} of the {size(options.team_bytes)} that it may keep. Delete "
            "datasets that nobody needs, or ask whoever runs batchsite for more."
        )
    return ""
