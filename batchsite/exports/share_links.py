"""Links that fetch a file without signing in: one batch, one choice, for some days, and until they are revoked."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.batches.queries import batches_of
from batchsite.exports.download_choice import ROWS, DownloadChoice, names_of
from batchsite.exports.models import ShareLink
from batchsite.exports.result_files import ALL_FORMS
from batchsite.exports.row_streams import comment_column
from batchsite.processes.outages import write_if_possible
from batchsite.teams.models import Membership, User

DAYS = {"1": "1 day", "7": "7 days", "30": "30 days"}
"""How long a link may last."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Shared:
    """The file that a link fetches."""

    link: ShareLink
    batch: Batch
    form: str
    choice: DownloadChoice


def make(
    batch: Batch, user: User, form: str, choice: DownloadChoice, *, days: int, with_comments: bool
) -> tuple[ShareLink, str]:
    """Returns a new link, and its token, which is not kept."""
    token = secrets.token_urlsafe(32)
    link = ShareLink.objects.create(
        batch=batch,
        token_hash=_hash(token),
        form=form,
        choice=choice.as_json(),
        with_comments=with_comments,
        made_by=user,
        expires_at=timezone.now() + timedelta(days=days),
    )
    return link, token


def links_of(batch: Batch) -> QuerySet[ShareLink]:
    """Returns the links that still work, the latest first."""
    members = Membership.objects.filter(team=batch.team_id, user__is_active=True).values("user")
    working = batch.share_links.filter(revoked_at=None, expires_at__gt=timezone.now(), made_by__in=members)
    return working.select_related("made_by").order_by("-made_at")


def revoke(batch: Batch, link_id: int) -> bool:
    """Returns whether there was such a link that still worked."""
    return batch.share_links.filter(pk=link_id, revoked_at=None).update(revoked_at=timezone.now()) == 1


def opened(token: str) -> Shared | None:
    """Returns the file of a token. None if it is unknown, expired or revoked, or its maker or batch is gone."""
    link = ShareLink.objects.filter(token_hash=_hash(token)).select_related("batch__team").first()
    if link is None or not links_of(link.batch).filter(pk=link.pk).exists():
        return None
    batch = batches_of(link.batch.team).select_related("dataset", "team").filter(pk=link.batch_id).first()
    choice = DownloadChoice.from_json(link.choice)
    if batch is None or link.form not in ALL_FORMS or choice.rows not in ROWS:
        return None
    if link.opened_at is None or timezone.now() - link.opened_at > MINUTE:
        write_if_possible(lambda: _note_opening(link))
    return Shared(link, batch, link.form, choice if link.with_comments else _without_comments(batch, choice))


def _note_opening(link: ShareLink) -> None:
    ShareLink.objects.filter(pk=link.pk).update(opened_at=timezone.now())


def _without_comments(batch: Batch, choice: DownloadChoice) -> DownloadChoice:
    comments = comment_column(batch)
    if not comments:
        return choice
    columns = choice.columns or names_of(batch)
    return replace(choice, columns=tuple(name for name in columns if name != comments))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
