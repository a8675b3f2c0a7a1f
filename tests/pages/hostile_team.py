"""A team all of whose texts are made to become markup or to run, and the pages that show them."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone
from django.utils.http import urlencode

from batchsite.asks.models import Ask
from batchsite.audit.models import AuditEvent
from batchsite.batches.models import Batch, DailySpend, Result, SavedView
from batchsite.datasets.models import Dataset
from batchsite.drafts import dead_links
from batchsite.drafts.models import LinkCheck, ValueSearch
from batchsite.gallery.models import GeneratedPicture
from batchsite.media.models import HeldFile
from batchsite.notifications import destinations
from batchsite.notifications.models import Attempt, Delivery
from batchsite.prompts.models import Prompt
from batchsite.results import judgements
from batchsite.teams.accounts import encrypt
from batchsite.teams.models import Membership, ProviderKey, Team, ToolServer, User
from batchsite.trials.models import AnswerState, Trial, TrialAnswer
from tests.factories import make_dataset
from tests.media.archives import uploaded
from tests.media.documents import pdf
from tests.notifications.stories import a_webhook
from tests.submission.stories import a_draft, an_ended_batch

HOSTILE = "\"'></script><script>alert(1)</script><img src=x onerror=alert(1)>"
SHORT = "'\"><img src=x onerror=alert(1)>"
"""For places with little room."""
KEY = "<img src=x onerror=alert(1)>"
ADDRESSES = ("javascript:alert(1)", "data:text/html,<script>alert(1)</script>", f"https://example.org/{HOSTILE}")
SCHEMA = {"type": "object", "properties": {HOSTILE: {"type": "string", "description": HOSTILE}}}
SHAPE = {"schema": json.dumps(SCHEMA), "function": {"name": "note", "description": HOSTILE}}
TYPED_SHAPE = {"schema": json.dumps(SCHEMA), "function": {"name": HOSTILE, "description": HOSTILE}}
"""As it may stand in a draft."""
_TABS = ("insights", "activity", "prompt", "rows", "rows/1", "rows/4", "download", "links", "compare", "notes")
_ACTIONS = ("progress", "retry", "delete", "rename", "again", "summary", "cancel", "finish", "end-here")
_DRAFT = ("edit", "review", "try", "row-choice", "dead-links", "try/panel")


def addresses_of(team: Team, owner: User) -> list[str]:
    """Fills the team. Returns the addresses of its pages."""
    dataset = _house(team, owner)
    batch = _batch(team, owner, dataset)
    draft = _draft(team, owner, dataset)
    documents, pages = _documents(team, owner)
    prompt = Prompt.objects.create(team=team, name=HOSTILE)
    for number in (1, 2):
        prompt.versions.create(number=number, text=f"{HOSTILE} {number}", comment=HOSTILE)
    problem = {"line": 1, "row": 1, "column": 1, "message": HOSTILE, "excerpt": HOSTILE}
    refused = make_dataset(team, name=HOSTILE, state="refused", problems=[problem], problem_count=1)
    query = urlencode(dict.fromkeys(("search", "tag", "next", "person", "cause", "f.answer", "sort"), HOSTILE))
    lists = ("batches/", "datasets/", "prompts/", "sign-in", "audit/", "ledger", f"batches/{batch.pk}")
    addresses = [
        *("/", "/batches/", "/datasets/", "/prompts/", "/team", "/account", "/spending", "/batches/new", "/help"),
        *("/team/retention", "/team/export", "/team/delete", "/account/sessions", "/account/second-step"),
        *_questions(team),
        *("/audit/", "/ledger", "/installation", "/no-team", f"/go?{urlencode({'search': SHORT})}"),
        *(f"/{part}?{query}" for part in lists),
        *(f"/batches/{batch.pk}{part}" for part in ("", *(f"/{part}" for part in (*_TABS, *_ACTIONS)))),
        f"/batches/{_pictures(team, owner).pk}/pictures",
        *(f"/batches/{each.pk}/{part}" for each in (draft, pages) for part in _DRAFT),
        *(f"/datasets/{each.pk}{part}" for each in (dataset, documents) for part in ("", "/rows/1", "/delete")),
        *(f"/datasets/{refused.pk}{part}" for part in ("", "/delete")),
        *(f"/prompts/{prompt.pk}", f"/prompts/{prompt.pk}/compare?old=1&new=2"),
        *_asks(team, owner),
        *_notifications(team, owner, batch),
    ]
    _keys(team, owner, batch)
    return addresses


def _house(team: Team, owner: User) -> Dataset:
    """People, servers, money and the trail; returns a table."""
    User.objects.filter(pk=owner.pk).update(name=HOSTILE)
    Team.objects.filter(pk=team.pk).update(name=HOSTILE, budget_ticks=1)
    Membership.objects.filter(team=team).update(budget_ticks=1)
    approved = {"sentence": HOSTILE, "hint": SHORT[:12], "approved_by": owner}
    ToolServer.objects.create(team=team, label=SHORT, url=ADDRESSES[0], **approved)
    AuditEvent.objects.create(
        team_id=team.pk,
        user_id=owner.pk,
        **dict.fromkeys(("who", "words", "about", "detail", "action"), HOSTILE[:60]),
        address=SHORT,
    )
    spent = {"account": "sandbox", "day": timezone.now().date(), "user": owner, "ticks": 7, "rows": 1}
    DailySpend.objects.create(team=team, model=HOSTILE, key=SHORT, about=HOSTILE, **spent)
    query = urlencode({"search": HOSTILE})
    for place in SavedView.Place:
        SavedView.objects.create(team=team, place=place, name=SHORT, query=query, created_by=owner)
    return make_dataset(team, [HOSTILE, "text"], [[HOSTILE, HOSTILE]] * 4, name=HOSTILE, filename=HOSTILE)


def _keys(team: Team, owner: User, batch: Batch) -> None:
    """Keys of xAI, one of them the batch's. Last, as they make its money real."""
    for name, is_default in ((KEY, True), (f"{KEY} too", False)):
        kept = {"secret": encrypt("xai-1"), "hint": SHORT[:12], "provider_team_id": SHORT, "set_by": owner}
        ProviderKey.objects.create(team=team, name=name, is_default=is_default, **kept)
    Batch.objects.filter(pk=batch.pk).update(key=ProviderKey.objects.get(team=team, is_default=True))


