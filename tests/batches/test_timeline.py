"""The timeline: long words of the provider are clipped, whether a line is new or counts up."""

from __future__ import annotations

import pytest

from batchsite.batches.timeline import note
from batchsite.teams.models import Team
from tests.submission.stories import a_draft

pytestmark = [pytest.mark.django_db, pytest.mark.databases]


def test_a_repeated_event_clips_detail_and_trace_id_as_the_first_one_did(team: Team) -> None:
    batch = a_draft(team)
    for _ in range(2):
        note(batch.pk, "error", "xAI is overloaded", detail="x" * 5_000, trace_id="t" * 500)
    event = batch.events.get(kind="error")
    assert event.times == 2
    assert (len(event.detail), len(event.trace_id)) == (4_000, 100)
