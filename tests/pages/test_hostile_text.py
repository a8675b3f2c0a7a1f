"""Names, cells, answers, errors and addresses are text on every page that shows them, whatever they look like."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from batchsite.batches.models import Batch, Result
from batchsite.datasets.models import Dataset
from batchsite.prompts.models import Prompt
from batchsite.results import judgements
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.submission.stories import a_draft, an_ended_batch

HOSTILE = "\"'></script><script>alert(1)</script><img src=x onerror=alert(1)>"
ALIVE = ("<script>alert", "<img src=x")
TABS = (
    "insights",
    "activity",
    "prompt",
    "rows",
    "rows/1",
    "rows/4",
    "download",
    "links",
    "compare",
    "notes",
    "progress",
)
ACTIONS = ("progress", "retry", "delete", "rename", "again", "summary")


@pytest.fixture
def addresses(team: Team, alice: User) -> list[str]:
    """Pages that show things of a team all of whose texts are hostile."""
    User.objects.filter(pk=alice.pk).update(name=HOSTILE)
    Team.objects.filter(pk=team.pk).update(name=HOSTILE)
    dataset = make_dataset(team, [HOSTILE, "text"], [[HOSTILE, HOSTILE]] * 4, name=HOSTILE, filename=HOSTILE)
    problem = {"line": 1, "row": 1, "column": 1, "message": HOSTILE, "excerpt": HOSTILE}
    refused = make_dataset(team, name=HOSTILE, state="refused", problems=[problem], problem_count=1)
    batch = an_ended_batch(team, alice, dataset=dataset, rows=4, failed=2, name=HOSTILE, prompt="{{text}}" + HOSTILE)
    held = {"notes": HOSTILE, "tags": [HOSTILE[:40]], "failure": HOSTILE, "held_reason": HOSTILE}
    Batch.objects.filter(pk=batch.pk).update(**held)
    Result.objects.filter(batch=batch).update(answer=HOSTILE, error=HOSTILE, finish_reason=HOSTILE[:40])
    judgements.correct(batch, 1, alice, verdict="bad", corrected={"answer": HOSTILE}, comment=HOSTILE)
    draft = a_draft(team, alice, dataset, name=HOSTILE, prompt=HOSTILE, system_prompt=HOSTILE)
    prompt = Prompt.objects.create(team=team, name=HOSTILE)
    for number in (1, 2):
        prompt.versions.create(number=number, text=f"{HOSTILE} {number}", comment=HOSTILE)
    query = urlencode(dict.fromkeys(("search", "tag", "next", "person", "cause", "f.answer", "sort"), HOSTILE))
    return [
        *("/", "/batches/", "/datasets/", "/prompts/", "/team", "/account", "/spending", "/batches/new"),
        *(f"/batches/?{query}", f"/datasets/?{query}", f"/prompts/?{query}", f"/sign-in?{query}"),
        *(f"/batches/{batch.pk}", f"/batches/{batch.pk}?{query}"),
        *(f"/batches/{batch.pk}/{part}" for part in (*TABS, *ACTIONS)),
        *(f"/batches/{draft.pk}/{part}" for part in ("edit", "review", "try")),
        *(f"/datasets/{each.pk}{part}" for each in (dataset, refused) for part in ("", "/rows/1", "/delete")),
        *(f"/prompts/{prompt.pk}", f"/prompts/{prompt.pk}/compare?old=1&new=2"),
    ]


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_no_text_becomes_markup(
    headers: dict[str, str], addresses: list[str], alice: User, client_of: Callable[[User], Client]
) -> None:
    site = client_of(alice)
    shown = 0
    for address in addresses:
        answer = site.get(address, headers=headers)
        page = answer.content.decode()
        assert not any(alive in page for alive in ALIVE), address
        assert answer.status_code < 500, address
        shown += "&lt;script&gt;" in page
    assert shown > 15, "where are the texts?"


@pytest.mark.parametrize(
    "name", ["a\r\nSet-Cookie: x=1", 'a"; filename="run.exe', "\u202etxt.exe", "\x1b[2J", "é" * 90]
)
def test_a_name_stays_within_its_header(
    name: str, team: Team, alice: User, client_of: Callable[[User], Client]
) -> None:
    dataset = make_dataset(team, name=name, filename="t.csv")
    batch = an_ended_batch(team, alice, dataset=dataset, rows=2, name=name)
    site = client_of(alice)
    for address in (reverse("dataset-problems", args=[dataset.pk]), f"/batches/{batch.pk}/results.csv"):
        answer = site.get(address)
        header = answer["Content-Disposition"]
        assert header.startswith("attachment; filename")
        assert header.isascii()
        assert header.isprintable()
        assert "Set-Cookie" not in answer.headers
        list(answer)
    assert Dataset.objects.get(pk=dataset.pk).name == name