def _questions(team: Team) -> list[str]:
    """Pages that ask before something is done to a person or a server."""
    one = Membership.objects.get(team=team)
    server = ToolServer.objects.get(team=team)
    asked = [f"/team/people/{one.pk}/{what}" for what in ("budget", "remove")]
    return [*asked, f"/team/servers/{server.pk}/remove"]


def _batch(team: Team, owner: User, dataset: Dataset) -> Batch:
    fields: dict[str, Any] = {"name": HOSTILE, "prompt": "{{text}}" + HOSTILE}
    batch = an_ended_batch(team, owner, dataset=dataset, rows=4, failed=2, **fields)
    texts = {"notes": HOSTILE, "tags": [HOSTILE[:40]], "failure": HOSTILE, "held_reason": HOSTILE}
    Batch.objects.filter(pk=batch.pk).update(**texts, shape=SHAPE, cited=4, tool_calls=4, expected_column=HOSTILE)
    sources = [[address, HOSTILE] for address in ADDRESSES]
    used = {"calls": {HOSTILE: 2}, "ticks": 5, "sources_used": 3, "sources": sources}
    results = Result.objects.filter(batch=batch)
    results.update(answer=HOSTILE, error=HOSTILE, finish_reason=HOSTILE[:40], tool_use=used, others=[HOSTILE])
    results.update(misfit=HOSTILE, answered_by=HOSTILE)
    results.filter(state="failed").update(cause=HOSTILE[:60])
    judgements.correct(batch, 1, owner, verdict="bad", corrected={"answer": HOSTILE}, comment=HOSTILE)
    return batch


def _pictures(team: Team, owner: User) -> Batch:
    """A batch whose pictures are lost, or on their way."""
    batch = an_ended_batch(team, owner, rows=2, name=HOSTILE)
    Batch.objects.filter(pk=batch.pk).update(model="grok-imagine-image")
    for row, state in enumerate(("lost", "waiting"), 1):
        drawn: dict[str, Any] = {"request_id": SHORT, "row": row, "number": 1, "state": state, "problem": HOSTILE}
        GeneratedPicture.objects.create(batch=batch, address=ADDRESSES[0], **drawn)
    return batch


