"""Names, cells, answers, errors and addresses are text on every page that shows them, whatever they look like."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.datasets.models import Dataset
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.pages.hostile_team import addresses_of
from tests.submission.stories import an_ended_batch

ALIVE = ("<script>alert", "<img src=x", 'href="javascript:', 'href="data:')


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_no_text_becomes_markup(
    headers: dict[str, str], team: Team, alice: User, client_of: Callable[[User], Client]
) -> None:
    site = client_of(alice)
    shown = 0
    for address in addresses_of(team, alice):
        answer = site.get(address, headers=headers)
        page = answer.content.decode()
        assert not any(alive in page for alive in ALIVE), address
        assert answer.status_code < 500, address
        shown += "&lt;script&gt;" in page
    assert shown > 40, "where are the texts?"


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
