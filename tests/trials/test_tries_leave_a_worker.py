"""Tries wait for xAI in their workers; however many there are, one worker is left for batches."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from batchsite.processes.machine_slots import machine_slot
from batchsite.teams.models import Team
from batchsite.trials import tasks, trial_start
from batchsite.trials.models import Trial
from tests.sandboxes import Sandbox
from tests.trials.stories import a_draft

pytestmark = pytest.mark.django_db


def test_a_worker_is_left() -> None:
    assert settings.Q_CLUSTER["workers"] > tasks.AT_ONCE


def test_a_try_beyond_those_is_begun_later_and_asks_nothing(team: Team, sandbox: Sandbox) -> None:
    trial = trial_start.press(a_draft(team), None, [1])
    with machine_slot("try", tasks.AT_ONCE), machine_slot("try", tasks.AT_ONCE):
        tasks.step(trial.pk)
    waiting = Trial.objects.get(pk=trial.pk)
    assert (sandbox.direct(), waiting.ended_at, waiting.tries) == ([], None, 0)
    assert waiting.next_look_at is not None
    assert waiting.next_look_at < timezone.now() + timedelta(seconds=2)
    tasks.step(trial.pk)
    assert Trial.objects.get(pk=trial.pk).ended_at is not None


def test_slots_are_given_once_and_back_at_the_end() -> None:
    with machine_slot("few", 2) as first, machine_slot("few", 2) as second, machine_slot("few", 2) as third:
        assert (first, second, third) == (True, True, False)
    with machine_slot("few", 1) as again:
        assert again
