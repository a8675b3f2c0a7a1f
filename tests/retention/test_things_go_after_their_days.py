"""What a team has is removed after the days that it chose: announced, resumable, and never what somebody needs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.asks.models import Ask
from batchsite.audit.models import AuditEvent
from batchsite.batches.models import Batch, DailySpend, EndedBy
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.prompts.models import Prompt
from batchsite.retention import removal
from batchsite.retention.models import Retention
from batchsite.teams.models import Team, User
from tests.factories import make_dataset, make_team
from tests.submission.stories import a_draft, a_running_batch, an_ended_batch

pytestmark = pytest.mark.django_db

Browser = Callable[[User], Client]
LONG_AGO = timedelta(days=60)


def age(thing: Any, **time: float) -> Any:
    """Lets it have ended, been uploaded or been changed that long ago."""
    then = timezone.now() - (timedelta(**time) if time else LONG_AGO)
    found = type(thing)._default_manager.filter(pk=thing.pk)
    if isinstance(thing, Batch):
        found.update(ended_at=then)
        age(thing.dataset, **time)
    elif isinstance(thing, Dataset):
        found.update(created_at=then)
    else:
        thing.versions.update(created_at=then)
    return thing


def a_prompt(team: Team, name: str = "Sort") -> Prompt:
    prompt = Prompt.objects.create(team=team, name=name)
    prompt.versions.create(number=1, text="Sort {{text}}")
    return prompt


def keeps(team: Team, days: int | None = 30) -> Retention:
    values = dict.fromkeys(("batches", "datasets", "prompts", "asks"), days)
    return Retention.objects.update_or_create(team=team, defaults={**values, "next_look_at": timezone.now()})[0]


def look(retention: Retention) -> None:
    """Workers look until nothing is due any more."""
    for _ in range(20):
        removal.apply_step(retention.pk)
        retention.refresh_from_db()
        if retention.next_look_at is None or retention.next_look_at > timezone.now():
            return


def pass_the_week(team: Team) -> None:
    for model in (Batch, Dataset, Prompt):
        model._default_manager.filter(team=team, remove_at__isnull=False).update(remove_at=timezone.now())


def left(model: Any) -> set[int]:
    return set(model.objects.filter(deleted_at=None).values_list("pk", flat=True))


@pytest.mark.databases
def test_what_is_over_its_days_is_announced_for_a_week_and_then_goes_in_order(team: Team, alice: User) -> None:
    batch, prompt = age(an_ended_batch(team, alice, rows=2)), age(a_prompt(team))
    young, other = an_ended_batch(team, alice, rows=2), age(an_ended_batch(make_team(), rows=2))
    retention = keeps(team)
    look(retention)
    batch.refresh_from_db()
    prompt.refresh_from_db()
    assert batch.remove_at
    assert abs(batch.remove_at - timezone.now() - timedelta(days=7)) < timedelta(minutes=1)
    assert prompt.remove_at
    assert Dataset.objects.get(pk=batch.dataset_id).remove_at is None, "a batch uses it"
    look(retention)
    assert batch.pk in left(Batch), "its week is not over"
    pass_the_week(team)
    look(retention)
    assert (left(Batch), Prompt.objects.count()) == ({young.pk, other.pk}, 0)
    look(retention)
    assert Dataset.objects.get(pk=batch.dataset_id).remove_at, "it has a week of its own"
    pass_the_week(team)
    look(retention)
    assert left(Dataset) == {young.dataset_id, other.dataset_id}


def an_ask(team: Team, **fields: Any) -> Ask:
    return Ask.objects.create(team=team, account="sandbox", model="grok-4.3", prompt="Capital of Peru?", **fields)


@pytest.mark.databases
def test_asks_go_after_their_days_and_never_before_they_are_answered(team: Team, alice: User) -> None:
    then = timezone.now() - LONG_AGO
    old, young = an_ask(team, ended_at=then), an_ask(team, ended_at=timezone.now())
    running, wanted = an_ask(team, at=then), an_ask(team, ended_at=then)
    other = an_ask(make_team(), ended_at=then)
    removal.keep(wanted, stays=True)
    retention = keeps(team)
    look(retention)
    old.refresh_from_db()
    assert old.remove_at
    Ask.objects.filter(remove_at__isnull=False).update(remove_at=timezone.now())
    look(retention)
    assert set(Ask.objects.values_list("pk", flat=True)) == {one.pk for one in (young, running, wanted, other)}
    assert AuditEvent.objects.get(action="retention_removed").about == f"ask {old.pk}"


def test_what_somebody_needs_stays(team: Team, alice: User) -> None:
    prompt = age(a_prompt(team))
    draft = age(a_draft(team, alice, prompt="Sort {{text}}", prompt_version=prompt.versions.get()))
    running, wanted = age(a_running_batch(team, alice, rows=2)), age(an_ended_batch(team, alice, rows=2))
    removal.keep(wanted, stays=True)
    unread = age(an_ended_batch(team, alice, rows=2))
    unread.submissions.update(ended_by=EndedBy.HERE, ended_at=timezone.now())
    importing = age(make_dataset(team, state=DatasetState.IMPORTING))
    retention = keeps(team, 1)
    for _ in range(3):
        look(retention)
        pass_the_week(team)
    assert left(Batch) == {draft.pk, running.pk, wanted.pk, unread.pk}
    assert left(Dataset) == {one.dataset_id for one in (draft, running, wanted, unread)} | {importing.pk}
    assert left(Prompt) == {prompt.pk}
    unread.submissions.update(ended_at=timezone.now() - timedelta(days=31))  # xAI has nothing of it any more
    look(retention)
    unread.refresh_from_db()
    assert unread.remove_at


def test_an_announcement_is_taken_back_when_the_thing_stays_after_all(team: Team, alice: User) -> None:
    dataset, batch = age(make_dataset(team)), age(an_ended_batch(team, alice, rows=2))
    retention = keeps(team)
    look(retention)
    a_draft(team, alice, dataset)
    keeps(team, 90)
    look(retention)
    for thing in (dataset, batch):
        thing.refresh_from_db()
        assert thing.remove_at is None
    keeps(team)
    look(retention)
    keeps(team, None)
    look(retention)
    batch.refresh_from_db()
    assert (batch.remove_at, retention.next_look_at) == (None, None)


def test_the_ledger_keeps_every_tick_and_the_trail_says_what_went(team: Team, alice: User) -> None:
    batch = age(an_ended_batch(team, alice, rows=3))
    billed = batch.cost_ticks
    retention = keeps(team)
    look(retention)
    pass_the_week(team)
    look(retention)
    event = AuditEvent.objects.get(action="retention_removed")
    assert (event.team_id, event.by, event.about) == (team.pk, "rule", f"batch {batch.pk} “{batch.name}”")
    Batch.objects.get(pk=batch.pk).delete()
    assert billed
    assert DailySpend.objects.filter(team=team).aggregate(sum=Sum("ticks"))["sum"] == billed


def test_many_things_go_in_steps_of_a_few_and_any_worker_goes_on(
    team: Team, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "SLICE", 2)
    for _ in range(5):
        age(make_dataset(team))
    retention = keeps(team)
    look(retention)
    pass_the_week(team)
    counted = []
    for _ in range(4):
        Retention.objects.filter(pk=retention.pk).update(next_look_at=timezone.now())
        assert len(list(removal.due(timezone.now()))) == 1
        removal.apply_step(retention.pk)
        counted.append(len(left(Dataset)))
    assert counted == [3, 1, 0, 0]


def test_prompts_that_people_deleted_go_too(team: Team) -> None:
    prompt = age(a_prompt(team))
    Prompt.objects.filter(pk=prompt.pk).update(deleted_at=timezone.now() - LONG_AGO)
    look(keeps(team))
    assert not Prompt.objects.exists()


# ---- the pages -----------------------------------------------------------------------------------------------


def test_the_page_counts_what_would_go_before_anything_is_set(team: Team, alice: User, client_of: Browser) -> None:
    batch = age(an_ended_batch(team, alice, rows=2))
    age(make_dataset(team))
    site, days = client_of(alice), {"batches": "30", "datasets": "30", "prompts": ""}
    page = site.get(reverse("retention"), days | {"check": "1"}).content.decode()
    assert "1 batch and 1 dataset" in page
    assert not Retention.objects.exists()
    site.post(reverse("retention-set"), days)
    look(Retention.objects.get())
    for page in (reverse("batch", args=[batch.pk]), reverse("batches"), reverse("datasets")):
        assert "emoved on " in site.get(page).content.decode(), page
    assert "whole number of days" in site.post(reverse("retention-set"), {"batches": "0"}).content.decode()


def test_a_person_keeps_a_thing_or_leaves_it_to_the_days_again(team: Team, alice: User, client_of: Browser) -> None:
    batch, dataset, prompt = age(an_ended_batch(team, alice, rows=2)), age(make_dataset(team)), age(a_prompt(team))
    look(keeps(team))
    site = client_of(alice)
    ask = an_ask(team, ended_at=timezone.now() - LONG_AGO)
    for kind, thing in (("batch", batch), ("dataset", dataset), ("prompt", prompt), ("ask", ask)):
        site.post(reverse(f"{kind}-stay", args=[thing.pk]), {"stays": "yes"})
        thing.refresh_from_db()
        assert (thing.stays, thing.remove_at) == (True, None)
        assert "Stop keeping" in site.get(reverse(kind, args=[thing.pk])).content.decode()
        site.post(reverse(f"{kind}-stay", args=[thing.pk]), {"stays": "no"})
    look(Retention.objects.get())
    batch.refresh_from_db()
    assert batch.remove_at


def test_everything_over_its_days_can_go_at_once(team: Team, alice: User, client_of: Browser) -> None:
    dataset = age(make_dataset(team))
    young = make_dataset(team)
    retention = keeps(team)
    site = client_of(alice)
    assert "Remove 1 dataset now?" in site.get(reverse("retention-now")).content.decode()
    site.post(reverse("retention-now"))
    look(retention)
    assert left(Dataset) == {young.pk}
    assert dataset.pk not in left(Dataset)
