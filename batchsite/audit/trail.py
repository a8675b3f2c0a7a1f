"""Writing the audit trail, and reading it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from batchsite.audit.models import AuditEvent, Way
from batchsite.batches.models import Batch
from batchsite.datasets.models import Dataset
from batchsite.http import client_address
from batchsite.permissions import READS
from batchsite.processes.outages import write_if_possible
from batchsite.prompts.models import Prompt
from batchsite.teams.models import Membership, Team, User

log = logging.getLogger(__name__)

HEAD = ("at", "who", "what", "to", "detail", "by", "address", "action")
KINDS: dict[str, tuple[str, type[Model]]] = {
    "batch": ("batch", Batch),
    "dataset": ("dataset", Dataset),
    "prompt": ("prompt", Prompt),
    "team": ("team", Team),
    "membership": ("", Membership),
    "user": ("", User),
}
"""What ids stand for: (word, model)."""


def add(action: str, words: str, request: HttpRequest | None, **values: Any) -> None:
    """Adds an event. Never raises: if the database refuses it, it goes to the log."""
    user = getattr(request, "user", None)
    if isinstance(user, User):
        values = person(user.pk) | values
    if request is not None:
        values = {"address": client_address(request), "team_id": team_id_of(request)} | values
    event = AuditEvent(action=action[:60], words=words[:200], **{"who": "Somebody without an account"} | values)
    event.about, event.detail, event.who = event.about[:400], event.detail[:400], event.who[:400]
    try:
        if request is not None and request.method in READS:  # what only reads goes on while nothing can be written
            write_if_possible(event.save)
        else:
            with transaction.atomic():
                event.save()
        if event._state.adding:
            log.error("an event of the audit trail was not stored", extra={"action": action, "user": event.user_id})
    except DatabaseError:
        log.exception("an event of the audit trail was not stored", extra={"action": action, "user": event.user_id})


def person(user_id: int) -> dict[str, Any]:
    """Returns a person as an event names them, with the e-mail that they have today."""
    user = User.objects.filter(pk=user_id).first()
    return {"user_id": user_id, "who": f"{user.name} {user.email}".strip()} if user else {}


def team_id_of(request: HttpRequest) -> int | None:
    team = getattr(request, "team", None)
    return team.pk if isinstance(team, Team) else None


def named(ids: Mapping[str, Any], only_of: int | None = None) -> str:
    """Returns the names of what these ids stand for (`batch_id` or `batch`: 12), or numbers where there is no name.

    Pass the id of a team as `only_of` for unchecked ids: then nothing that belongs to other teams is named.
    """
    words = []
    for key, value in ids.items():
        name = key.removesuffix("_id")
        if not isinstance(value, int) or isinstance(value, bool):
            continue
        word, model = KINDS.get(name, (name, None))
        found = model._default_manager.filter(pk=value).first() if model else None
        found = found if only_of is None or getattr(found, "team_id", None) == only_of else None
        words.append(f"{word} {value}{f' “{found}”' if found else ''}" if word else str(found or f"{name} {value}"))
    return ", ".join(words)


def trail_of(team: Team, *, is_operator: bool) -> QuerySet[AuditEvent]:
    """Returns the events of a team and of its people's accounts; for operators, of the installation, too."""
    people = Membership.objects.filter(team=team).values("user_id")
    seen = Q(team_id=team.pk) | Q(team_id=None, user_id__in=people)
    if is_operator:
        seen |= Q(team_id=None, user_id=None)
    return AuditEvent.objects.filter(seen)


def rows(events: Iterable[AuditEvent]) -> Iterator[tuple[str, ...]]:
    """Yields events as the columns of `HEAD`."""
    for event in events:
        at = event.at.astimezone(UTC).isoformat(timespec="seconds")
        what = (event.who, event.words, event.about, event.detail)
        yield (at, *what, event.get_by_display(), event.address, event.action)


def searched(events: QuerySet[AuditEvent], text: str) -> QuerySet[AuditEvent]:
    """Returns the events that contain every word of `text`."""
    for word in text.split()[:8]:
        one = Q()
        for column in ("who", "words", "about", "detail", "address", "by", "action"):
            one |= Q(**{f"{column}__icontains": word})
        events = events.filter(one)
    return events


def by_link(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the actor of an event caused by a shared link: no account, and the batch's team."""
    batch = Batch.objects.filter(pk=facts["batch"]).values_list("team_id", flat=True).first()
    return {"by": Way.LINK, "who": f"Link {facts['by_link']}", "team_id": batch, "user_id": None}
