"""`manage.py ask`: the answer alone on standard output, the rest beside it."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from batchsite.asks.models import Ask, AskState
from batchsite.teams.models import Team
from tests.clock import wait_until
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(_: float) -> None:
        wait_until(Ask.objects.get().next_look_at or timezone.now())

    monkeypatch.setattr("batchsite.exports.management.commands.ask.time.sleep", wait)


def ask(*words: str) -> tuple[int, str, str]:
    """Returns (exit status, standard output, standard error)."""
    out, err, status = StringIO(), StringIO(), 0
    try:
        call_command("ask", *words, stdout=out, stderr=err)
    except SystemExit as stop:
        status = int(str(stop.code))
    return status, out.getvalue(), err.getvalue()


def test_the_answer_is_printed_and_kept(team: Team, sandbox: Sandbox) -> None:
    status, out, err = ask("Capital of Peru?", "--model", "grok-4.3", "--effort", "low")
    asked = Ask.objects.get(team=team)
    assert (status, out) == (0, f"{asked.answer}\n")
    assert "grok-4.3: about $" in err
    assert [asked.model, asked.params] == ["grok-4.3", {"reasoning_effort": "low"}]


@pytest.mark.parametrize("words", [["  "], ["Hi", "--team", "Nobody"], ["Hi", "--effort", "vast"], ["--resume", "99"]])
def test_what_cannot_be_asked_ends_with_2(words: Any, team: Team) -> None:
    assert ask(*words)[0] == 2
    assert not Ask.objects.exists()


def test_no_answer_ends_with_3_and_says_why(team: Team, sandbox: Sandbox) -> None:
    sandbox.fault("lost_reply", call="chat", applied=True)
    status, out, err = ask("Capital of Peru?")
    assert (status, out, Ask.objects.get().state) == (3, "", AskState.LOST)
    assert "may have been answered and billed" in err
