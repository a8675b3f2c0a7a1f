"""One prompt, asked once: paid once, and whatever is lost on the way is said."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.asks.ask_start import AskRefused, press
from batchsite.asks.ask_step import advance
from batchsite.asks.models import Ask, AskState
from batchsite.batches.models import Batch, DailySpend
from batchsite.drafts import draft_store
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.teams.models import Team, User
from batchsite.teams.team_keys import store_key
from tests.clock import wait_until
from tests.cuts import Guillotine
from tests.factories import make_team
from tests.faults import FAULTS, READS, WRITES
from tests.sandboxes import Sandbox
from tests.submission.stories import a_draft

pytestmark = pytest.mark.django_db


def step(ask: Ask) -> Ask:
    """One step, if it is due; else it soon is."""
    ask.refresh_from_db()
    if ask.next_look_at and ask.next_look_at > timezone.now():
        wait_until(ask.next_look_at)
    with contextlib.suppress(Busy, LeaseLost):
        advance(ask.pk)
    ask.refresh_from_db()
    return ask


def to_the_end(ask: Ask) -> Ask:
    for _ in range(60):
        if step(ask).ended_at:
            return ask
    raise AssertionError(f"still {ask.state}: {ask.held_reason}")


def asked(team: Team, **fields: Any) -> Ask:
    return press(team, None, **{"model": "grok-4.7", "prompt": "Capital of Peru?", **fields})


def check_money(ask: Ask, sandbox: Sandbox) -> None:
    """It was asked once at most, and what it cost is what xAI billed; of a lost one nobody knows."""
    calls = [call for call in sandbox.direct() if call["client_request_id"] == f"bs-ask-{ask.pk}"]
    assert len(calls) <= 1, "asked twice"
    if ask.state == AskState.ANSWERED:
        assert ask.cost_ticks == calls[0]["cost_in_usd_ticks"]
        assert DailySpend.objects.get(team=ask.team).ticks == ask.cost_ticks
    elif ask.state == AskState.FAILED:
        assert calls == []


def test_a_model_that_takes_no_batches_answers(team: Team, sandbox: Sandbox) -> None:
    sandbox.set(deferred_delay=1)
    ask = to_the_end(asked(team, system="Be brief.", reasoning_effort="low"))
    assert (ask.state, bool(ask.answer)) == (AskState.ANSWERED, True), ask.error
    check_money(ask, sandbox)


CALLS = [("chat", fault) for fault in WRITES] + [("deferred", fault) for fault in READS]


@pytest.mark.parametrize(("call", "fault"), CALLS)
def test_whatever_happens_to_a_call_it_is_asked_once(call: str, fault: str, team: Team, sandbox: Sandbox) -> None:
    sandbox.fault(**{"times": 1, **FAULTS[fault], "call": call})
    ask = to_the_end(asked(team))
    assert sandbox.idle_faults() == []
    assert (ask.state == AskState.ANSWERED) == bool(ask.answer)
    assert ask.state == AskState.ANSWERED or "be asked again automatically" in ask.error
    check_money(ask, sandbox)


@pytest.mark.parametrize("what", ["no_credits", "key_revoked"])
def test_what_a_person_has_to_mend_is_waited_for(what: str, team: Team, sandbox: Sandbox) -> None:
    sandbox.fault(what, call="chat")
    ask = asked(team)
    step(ask)
    assert ask.held_reason
    sandbox.mend()
    assert to_the_end(ask).state == AskState.ANSWERED
    check_money(ask, sandbox)


def test_an_answer_waits_for_a_key_of_the_team_that_asked(
    team: Team, alice: User, sandbox: Sandbox, settings: Any
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_base=sandbox.url)
    store_key(team, "xai-team-a-key-1111111111", "", alice)
    ask = step(asked(team))
    assert ask.state == AskState.RUNNING
    store_key(team, "xai-team-b-key-2222222222", "", alice)
    for _ in range(3):
        assert "another xAI team" in step(ask).held_reason
    store_key(team, "xai-team-a-key-1111111111", "", alice)
    assert to_the_end(ask).state == AskState.ANSWERED
    check_money(ask, sandbox)


def test_what_xai_refuses_is_said_in_its_words(team: Team, sandbox: Sandbox) -> None:
    ask = to_the_end(asked(team, model="grok-99"))
    assert ask.state == AskState.FAILED
    assert "grok-99" in ask.error
    check_money(ask, sandbox)


@pytest.mark.parametrize("values", [{"prompt": " "}, {"model": ""}, {"reasoning_effort": "vast"}])
def test_what_cannot_be_asked_is_refused_before_anything_is_stored(values: Any, team: Team) -> None:
    with pytest.raises(AskRefused):
        asked(team, **values)
    assert not Ask.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_cut_at_every_boundary_it_is_asked_once(sandbox: Sandbox) -> None:
    """A death at any boundary: the next process asks nothing twice, and what nobody can know is said."""

    def live(*cuts: int) -> Guillotine:
        ask, guillotine = asked(make_team()), Guillotine(*cuts)
        with guillotine.over_everything():
            for _ in range(40):
                with guillotine.to_the_end():
                    if step(ask).ended_at:
                        break
        ask.refresh_from_db()
        assert ask.ended_at, ask.state
        assert cuts or ask.state == AskState.ANSWERED
        check_money(ask, sandbox)
        return guillotine

    whole = live()
    assert whole.count > 8, whole.names
    for cut in range(1, whole.count + 1):
        live(cut)


# ---- pages ------------------------------------------------------------------------------------------------


def test_the_page_asks_keeps_the_answer_and_makes_an_example_of_it(
    team: Team, alice: User, client_of: Any, sandbox: Sandbox
) -> None:
    site: Client = client_of(alice)
    words = "What does {{this}} mean?"
    page = site.post(reverse("asks"), {"prompt": words, "model": "grok-4.3", "system": "", "effort": ""}, follow=True)
    ask = Ask.objects.get(team=team)
    assert "every 2s" in page.content.decode()
    to_the_end(ask)
    draft: Batch = a_draft(team, alice)
    page = site.get(reverse("ask", args=[ask.pk]))
    assert "every 2s" not in page.content.decode()
    site.post(reverse("ask-as-example", args=[ask.pk]), {"batch": draft.pk})
    draft.refresh_from_db()
    preview = draft_store.preview(draft, 1)
    assert preview
    assert [message.content for message in preview.messages[:2]] == [words, ask.answer]
    assert ask.answer[:20] in site.get(reverse("asks")).content.decode()
    assert words in site.get(reverse("asks"), {"again": ask.pk}).content.decode().replace("&#x27;", "'")
    site.post(reverse("ask-remove", args=[ask.pk]))
    assert not Ask.objects.exists()


def test_the_key_that_was_chosen_pays_and_is_chosen_when_it_is_asked_again(
    alice: User, client_of: Any, team: Team, sandbox: Sandbox, settings: Any
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_base=sandbox.url)
    for name, key in {"Production": "xai-first-key-1111111111", "Trying out": "xai-second-key-222222222"}.items():
        sandbox.admin("POST", "keys", {"key": key, "team": "team-1"})
        other = store_key(team, key, "team-1", alice, name=name)
    site: Client = client_of(alice)
    assert "Production …1111 (default)" in site.get(reverse("asks")).content.decode()
    site.post(reverse("asks"), {"prompt": "Capital of Peru?", "model": "grok-4.3", "key": other.pk})
    ask = to_the_end(Ask.objects.get())
    assert (ask.state, ask.key) == (AskState.ANSWERED, other)
    assert {spend.key for spend in DailySpend.objects.all()} == {"Trying out …2222"}
    assert f'<option value="{other.pk}" selected>' in site.get(reverse("asks"), {"again": ask.pk}).content.decode()


def test_nobody_sees_what_another_team_asked(alice: User, client_of: Any, team: Team, sandbox: Sandbox) -> None:
    theirs = asked(make_team())
    site: Client = client_of(alice)
    assert site.get(reverse("ask", args=[theirs.pk])).status_code == 404
    assert site.post(reverse("ask-remove", args=[theirs.pk])).status_code == 404
    assert "Capital of Peru" not in site.get(reverse("asks")).content.decode()


def test_a_form_with_nothing_in_it_says_so(alice: User, client_of: Any, team: Team) -> None:
    answer = client_of(alice).post(reverse("asks"), {"prompt": " ", "model": "grok-4.3"})
    assert answer.status_code == 422
    assert "Write a prompt first." in answer.content.decode()


def test_a_list_of_long_prompts_and_answers_reads_their_beginnings(team: Team, alice: User, client: Client) -> None:
    long = {"prompt": "p" * 500_000, "answer": "a" * 500_000, "state": AskState.ANSWERED, "ended_at": timezone.now()}
    for _ in range(3):
        Ask.objects.create(team=team, by=alice, account="sandbox", model="grok-4.3", **long)
    client.force_login(alice)
    listed = client.get(reverse("asks")).context["asks"]
    assert [len(ask.asked) + len(ask.told) for ask in listed] == [600] * 3
    assert all(not {"prompt", "answer"} & ask.__dict__.keys() for ask in listed)


def test_examples_do_not_pile_up_in_a_draft(team: Team, alice: User, client: Client) -> None:
    """A click for each: every one added a megabyte to all later looks at the draft."""
    draft = a_draft(team, alice)
    ask = press(team, alice, model="grok-4.3", prompt="p" * 900_000)
    Ask.objects.filter(pk=ask.pk).update(state=AskState.ANSWERED, answer="a", ended_at=timezone.now())
    client.force_login(alice)
    for _ in range(3):
        client.post(reverse("ask-as-example", args=[ask.pk]), {"batch": draft.pk})
    draft.refresh_from_db()
    assert len(draft.examples) == 2
