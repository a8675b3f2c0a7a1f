"""A team is deleted with everything in it after seven days, in which it can be taken back; and handed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.batches.models import Batch, DailySpend
from batchsite.datasets.dataset_removal import clear_step
from batchsite.datasets.models import Dataset
from batchsite.operations import team_removal
from batchsite.submission import actions, batch_removal
from batchsite.teams.models import Membership, Role, Team, User
from tests.submission.stories import a_draft, a_running_batch, an_ended_batch

pytestmark = pytest.mark.django_db

Browser = Callable[[User], Client]


@pytest.fixture
def second(team: Team, alice: User) -> Team:
    """Another team of Alice's; the first one runs the installation."""
    second = Team.objects.create(name="Second")
    Membership.objects.create(team=second, user=alice, role=Role.OWNER)
    return second


@pytest.fixture
def site(second: Team, alice: User, client_of: Browser) -> Client:
    browser = client_of(alice)
    browser.post(reverse("team-switch", args=[second.pk]))
    return browser


def pass_days(team: Team) -> None:
    Team.objects.filter(pk=team.pk).update(delete_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.databases
def test_after_seven_days_a_worker_removes_everything_step_by_step(
    team: Team, second: Team, alice: User, site: Client
) -> None:
    an_ended_batch(second, alice, rows=3)
    kept = an_ended_batch(team, alice, rows=2)
    site.post(reverse("team-delete"))
    assert list(team_removal.due(timezone.now())) == []
    assert [job.args for job in team_removal.due(timezone.now() + timedelta(days=7, seconds=1))] == [(second.pk,)]
    pass_days(second)
    for _ in range(4):
        team_removal.remove(second.pk)
        for job in list(batch_removal.due()):
            batch_removal.clear(*job.args)
        for dataset in Dataset.objects.filter(team=second):
            clear_step(dataset.pk)
    assert not Team.objects.filter(pk=second.pk).exists()
    assert not DailySpend.objects.exclude(team=team).exists()
    assert list(Batch.objects.values_list("pk", flat=True)) == [kept.pk]


def test_meanwhile_nothing_starts_and_everything_can_be_looked_at(second: Team, alice: User, site: Client) -> None:
    draft = a_draft(second, alice)
    site.post(reverse("team-delete"))
    assert site.get(reverse("batch-edit", args=[draft.pk])).status_code == 200
    refused = site.post(reverse("batch-rename", args=[draft.pk]), {"name": "Other"})
    assert (refused.status_code, "will be deleted on" in refused.content.decode()) == (403, True)
    with pytest.raises(actions.NotNow, match="will be deleted"):
        actions.start(draft, alice, None)


def test_an_owner_takes_it_back(second: Team, site: Client) -> None:
    site.post(reverse("team-delete"))
    assert "Keep the team" in site.get(reverse("team")).content.decode()
    site.post(reverse("team-keep"))
    second.refresh_from_db()
    assert second.delete_at is None
    site.post(reverse("team-delete"))
    pass_days(second)
    site.post(reverse("team-keep"))
    second.refresh_from_db()
    assert second.delete_at is not None, "its time had come"


def test_it_stays_while_batches_run(second: Team, alice: User, site: Client) -> None:
    a_running_batch(second, alice, rows=3)
    assert "One of its batches is still running" in site.post(reverse("team-delete"), follow=True).content.decode()
    second.refresh_from_db()
    assert second.delete_at is None


def test_the_team_that_runs_the_installation_stays(team: Team, alice: User, client_of: Browser) -> None:
    site = client_of(alice)
    assert "Delete the team" not in site.get(reverse("team")).content.decode()
    assert "its owners run the installation" in site.post(reverse("team-delete"), follow=True).content.decode()
    team.refresh_from_db()
    assert team.delete_at is None


def test_an_owner_hands_it_over(team: Team, alice: User, bob: User, client_of: Browser) -> None:
    client_of(alice).post(reverse("member-hand-over", args=[Membership.objects.get(user=bob).pk]))
    assert dict(Membership.objects.values_list("user__name", "role")) == {"Alice": "admin", "Bob": "owner"}