def _draft(team: Team, owner: User, dataset: Dataset) -> Batch:
    draft = a_draft(team, owner, dataset, name=HOSTILE, prompt=HOSTILE, system_prompt=HOSTILE)
    columns = {"picture_column": HOSTILE, "history_column": "text", "shape": TYPED_SHAPE, "examples": []}
    Batch.objects.filter(pk=draft.pk).update(**columns, variants=[{"prompt": HOSTILE, "model": HOSTILE}])
    draft.refresh_from_db()
    now = timezone.now()
    dead = [{"address": address, "words": HOSTILE, "row": 1} for address in ADDRESSES]
    found: dict[str, Any] = {"dead": dead, "dead_count": 3, "dead_rows": [[1, 1]], "total": 3, "asked": 3}
    LinkCheck.objects.create(batch=draft, mark=dead_links.mark_of(draft), ready_at=now, problem=HOSTILE, **found)
    ValueSearch.objects.create(batch=draft, column=HOSTILE, value=HOSTILE, ready_at=now, problem=HOSTILE)
    variants = [{"prompt": HOSTILE, "system_prompt": HOSTILE, "model": HOSTILE}]
    trial = Trial.objects.create(batch=draft, by=owner, account="sandbox", rows=[1, 2], variants=variants, ended_at=now)
    for row, state in ((1, AnswerState.ANSWERED), (2, AnswerState.FAILED)):
        answered = {"answer": HOSTILE, "error": HOSTILE, "misfit": HOSTILE, "reasoning": HOSTILE, "model": HOSTILE}
        used = {"calls": {HOSTILE: 1}, "ticks": 1, "sources": [[address, HOSTILE] for address in ADDRESSES]}
        of_row = {"row": row, "variant": 0, "state": state, "request": b"x\x9c\xab\xae\x05\x00\x01u\x00\xf9"}
        TrialAnswer.objects.create(trial=trial, batch=draft, **of_row, **answered, tool_use=used, answered_at=now)
    return draft


def _documents(team: Team, owner: User) -> tuple[Dataset, Batch]:
    """An archive whose names of files are hostile, and a draft that would send it."""
    files: dict[str, bytes | str] = {
        f"{HOSTILE}.txt": HOSTILE,
        f"{SHORT}.pdf": b"%PDF-1.7 damaged",
        f"{SHORT}2.pdf": pdf("<img src=x onerror=alert(1)>"),
    }
    dataset = uploaded(team, files, name=f"{SHORT}.zip")
    HeldFile.objects.filter(dataset=dataset).exclude(name__endswith="2.pdf").update(problem=HOSTILE)
    draft = a_draft(team, owner, dataset, name=HOSTILE, prompt="What is it?")
    Batch.objects.filter(pk=draft.pk).update(document_form="text")
    return dataset, draft


def _asks(team: Team, owner: User) -> list[str]:
    texts = dict.fromkeys(("prompt", "system_prompt", "answer", "reasoning", "error", "held_reason"), HOSTILE)
    ended = {"state": "failed", "ended_at": timezone.now()}
    ask = Ask.objects.create(team=team, by=owner, account="sandbox", model=HOSTILE, **texts, **ended)
    return ["/ask/", f"/ask/{ask.pk}"]


def _notifications(team: Team, owner: User, batch: Batch) -> list[str]:
    pages = []
    for before, whose in (("/team", {"team": team}), ("/account", {"person": owner})):
        one, _ = a_webhook("https://example.org/", **whose)
        one.hint = HOSTILE
        one.save()
        destinations.send_test(one, Team.objects.get(pk=team.pk))
        for delivery in Delivery.objects.filter(destination=one).select_related("news"):
            delivery.news.facts = {"name": HOSTILE, "team": HOSTILE, "batch": HOSTILE}
            delivery.news.batch = batch
            delivery.news.save()
            Attempt.objects.create(delivery=delivery, number=1, code=SHORT[:24])
        at = f"{before}/notifications"
        pages += [at, f"{at}/{one.pk}", f"{at}/{one.pk}/remove"]
    return pages
