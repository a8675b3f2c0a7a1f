"""The end of a batch is written down once, in the transaction in which it ends, and is news until it is seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from batchsite.batches.end_records import mark_seen, unseen_ends
from batchsite.batches.models import BatchEnd
from batchsite.batches.states import INCOMPLETE
from batchsite.submission import actions
from batchsite.teams.models import Team, User
from tests.submission.stories import a_running_batch, an_ended_batch, end, receive


@pytest.mark.django_db
def test_an_end_is_news_to_who_submitted_the_batch_until_they_see_it(team: Team, alice: User, bob: User) -> None:
    batch = an_ended_batch(team, alice, failed=2)
    assert batch.last_end.outcome == INCOMPLETE
    assert unseen_ends(team, alice) == {batch.pk}
    assert unseen_ends(team, bob) == frozenset()
    mark_seen(batch, bob)
    assert unseen_ends(team, alice) == {batch.pk}
    mark_seen(batch, alice)
    assert unseen_ends(team, alice) == frozenset()


@pytest.mark.django_db
def test_a_second_end_is_news_again(team: Team, alice: User) -> None:
    batch = an_ended_batch(team, alice, failed=2)
    mark_seen(batch, alice)
    actions.retry(batch, alice)
    batch.refresh_from_db()
    with transaction.atomic():
        actions.cancel(batch, alice)
    batch.refresh_from_db()
    mark_seen(batch, alice)  # it runs: there is no end to see
    BatchEnd.objects.update(seen_at=None)
    assert unseen_ends(team, alice) == {batch.pk}
    assert BatchEnd.objects.count() == 1


@pytest.mark.django_db
def test_an_old_or_archived_end_is_no_news(team: Team, alice: User) -> None:
    old, archived = an_ended_batch(team, alice), an_ended_batch(team, alice)
    BatchEnd.objects.filter(batch=old).update(ended_at=timezone.now() - timedelta(days=15))
    archived.archived_at = timezone.now()
    archived.save()
    assert unseen_ends(team, alice) == frozenset()


@pytest.mark.django_db
@pytest.mark.databases
def test_an_end_that_is_taken_back_was_never_written(team: Team, alice: User) -> None:
    batch = a_running_batch(team, alice, rows=1)
    receive(batch, {1: "yes"})
    with transaction.atomic():
        end(batch)
        assert BatchEnd.objects.count() == 1
        transaction.set_rollback(True)
    assert BatchEnd.objects.count() == 0
