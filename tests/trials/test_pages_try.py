"""The panel on the page of a draft and the page of its own: everything by plain forms, and in parts for htmx."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.batches.models import Batch, DailySpend
from batchsite.teams.models import ProviderKey, Team, User
from batchsite.teams.people import set_budget
from batchsite.teams.team_keys import remove_key, store_key
from batchsite.trials import trial_start
from batchsite.trials.models import AnswerState, Trial, TrialAnswer
from tests.pipeline import drive
from tests.sandboxes import Sandbox
from tests.trials.stories import a_draft, against, answers, direct, settled, tried

Browser = Callable[[User], Client]
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/batches/1/edit"}
B = {"prompt": "Say what this is about: {{text}}", "system_prompt": "", "model": "grok-4.3"}


@pytest.fixture
def draft(team: Team, alice: User, sandbox: Sandbox) -> Batch:
    return a_draft(team, alice)


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


def url(batch: Batch, name: str = "try") -> str:
    return reverse(name, args=[batch.pk])


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", str(answer.content.decode()))


def post(site: Client, batch: Batch, act: str, *, htmx: bool = False, **typed: Any) -> Any:
    values = {"act": act, "how": "first", "count": "5", "picked": "", **typed}
    answer = site.post(url(batch), values, headers=HTMX if htmx else {})
    batch.refresh_from_db()
    return answer


# ---- before -----------------------------------------------------------------------------------------------


def test_what_it_costs_is_said_before(draft: Batch, site: Client) -> None:
    page = text_of(site.get(url(draft)))
    assert "5 rows × 1 variant, about $0.0" in page
    assert "Real-time answers cost the full price, not the batch price; simulated here" in page
    against(draft, B)
    assert "5 rows × 2 variants" in text_of(site.get(url(draft)))
    tried(draft, [1, 2, 3])
    page = text_of(site.get(url(draft), {"how": "first", "count": "5"}))
    assert "6 of 10 answers are already known" in page


def test_the_page_of_the_draft_leads_to_it_without_javascript(draft: Batch, site: Client) -> None:
    page = text_of(site.get(reverse("batch-edit", args=[draft.pk])))
    assert f'hx-get="{url(draft, "try-panel")}"' in page
    assert f'<a href="{url(draft)}">Try the prompt on a few rows</a>' in page
    part = text_of(site.get(url(draft, "try-panel"), headers=HTMX))
    assert part.lstrip().startswith('<section class="card" id="try"')
    assert "<html" not in part
    assert site.get(url(draft, "try-panel")).status_code == 302


def test_a_prompt_that_cannot_be_tried_says_why(draft: Batch, site: Client) -> None:
    Batch.objects.filter(pk=draft.pk).update(prompt="{{texd}}")
    assert "Did you mean {{text}}" in text_of(site.get(url(draft)))
    answer = post(site, draft, "try")
    assert answer.status_code == 422
    assert "Not tried" in text_of(answer)
    assert not Trial.objects.exists()


# ---- pressing ---------------------------------------------------------------------------------------------


def test_pressed_by_a_plain_form_it_comes_back_with_the_answers(draft: Batch, site: Client, sandbox: Sandbox) -> None:
    answer = post(site, draft, "try", count="3")
    assert answer.status_code == 302
    assert answer["Location"] == f"{url(draft)}?how=picked&count=3&picked=1-3"
    trial = Trial.objects.get()
    assert (trial.rows, trial.by and trial.by.name) == ([1, 2, 3], "Alice")
    assert "0 of 3 answers so far" in text_of(site.get(answer["Location"]))
    settled(trial)
    page = text_of(site.get(answer["Location"]))
    assert "One word: Question 1" in page
    assert "3 of 3 answered" in page
    assert "All 30 rows in a batch" in page
    assert 'value="1-3"' in page


def test_htmx_gets_the_panel_and_polls_the_answers_until_they_are_there(
    draft: Batch, site: Client, sandbox: Sandbox
) -> None:
    part = text_of(post(site, draft, "try", htmx=True, how="picked", picked="4, 9-10"))
    trial = Trial.objects.get()
    assert trial.rows == [4, 9, 10]
    assert f'hx-get="{reverse("try-answers", args=[draft.pk, trial.pk])}"' in part
    settled(trial)
    part = text_of(site.get(reverse("try-answers", args=[draft.pk, trial.pk]), headers=HTMX))
    assert 'id="tried"' in part
    assert "hx-get" not in part
    assert 'data-say="3 answers are here."' in part


def test_rows_at_random_are_of_the_batch_and_then_stay_the_same(draft: Batch, site: Client) -> None:
    Batch.objects.filter(pk=draft.pk).update(ranges=[[10, 14], [20, 24]])
    answer = post(site, draft, "try", how="random", count="7")
    rows = Trial.objects.get().rows
    assert len(set(rows)) == 7
    assert set(rows) <= {*range(10, 15), *range(20, 25)}
    assert "how=picked" in answer["Location"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"how": "picked", "picked": "0"}, "the dataset has rows 1 to 30"),
        ({"how": "picked", "picked": "x"}, "is not a row"),
        ({"how": "picked", "picked": ""}, "Enter the rows to try"),
        ({"how": "picked", "picked": "1-21"}, "At most 20 rows"),
        ({"count": "21"}, "At most 20 rows"),
    ],
)
def test_rows_that_are_none_are_refused_where_they_were_typed(
    draft: Batch, site: Client, typed: dict[str, str], words: str
) -> None:
    for htmx in (False, True):
        answer = post(site, draft, "try", htmx=htmx, **typed)
        assert answer.status_code == 422
        assert words in text_of(answer)
    assert not Trial.objects.exists()


def test_more_than_is_left_of_the_budget_is_refused(draft: Batch, site: Client, team: Team) -> None:
    store_key(team, "xai-key-of-the-team-1234", "", None)
    set_budget(team, 1000)
    answer = post(site, draft, "try")
    assert "This try would cost about" in text_of(answer)
    assert "or try fewer rows or variants" in text_of(answer)
    assert not Trial.objects.exists()


# ---- keys -------------------------------------------------------------------------------------------------


@pytest.fixture
def keys(team: Team, alice: User, sandbox: Sandbox, settings: Any) -> list[ProviderKey]:
    """Two keys of one xAI team; the first one is the default."""
    settings.OPTIONS = replace(settings.OPTIONS, xai_api_base=sandbox.url)
    names = {"Production": "xai-first-key-1111111111", "Trying out": "xai-second-key-222222222"}
    for key in names.values():
        sandbox.admin("POST", "keys", {"key": key, "team": "team-1"})
    return [store_key(team, key, "team-1", alice, name=name) for name, key in names.items()]


def test_the_key_is_chosen_and_stays_chosen_for_the_next_try(
    draft: Batch, site: Client, keys: list[ProviderKey]
) -> None:
    page = text_of(site.get(url(draft)))
    assert re.search(rf'<option value="{keys[0].pk}" selected>Production …1111 \(default\)', page)
    answer = post(site, draft, "add", key=keys[1].pk)
    assert f'<option value="{keys[1].pk}" selected>' in text_of(site.get(answer["Location"]))
    post(site, draft, "try", key=keys[1].pk)
    trial = settled(Trial.objects.get())
    assert (trial.account, trial.key, trial.held_reason) == ("team", keys[1], "")
    assert {spend.key for spend in DailySpend.objects.all()} == {"Trying out …2222"}
    page = text_of(site.get(url(draft)))
    assert f'<option value="{keys[1].pk}" selected>' in page
    assert "with <bdi>Trying out</bdi>" in page


def test_a_key_that_is_gone_meanwhile_sends_nothing_under_another(
    draft: Batch, site: Client, alice: User, keys: list[ProviderKey]
) -> None:
    remove_key(keys[1])
    for htmx in (False, True):
        answer = post(site, draft, "try", htmx=htmx, key=keys[1].pk)
        assert (answer.status_code, "This key is not there any more" in text_of(answer)) == (422, True)
    with pytest.raises(trial_start.TrialRefused, match="Nothing was sent"):
        trial_start.press(draft, alice, [1], keys[1])
    assert not Trial.objects.exists()


def test_a_single_key_is_no_question(draft: Batch, site: Client, keys: list[ProviderKey]) -> None:
    remove_key(keys[1])
    page = text_of(site.get(url(draft)))
    assert re.search(rf'<input type="hidden" name="key" value="{keys[0].pk}"', page)
    assert "Trying out" not in page


# ---- variants ---------------------------------------------------------------------------------------------


def test_variants_are_kept_as_they_are_typed(draft: Batch, site: Client) -> None:
    post(site, draft, "add")
    assert [one["prompt"] for one in draft.variants] == ["One word: {{text}}"]
    typed: dict[str, Any] = {
        "variants": "1",
        "prompt-1": "a\r\nb <i>{{text}}",
        "system-1": "Be brief",
        "model-1": "grok-4.7",
    }
    part = post(site, draft, "save", htmx=True, **typed)
    assert draft.variants == [{"prompt": "a\nb <i>{{text}}", "system_prompt": "Be brief", "model": "grok-4.7"}]
    assert "a\nb &lt;i&gt;{{text}}" in str(site.get(url(draft)).content.decode())
    assert '<option value="grok-4.7" selected>' in text_of(part)
    post(site, draft, "add", **typed)
    assert len(draft.variants) == 2
    post(site, draft, "add", **typed | {"variants": "2"})
    assert len(draft.variants) == 2, "no more than two beside the draft's own"
    post(site, draft, "remove-1")
    assert len(draft.variants) == 1


def test_while_one_types_only_the_price_comes_back(draft: Batch, site: Client) -> None:
    answer = site.post(url(draft), {"act": "price", "count": "7"}, headers=HTMX)
    assert text_of(answer).startswith('<p id="try-cost"')
    assert "7 rows × 1 variant" in text_of(answer)


def test_a_variant_is_used_and_says_so(draft: Batch, site: Client) -> None:
    trial = tried(against(draft, B), [1, 2])
    page = text_of(site.get(url(draft)))
    assert f'value="use-{trial.pk}-1">Use this variant' in page
    answer = post(site, draft, f"use-{trial.pk}-1", htmx=True)
    assert answer["HX-Refresh"] == "true"
    assert draft.prompt == B["prompt"]
    assert "This is now the draft’s prompt" in text_of(site.get(url(draft)))
    for odd in ("use-1-9", "use-x-1", "use-", "use-999999-1"):
        assert post(site, draft, odd).status_code in (404, 422)
    assert draft.prompt == B["prompt"]


def test_variants_that_say_the_same_and_that_differ_are_told_apart(draft: Batch, site: Client) -> None:
    trial = tried(against(draft, B), [1, 2, 3])
    same = trial.answers.filter(row=2).order_by("variant")
    same.update(answer="yes")
    page = text_of(site.get(url(draft)))
    assert "The variants agree on 1 of 3 rows" in page
    assert page.count("differ</span>") == 2


# ---- keeping ----------------------------------------------------------------------------------------------


def test_an_answer_is_dropped_and_kept_again(draft: Batch, site: Client) -> None:
    first = answers(tried(draft, [1, 2]))[0]
    part = post(site, draft, f"drop-{first.pk}", htmx=True)
    first.refresh_from_db()
    assert not first.kept
    assert f'value="keep-{first.pk}"' in text_of(part)
    post(site, draft, f"keep-{first.pk}")
    first.refresh_from_db()
    assert first.kept


def test_trouble_is_shown_in_words(draft: Batch, site: Client, sandbox: Sandbox) -> None:
    sandbox.fault("lost_reply", call="chat", nth=1)
    tried(draft, [1, 2])
    assert "it may have been billed" in text_of(site.get(url(draft)))
    sandbox.mend()
    sandbox.fault("no_credits", call="chat")
    settled(trial_start.press(draft, None, [9]), until="held")
    assert "Held: no credits left at xAI" in text_of(site.get(url(draft)))
    post(site, draft, f"stop-{Trial.objects.latest('pk').pk}")
    assert settled(Trial.objects.latest("pk")).ended_at


def test_an_answer_has_a_page_with_what_was_asked_and_what_came(draft: Batch, site: Client) -> None:
    one = answers(tried(draft, [3]))[0]
    page = text_of(site.get(reverse("try-answer", args=[draft.pk, one.trial_id, one.pk])))
    assert "One word: Question 3" in page
    assert "cost_in_usd_ticks" in page
    again = answers(tried(draft, [3, 4]))[0]
    assert "shown again" in text_of(site.get(reverse("try-answer", args=[draft.pk, again.trial_id, again.pk])))


def test_what_a_model_says_is_text(draft: Batch, site: Client) -> None:
    one = answers(tried(draft, [1]))[0]
    TrialAnswer.objects.filter(pk=one.pk).update(answer="<script>alert(1)</script>", reasoning="<b>x", misfit="<i>")
    for page in (url(draft), reverse("try-answer", args=[draft.pk, one.trial_id, one.pk])):
        shown = str(site.get(page).content.decode())
        assert "<script>alert(1)" not in shown
        assert "&lt;script&gt;alert(1)" in shown


# ---- afterwards, and other people --------------------------------------------------------------------------


def test_after_submitting_the_tries_can_be_read_and_nothing_be_pressed(draft: Batch, site: Client) -> None:
    trial = tried(against(draft, B), [1, 2])
    with_review = site.get(reverse("batch-review", args=[draft.pk]))
    revision = re.search(r'name="reviewed" value="(\w+)"', with_review.content.decode())
    assert revision
    site.post(reverse("batch-submit", args=[draft.pk]), {"reviewed": revision[1]})
    draft.refresh_from_db()
    assert draft.state == "queued"
    page = text_of(site.get(url(draft)))
    assert "no more rows can be tried" in page
    assert 'name="act"' not in page
    calls = direct_calls(trial)
    for act in ("try", f"use-{trial.pk}-1", "add", "save"):
        assert post(site, draft, act).status_code == 422
    assert direct_calls(trial) == calls
    draft.submissions.update(next_look_at=timezone.now())
    assert drive(draft).state == "completed"


def direct_calls(trial: Trial) -> int:
    return TrialAnswer.objects.filter(batch=trial.batch_id, state=AnswerState.ANSWERED).count()


def test_actual_and_estimate_stand_beside_each_other_in_the_end(draft: Batch, site: Client, sandbox: Sandbox) -> None:
    tried(draft, [1, 2, 3, 4, 5])
    review = site.get(reverse("batch-review", args=[draft.pk])).content.decode()
    revision = re.search(r'name="reviewed" value="(\w+)"', review)
    assert revision
    site.post(reverse("batch-submit", args=[draft.pk]), {"reviewed": revision[1]})
    draft.submissions.update(next_look_at=timezone.now())
    draft = drive(Batch.objects.get(pk=draft.pk))
    page = text_of(site.get(reverse("batch-activity", args=[draft.pk])))
    assert re.search(r"it cost (\d+ % (more|less)|as much as estimated)", page)
    assert draft.cost_ticks == sandbox.billed() + direct(sandbox)[1]


def test_another_team_finds_nothing(draft: Batch, charlie: User, client_of: Browser) -> None:
    one = answers(tried(draft, [1]))[0]
    theirs = client_of(charlie)
    for path in (
        url(draft),
        url(draft, "try-panel"),
        reverse("try-answers", args=[draft.pk, one.trial_id]),
        reverse("try-answer", args=[draft.pk, one.trial_id, one.pk]),
    ):
        assert theirs.get(path).status_code == 404
    assert post(theirs, draft, "try").status_code == 404
    assert Trial.objects.count() == 1


def test_an_answer_of_another_batch_is_not_shown_or_changed(
    draft: Batch, team: Team, charlie: User, site: Client
) -> None:
    other = a_draft(charlie.teams.get(), charlie)
    one = answers(tried(other, [1]))[0]
    mine = tried(draft, [1])
    assert site.get(reverse("try-answers", args=[draft.pk, one.trial_id])).status_code == 404
    for trial in (one.trial_id, mine.pk):
        assert site.get(reverse("try-answer", args=[draft.pk, trial, one.pk])).status_code in (302, 404)
    post(site, draft, f"drop-{one.pk}")
    post(site, draft, f"stop-{one.trial_id}")
    one.refresh_from_db()
    assert one.kept
