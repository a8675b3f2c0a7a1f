"""What people ask of a batch: said first, then done; what does not fit is said, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from batchsite.batches.models import Batch
from batchsite.batches.transitions import hold
from batchsite.processes import queue
from batchsite.submission.retriable import retriable_results
from batchsite.teams.models import Team, User
from tests.submission.stories import a_draft, a_running_batch, an_ended_batch, end, failure, receive, success

Browser = Callable[[User], Client]
ACTIONS = ("batch-cancel", "batch-finish", "batch-go-on", "batch-retry", "batch-rename", "batch-delete")


@pytest.fixture(autouse=True)
def nothing_counted_yet() -> None:
    cache.clear()


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


def ask(site: Client, name: str, *args: int, **asked: Any) -> str:
    answer = site.get(reverse(name, args=args), asked)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "data-ask" in page
    assert "csrfmiddlewaretoken" in page
    return page


def do(site: Client, action: str, batch: Batch, *args: int, **typed: Any) -> Any:
    answer = site.post(reverse(action, args=[batch.pk, *args]), typed)
    batch.refresh_from_db()
    return answer


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


# ---- cancelling ------------------------------------------------------------------------------------------


def test_a_cancel_says_first_what_stays_and_is_billed(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: "yes", 2: "no"})
    page = ask(site, "batch-cancel", batch.pk)
    assert "Finished rows are kept and billed: 2 rows so far. Of the 18 others" in page
    assert "btn main risk" in page
    batch.refresh_from_db()
    assert batch.state == "processing", "asking does nothing yet"
    answer = do(site, "batch-cancel", batch)
    assert answer["Location"] == reverse("batch", args=[batch.pk])
    assert batch.state == "cancelling"
    assert batch.submissions.get().ending == "cancelled"


def test_finishing_early_declares_the_rest_missing(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    assert "declared missing" in ask(site, "batch-finish", batch.pk)
    do(site, "batch-finish", batch)
    submission = batch.submissions.get()
    assert (submission.ending, submission.declare_as) == ("completed", "missing")


@pytest.mark.parametrize("name", ["cancel", "finish", "end-here", "go-on", "key", "cap"])
def test_what_has_ended_is_not_asked_about_and_cannot_be_ended(
    name: str, team: Team, alice: User, site: Client
) -> None:
    batch = an_ended_batch(team, alice)
    address = reverse(f"batch-{name}", args=[batch.pk])
    for answer in (site.get(address), do(site, f"batch-{name}", batch)):
        assert answer["Location"] == reverse("batch", args=[batch.pk])
        assert said(answer)[-1] == "This batch has already ended."
    assert batch.state == "completed"


def test_what_does_not_fit_a_running_batch_is_said_before_it_is_asked(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    refusals = {"go-on": "isn’t held", "end-here": "Cancel it instead", "delete": "Cancel it first"}
    for name, words in refusals.items():
        answer = site.get(reverse(f"batch-{name}", args=[batch.pk]))
        assert answer["Location"] == reverse("batch", args=[batch.pk])
        assert words in said(answer)[-1]
    draft = a_draft(team, alice)
    assert "not been submitted" in said(site.get(reverse("batch-cancel", args=[draft.pk])))[-1]


def test_a_held_batch_goes_on_at_a_click(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    hold(batch.pk, "no credits")
    ask(site, "batch-go-on", batch.pk)
    assert said(do(site, "batch-go-on", batch)) == ["Resumed."]
    assert batch.held_reason == ""
    assert batch.events.filter(kind="resumed", by=alice).exists()


# ---- retrying ----------------------------------------------------------------------------------------------


@pytest.fixture
def failing(team: Team, alice: User) -> Batch:
    """Rows 1 and 2 answered, 3 and 4 overloaded, 5 refused."""
    batch = a_running_batch(team, alice)
    receive(
        batch, {1: "yes", 2: "no", 3: failure("overloaded"), 4: failure("overloaded"), 5: failure("policy violated")}
    )
    return batch


def test_a_retry_says_how_many_rows_and_what_it_costs(failing: Batch, site: Client) -> None:
    page = ask(site, "batch-retry", failing.pk)
    assert "number 2 of “Sorting”" in page
    assert "rows with a complete answer are not touched and not" in " ".join(page.split())
    assert "All 3 together: about" in page
    assert 'title="$0.00062616">$0.0006' in page
    assert "overloaded: 2 rows" in page
    assert page.count("checked") == 2


def test_a_chosen_cause_comes_ticked(failing: Batch, site: Client) -> None:
    page = ask(site, "batch-retry", failing.pk, cause="overloaded")
    assert page.count("checked") == 1


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [
        (["overloaded", "content policy"], None),
        (["overloaded"], ["overloaded"]),
        (["content policy"], ["content policy"]),
    ],
)
def test_all_or_some_causes_are_tried_again(
    chosen: list[str], wanted: list[str] | None, failing: Batch, site: Client
) -> None:
    assert said(do(site, "batch-retry", failing, causes=chosen)) == []
    again = failing.submissions.get(number=2)
    assert again.retry_of is not None
    assert again.retry_of["causes"] == wanted


@pytest.mark.parametrize(
    ("typed", "words"),
    [({}, "Choose at least one cause."), ({"causes": ["bad luck"]}, "That cause no longer exists.")],
)
def test_a_choice_of_nothing_is_refused_in_place(
    typed: dict[str, Any], words: str, failing: Batch, site: Client
) -> None:
    answer = do(site, "batch-retry", failing, **typed)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert failing.submissions.count() == 1


def test_nothing_failed_nothing_to_retry(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice)
    answer = site.get(reverse("batch-retry", args=[batch.pk]))
    assert answer["Location"] == reverse("batch", args=[batch.pk])
    assert said(answer) == ["There is nothing to retry: every finished row has an answer."]


def test_one_row_is_tried_again(failing: Batch, site: Client) -> None:
    page = ask(site, "batch-row-retry", failing.pk, 3)
    assert "The same request is sent again" in page
    assert "about <span" in page
    assert ">$0.0002<" in page
    answer = do(site, "batch-row-retry", failing, 3)
    assert answer["Location"] == reverse("batch-row", args=[failing.pk, 3])
    again = failing.submissions.get(number=2)
    assert again.retry_of is not None
    assert again.retry_of["rows"] == [3]


def test_a_row_on_its_way_is_not_sent_twice(failing: Batch, site: Client) -> None:
    asked = site.get(reverse("batch-row-retry", args=[failing.pk, 20]))
    assert "can’t be retried now: it is pending" in said(asked)[0]
    assert "nothing to retry" in said(do(site, "batch-row-retry", failing, 20))[-1]
    assert failing.submissions.count() == 1


def test_a_row_with_an_answer_is_run_again_once(failing: Batch, site: Client) -> None:
    page = ask(site, "batch-row-retry", failing.pk, 1)
    assert "Run row 1 again?" in page
    assert "which is kept as an earlier attempt" in page
    do(site, "batch-row-retry", failing, 1)
    again = failing.submissions.get(number=2)
    assert list(retriable_results(again).values_list("row", flat=True)) == [1]
    assert "It is being retried" in site.get(reverse("batch-row", args=[failing.pk, 1])).content.decode()
    assert "These rows are already being retried." in said(do(site, "batch-row-retry", failing, 1))
    assert failing.submissions.count() == 2


def test_a_row_that_is_not_there_cannot_be_tried_again(failing: Batch, site: Client) -> None:
    assert site.get(reverse("batch-row-retry", args=[failing.pk, 21])).status_code == 404
    assert site.post(reverse("batch-row-retry", args=[failing.pk, 21])).status_code == 404


# ---- names, and the end ------------------------------------------------------------------------------------


def test_a_batch_is_renamed_here_and_keeps_its_name_at_xai(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    assert 'value="Sorting"' in ask(site, "batch-rename", batch.pk)
    do(site, "batch-rename", batch, name="  Better  ")
    assert batch.name == "Better"
    assert do(site, "batch-rename", batch, name=" ").status_code == 422
    assert do(site, "batch-rename", batch, name="x" * 201).status_code == 422
    assert batch.name == "Better"


def test_deleting_says_what_stays_at_xai_and_hides_it_at_once(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice)
    assert "xAI offers no way to delete them earlier" in ask(site, "batch-delete", batch.pk)
    answer = do(site, "batch-delete", batch)
    assert answer["Location"] == reverse("batches")
    assert batch.deleted_at is not None
    assert site.get(reverse("batch", args=[batch.pk])).status_code == 404


def test_a_draft_is_deleted_without_ado(team: Team, alice: User, site: Client) -> None:
    draft = a_draft(team, alice)
    page = ask(site, "batch-delete", draft.pk)
    assert "Nothing was sent" in page
    do(site, "batch-delete", draft)
    assert draft.deleted_at is not None


def test_a_running_batch_is_not_deleted(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    assert said(do(site, "batch-delete", batch)) == ["A running batch can’t be deleted. Cancel it first."]
    assert batch.deleted_at is None


@pytest.mark.parametrize("name", ACTIONS)
def test_outsiders_find_nothing_to_do(name: str, team: Team, alice: User, charlie: User, client_of: Browser) -> None:
    batch = a_running_batch(team, alice)
    outsider = client_of(charlie)
    assert outsider.get(reverse(name, args=[batch.pk])).status_code == 404
    assert outsider.post(reverse(name, args=[batch.pk]), {"name": "x"}).status_code == 404
    batch.refresh_from_db()
    assert (batch.state, batch.name, batch.deleted_at) == ("processing", "Sorting", None)


@pytest.mark.parametrize("name", ACTIONS)
def test_bob_of_the_same_team_may(name: str, team: Team, alice: User, bob: User, client_of: Browser) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: failure("overloaded")})
    if name == "batch-delete":
        end(batch)
    if name == "batch-go-on":
        hold(batch.pk, "no credits")
    assert client_of(bob).get(reverse(name, args=[batch.pk])).status_code == 200


# ---- answers that do not fit their shape ----------------------------------------------------------------------


@pytest.fixture
def misfits(team: Team, alice: User) -> Batch:
    """Six rows, two of them answered with a value that was not allowed, one cut off, one failed."""
    shape = {"fields": [{"name": "topic", "type": "choice", "values": ["card", "other"]}]}
    batch = a_running_batch(team, alice, rows=6, shape=shape)
    receive(batch, dict.fromkeys((1, 2), '{"topic": "card"}') | dict.fromkeys((3, 4), '{"topic": "cards"}'))
    receive(batch, {5: success('{"topic": "ca', finish_reason="length"), 6: failure("overloaded")})
    return end(batch)


def test_answers_that_do_not_fit_are_grouped_and_can_be_asked_for_once_more(misfits: Batch, site: Client) -> None:
    shown = site.get(reverse("batch", args=[misfits.pk]))
    assert shown.context["misfits"] == [
        ('topic: "cards" is not one of the allowed values', 2),
        ("The answer was cut off at the token limit", 1),
    ]
    page = shown.content.decode()
    assert f'href="{reverse("batch-retry", args=[misfits.pk])}?fit=misfit" data-dialog>Retry the 3 rows' in page


def test_what_it_costs_and_what_stays_is_said_first(misfits: Batch, site: Client) -> None:
    page = ask(site, "batch-retry", misfits.pk, fit="misfit")
    assert "Retry 3 rows in the wrong format?" in page
    assert "The 2 other answers are not touched and not charged again." in page
    assert "All 3 together: about" in page
    assert "1 of them was cut off at the token limit." in page
    assert f'action="{reverse("batch-retry", args=[misfits.pk])}?fit=misfit"' in page


def test_they_alone_are_asked_for_once_more(misfits: Batch, site: Client) -> None:
    address = reverse("batch-retry", args=[misfits.pk]) + "?fit=misfit"
    assert said(site.post(address)) == []
    again = misfits.submissions.get(number=2)
    assert sorted(retriable_results(again).values_list("row", flat=True)) == [3, 4, 5]


def test_one_row_that_does_not_fit_is_asked_for_once_more(misfits: Batch, site: Client) -> None:
    assert "Retry…" in site.get(reverse("batch-row", args=[misfits.pk, 4])).content.decode()
    assert "Retry…" not in site.get(reverse("batch-row", args=[misfits.pk, 1])).content.decode()
    do(site, "batch-row-retry", misfits, 4)
    assert list(retriable_results(misfits.submissions.get(number=2)).values_list("row", flat=True)) == [4]


def test_where_all_fits_there_is_nothing_to_ask_again(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice)
    answer = site.get(reverse("batch-retry", args=[batch.pk]), {"fit": "misfit"})
    assert said(answer) == ["There is nothing to retry: every answer matches the format."]


def test_what_is_pressed_while_the_broker_is_away_is_done_all_the_same(
    failing: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is only a hint: the ticker finds what is due."""

    class Away:
        def queue_size(self) -> int:
            raise RuntimeError("Error 111 connecting to 127.0.0.1:6379. Connection refused.")

    monkeypatch.setattr(queue, "broker_of", lambda _: Away())
    answer = do(site, "batch-row-retry", failing, 3)
    assert answer.status_code == 302
    again = failing.submissions.get(number=2)
    assert again.next_look_at is not None
    assert again.next_look_at <= timezone.now(), "it is due"
