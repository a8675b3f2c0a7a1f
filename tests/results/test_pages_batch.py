"""The page of a batch: how it stands, live; what needs a look; what happened."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from batchsite.batches.models import Batch, Submission
from batchsite.batches.states import State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import hold, move
from batchsite.drafts import draft_store
from batchsite.processes.models import Heartbeat
from batchsite.results.batch_status import status_of
from batchsite.results.cause_counts import causes
from batchsite.results.views_progress import _read_so_far
from batchsite.submission import actions
from batchsite.teams.models import Team, User
from batchsite.timeouts import timeouts
from tests.submission.stories import a_draft, a_running_batch, ago, an_ended_batch, failure, receive

Browser = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def nothing_counted_yet() -> None:
    """The cache knows batches by their numbers, which every test gives anew."""
    cache.clear()


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


def page(site: Client, batch: Batch, **asked: Any) -> str:
    answer = site.get(reverse("batch", args=[batch.pk]), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def activity(site: Client, batch: Batch) -> str:
    return site.get(reverse("batch-activity", args=[batch.pk])).content.decode()


def poll(site: Client, batch: Batch, **asked: Any) -> Any:
    return site.get(reverse("batch-progress", args=[batch.pk]), asked, headers=HTMX)


def part(text: str, element_id: str) -> str:
    """The opening tag of an element and what follows it."""
    return text[text.index(f'id="{element_id}"') :]


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


# ---- how it stands ---------------------------------------------------------------------------------


def test_a_running_batch_shows_counts_cost_and_what_is_left(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice, rows=40)
    ago(batch, seconds=60)
    Batch.objects.filter(pk=batch.pk).update(first_result_at=timezone.now())
    receive(batch, dict.fromkeys(range(1, 11), "yes") | {11: failure("Content violates usage guidelines.")})
    Submission.objects.update(num_success=19, num_error=1, num_requests=40)
    shown = words(page(site, batch))
    assert "50 % done" in shown
    assert "10 succeeded 1 failed 29 pending 9 of these done at xAI, not read yet" in shown
    assert "$0.0021 simulated, about $0.0083 in all" in shown
    facts = words(activity(site, batch))
    assert "Cost so far $0.0021" in facts
    assert "Projected about $0.0083 $" in facts
    assert "2,040 / 10 / 820" in facts
    assert "by you" in shown


def test_the_bar_shows_what_is_done_and_not_read_in_a_colour_of_its_own(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice, rows=40)
    receive(batch, dict.fromkeys(range(1, 11), "yes"))
    Submission.objects.update(num_success=20)
    shown = page(site, batch)
    assert 'aria-label="10 succeeded, 10 done and not read yet, 20 pending"' in shown
    assert '<rect class="ahead" x="25.000%" width="25.000%"' in shown


@pytest.mark.parametrize(
    ("state", "columns", "title"),
    [
        ("queued", {}, "Waiting for a worker"),
        ("queued", {"planned": False, "planned_through": 12}, "Checking the rows: 12 of 20"),
        ("submitting", {"sent": 5}, "Sending: 5 of 20 rows"),
        ("processing", {}, "Sent; waiting for the first answer"),
        ("processing", {"num_success": 10}, "50 % done"),
        ("collecting", {}, "0 of 20 read"),
        ("cancelling", {"num_success": 4}, "Cancelling, 20 % done"),
        ("cancelling", {"num_success": 4, "num_cancelled": 16}, "Cancelling, 20 % done"),
        ("cancelling", {"num_success": 4, "ending": "completed"}, "Finishing, 20 % done"),
    ],
)
def test_the_title_says_what_it_is_at(
    state: str, columns: dict[str, Any], title: str, team: Team, alice: User, site: Client
) -> None:
    batch = a_running_batch(team, alice)
    Submission.objects.update(state=state, **columns)
    Batch.objects.update(state=state)
    assert title in words(page(site, batch))


def test_of_a_million_rows_one_is_less_than_a_per_cent(team: Team, alice: User) -> None:
    batch = a_running_batch(team, alice)
    Batch.objects.update(total=1_000_000)
    Submission.objects.update(total=1_000_000, num_success=1)
    batch.refresh_from_db()
    assert status_of(batch).title == "Less than 1 % done"


def test_time_left_follows_the_provider_s_counters(team: Team, alice: User) -> None:
    batch = a_running_batch(team, alice, rows=100)
    ago(batch, minutes=10)
    Submission.objects.update(num_success=50, changed_at=timezone.now())
    assert status_of(batch).left == "about 10 minutes left"


def test_after_three_polls_without_an_answer_no_time_is_promised(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice, rows=100)
    ago(batch, minutes=30)
    moved = timezone.now() - timedelta(seconds=2.5 * timeouts().poll_later)
    Submission.objects.update(num_success=50, changed_at=moved)
    assert status_of(batch).left
    moved = timezone.now() - timedelta(seconds=3.5 * timeouts().poll_later)
    Submission.objects.update(changed_at=moved)
    status = status_of(batch)
    assert (status.left, status.unmoved_since, status.notices) == ("", moved, [])
    assert "so far, no new answers since" in words(part(page(site, batch), "progress"))


def test_the_time_left_of_a_retry_counts_from_the_retry(team: Team, alice: User) -> None:
    batch = an_ended_batch(team, alice, rows=40, failed=20)
    ago(batch, days=3)
    Batch.objects.update(first_result_at=batch.started_at)
    again = actions.retry(batch, alice)
    Submission.objects.filter(pk=again.pk).update(state="processing", total=20, num_success=10)
    now = timezone.now()
    Submission.objects.filter(pk=again.pk).update(created_at=now - timedelta(minutes=2), changed_at=now)
    Batch.objects.update(state="processing")
    batch.refresh_from_db()
    assert status_of(batch).left == "about 2 minutes left"


def test_an_ended_batch_with_failures_is_amber_and_offers_a_retry(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice, failed=3)
    shown = page(site, batch)
    assert '<span class="badge warn">Completed, 3 failed</span>' in shown
    assert "Retry failed…" in shown
    assert "Cancel…" not in shown
    assert "17 succeeded 3 failed" in words(shown)


def test_a_draft_has_its_own_page(team: Team, alice: User, site: Client) -> None:
    draft = a_draft(team, alice)
    edit = reverse("batch-edit", args=[draft.pk])
    assert site.get(reverse("batch", args=[draft.pk]))["Location"] == edit
    answer = poll(site, draft)
    assert (answer.status_code, answer["HX-Redirect"], answer.content) == (200, edit, b"")


@pytest.mark.parametrize("name", ["batch", "batch-progress"])
def test_outsiders_find_nothing(name: str, team: Team, alice: User, charlie: User, client_of: Browser) -> None:
    url = reverse(name, args=[a_running_batch(team, alice).pk])
    assert client_of(charlie).get(url).status_code == 404
    assert client_of(charlie).get(url, headers=HTMX).status_code == 404


def test_the_page_is_cheap_whatever_its_size(
    team: Team, alice: User, site: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    batch = an_ended_batch(team, alice, rows=120, failed=30)
    page(site, batch)  # the first look asks a worker for sums over all rows
    with django_assert_max_num_queries(18):
        page(site, batch)
    with django_assert_max_num_queries(9):
        poll(site, batch)


# ---- the live part -------------------------------------------------------------------------------------


def test_it_asks_so_often_that_an_end_is_seen_within_three_seconds(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    ago(batch, hours=2)
    live = part(poll(site, batch).content.decode(), "progress")
    assert 'hx-trigger="every 2s, back from:body"' in live
    assert re.search(rf'hx-get="/batches/{batch.pk}/progress\?shown=\w+&amp;tab=results&amp;read=[\w-]+"', live)


def test_the_last_answer_asks_no_more(team: Team, alice: User, site: Client) -> None:
    live = poll(site, an_ended_batch(team, alice)).content.decode()
    progress = live[: live.index("</section>")]
    assert 'id="progress"' in progress
    assert "hx-get" not in progress
    assert "hx-trigger" not in progress


def test_there_is_nothing_to_type_or_to_open_in_it(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    fingerprint = status_of(batch).fingerprint
    live = poll(site, batch, shown=fingerprint).content.decode()
    assert not re.search(r"<(form|input|select|textarea|details|summary)\b", live)
    assert "<hx-partial" not in live


def test_what_stands_around_it_comes_along_only_when_it_changed(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    fingerprint = status_of(batch).fingerprint
    receive(batch, {1: "yes"})
    assert "<hx-partial" in poll(site, batch, shown=fingerprint).content.decode(), (
        "the first result is a line of the timeline"
    )
    fingerprint = status_of(batch).fingerprint
    receive(batch, {2: "yes"})
    assert "<hx-partial" not in poll(site, batch, shown=fingerprint, tab="activity").content.decode()
    hold(batch.pk, "no credits left")
    for tab, part_id in (("results", "batch-causes"), ("activity", "batch-timeline")):
        live = poll(site, batch, shown=fingerprint, tab=tab, read=_read_so_far(batch)).content.decode()
        around = ["batch-actions", "batch-notices", part_id, "rail-batches"]
        assert re.findall(r'<hx-partial hx-target="#([\w-]+)"', live) == around


def test_it_remembers_the_filter_of_the_page(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: failure("overloaded")})
    shown = page(site, batch, state="failed", cause="overloaded")
    assert re.search(
        r'hx-get="[^"]*\?shown=\w+&amp;tab=results&amp;read=[\w-]+&amp;state=failed&amp;cause=overloaded"', shown
    )


def test_opened_without_htmx_it_leads_to_the_page(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    url = reverse("batch-progress", args=[batch.pk])
    assert site.get(url)["Location"] == reverse("batch", args=[batch.pk])


def test_rows_come_along_only_on_their_tab_and_when_more_were_read(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    read = _read_so_far(batch)
    assert "<table" not in poll(site, batch, tab="results", read=read).content.decode()
    receive(batch, {1: "yes"})
    assert "<table" not in poll(site, batch, tab="activity", read=read).content.decode()
    live = poll(site, batch, tab="results", read=read, state="succeeded").content.decode()
    assert 'id="row-1"' in live
    assert "read=" not in live[live.index('id="rows"') :], "links are those of the page"


# ---- what needs a look -------------------------------------------------------------------------------------


def test_a_held_batch_says_why_since_when_and_what_to_do(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    hold(batch.pk, "no credits left at xAI.", "Your team has used all <credits>", "trace-17")
    shown = page(site, batch)
    assert "Held: No credits left at xAI" in shown
    assert "Your team has used all &lt;credits&gt;" in shown
    assert f'action="{reverse("batch-go-on", args=[batch.pk])}"' in shown
    assert "Trace id <code>trace-17</code>" in " ".join(activity(site, batch).split())
    assert "Finish early…" in shown


def test_a_live_batch_says_so_and_what_it_means_when_it_stands_still(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    ago(batch, minutes=11)
    assert "most batches finish within a day" in page(site, batch)
    assert "live, on" not in words(part(page(site, batch), "progress"))
    Batch.objects.update(runs_live=True)
    shown = page(site, batch)
    assert "live, on" in words(part(shown, "progress"))
    assert "most batches" not in shown
    assert "Live answers usually arrive within a minute" in shown


def test_a_batch_that_stands_still_says_since_when(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    assert "No new answers" not in page(site, batch)
    ago(batch, minutes=9)
    assert "Wait</button>" not in page(site, batch)
    ago(batch, minutes=11)
    assert '<div class="notice "><b>No new answers for a while' in " ".join(page(site, batch).split())
    ago(batch, hours=2)
    shown = page(site, batch)
    assert '<div class="notice warn">' in shown
    assert "No new answers for a while" in shown
    assert "data-shut>Wait</button>" in shown
    assert reverse("batch-finish", args=[batch.pk]) in shown


@pytest.mark.parametrize("silent", [None, 12, 14])
def test_without_a_living_worker_it_says_so_within_15_seconds(
    silent: float | None, team: Team, alice: User, site: Client
) -> None:
    batch = a_running_batch(team, alice)
    if silent is not None:
        for queue in ("short", "long"):
            Heartbeat.objects.create(queue=queue, beat_at=timezone.now() - timedelta(seconds=silent))
    shown = words(part(page(site, batch), "batch-notices"))
    assert ("Nothing is being worked on" in shown) == ("python manage.py up" in shown) == (silent == 14)


def test_a_batch_that_no_worker_ever_took_says_so(team: Team, alice: User, site: Client) -> None:
    batch = a_draft(team, alice)
    actions.start(batch, alice, draft_store.estimate_of(batch))
    batch.refresh_from_db()
    assert "Nothing is being worked on" not in page(site, batch)
    ago(batch, seconds=20)
    assert "Nothing is being worked on" in page(site, batch)


def test_a_retry_ends_and_says_what_came_of_it(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice, failed=3)
    again = actions.retry(batch, alice)
    batch.refresh_from_db()
    assert status_of(batch).title.startswith("Retrying: ")
    with transaction.atomic():
        Submission.objects.filter(pk=again.pk).update(state="collecting", total=3, failed=3)
        move(Submission.objects.get(pk=again.pk), State.COMPLETED)
    batch.refresh_from_db()
    shown = words(page(site, batch))
    assert "Retry finished: 0 of 3 answered this time" in shown
    assert "Retrying" not in shown
    assert batch.events.get(kind="ended", text__contains=". Retry: 0 of 3 answered")
    ago(batch, hours=2)
    batch.submissions.update(ended_at=timezone.now() - timedelta(hours=2))
    assert "Retry finished" not in page(site, batch)


def test_counters_that_do_not_tell_are_named(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    ago(batch, minutes=10)
    note(batch.pk, "suspect", "xAI's counters stand still, though it lists the rows as pending")
    assert "counters stand still" in words(part(page(site, batch), "batch-notices"))[:120]


def test_calls_that_fail_again_and_again_are_shown_in_xai_s_words(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    note(batch.pk, "error", "xAI had a fault of its own", detail="upstream connect error", trace_id="abc")
    Submission.objects.update(faults=1)
    assert "does not answer as it should" not in page(site, batch)
    Submission.objects.update(faults=2)
    assert "xAI is not responding properly: xAI had a fault of its own" in page(site, batch)


@pytest.mark.parametrize(
    ("ending", "reason", "title"),
    [
        ("cancelled", "Cancelled before it was answered.", "Cancelling"),
        ("completed", "The deadline of this batch has passed.", "Finishing early"),
        ("failed", "Model x is not supported", "xAI refused it; the rows sent so far are being withdrawn"),
    ],
)
def test_a_batch_that_is_being_ended_says_how(
    ending: str, reason: str, title: str, team: Team, alice: User, site: Client
) -> None:
    batch = a_running_batch(team, alice)
    ended_by = "deadline" if ending == "completed" else ""
    Submission.objects.update(cancel_asked_at=timezone.now(), ending=ending, ending_reason=reason, ended_by=ended_by)
    Batch.objects.update(state="cancelling")
    notice = words(part(page(site, batch), "batch-notices"))
    assert f"{title} " in notice
    assert "Answered rows are kept and billed." in notice
    assert ("deadline" in notice[:200]) == (ending == "completed")
    assert "Cancel…" not in page(site, batch)


def test_a_failed_batch_shows_the_provider_s_words(team: Team, alice: User, site: Client) -> None:
    batch = an_ended_batch(team, alice, failed=20)
    Batch.objects.update(state="failed", failure="xAI ended the batch: line 3 is <not> JSON")
    assert "line 3 is &lt;not&gt; JSON" in page(site, batch)


# ---- causes and the timeline ---------------------------------------------------------------------------------


def test_failures_are_grouped_by_cause_and_each_is_a_filter(team: Team, alice: User, site: Client) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: failure("overloaded"), 2: failure("overloaded"), 3: failure("Content policy")})
    chips = part(page(site, batch), "batch-causes")
    assert "Retry… 2 overloaded 1 content policy" in words(chips)
    assert f'href="/batches/{batch.pk}?cause=content%20policy#results"' in chips
    chosen = part(page(site, batch, cause="overloaded"), "batch-causes")
    assert re.search(r'href="/batches/\d+#results" aria-current="true"[^>]*><b>2</b> overloaded', chosen)
    assert f"/batches/{batch.pk}/retry?cause=overloaded" in chosen


def test_causes_are_counted_again_only_when_something_changed(
    team: Team, alice: User, site: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    batch = a_running_batch(team, alice)
    receive(batch, {1: failure("overloaded")})
    assert causes(batch) == [("overloaded", 1)]
    with django_assert_max_num_queries(1):
        assert causes(batch) == [("overloaded", 1)]
    receive(batch, {2: failure("overloaded")})
    assert causes(batch) == [("overloaded", 2)]


def test_a_batch_that_ends_while_its_page_is_made_has_a_page(team: Team, alice: User) -> None:
    batch = a_running_batch(team, alice)
    actions.cancel(batch, alice)
    batch.refresh_from_db()
    assert batch.state == "cancelling"
    batch.submissions.update(state="cancelled", ended_at=timezone.now())
    assert status_of(batch).notices == []


def test_the_timeline_tells_who_did_what_and_how_often(team: Team, alice: User, bob: User, site: Client) -> None:
    batch = a_running_batch(team, bob)
    for _ in range(3):
        note(batch.pk, "error", "xAI had a fault of its own", detail="503 <html>")
    actions.cancel(batch, alice)
    line = words(part(activity(site, batch), "batch-timeline"))
    assert "Submitted with 20 rows by Bob" in line
    assert "3 times" in line
    assert "503 &lt;html&gt;" in activity(site, batch)
    assert "Cancellation requested by you" in line


def test_the_tab_of_the_prompt_says_what_an_answer_looks_like(team: Team, alice: User, site: Client) -> None:
    fields = [{"name": "intent", "type": "choice", "values": ["lost", "late"], "required": True}]
    batch = a_running_batch(team, alice, shape={"fields": fields})
    page = site.get(reverse("batch-prompt", args=[batch.pk])).content.decode()
    assert "Answer columns intent one of 2: lost, late" in " ".join(re.sub(r"<[^>]+>", " ", page).split())
