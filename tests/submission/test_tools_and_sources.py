"""Batches whose model searches and calculates: their sources, calls and fees, whatever the turns look like."""

from __future__ import annotations

import csv
import io
from typing import Any

import orjson
import pytest
from django.test import Client
from django.urls import reverse
from msgspec.structs import replace

from batchsite.batches.answer_flaws import NO_ANSWER
from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, DailySpend, Result
from batchsite.batches.tool_use import ToolUse
from batchsite.drafts import draft_store
from batchsite.exports.result_files import FORMS, content
from batchsite.results.row_detail import row_detail
from batchsite.submission import actions
from batchsite.submission.result_records import cost_of
from batchsite.teams.models import Team, User
from batchsite.xai.results import read_result
from tests.factories import make_dataset
from tests.pipeline import check_books, drive, make_batch
from tests.sandboxes import Sandbox
from tests.trials.stories import a_draft, answers, direct, tried

pytestmark = pytest.mark.django_db
FEE = 50_000_000
TOOLS = {"web_search": {"allowed_domains": ["who.int"]}, "x_search": {}, "code": {}}


def rows_of(batch: Batch) -> list[dict[str, str]]:
    text = b"".join(content(batch, FORMS["csv"])).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def uses(batch: Batch) -> list[ToolUse]:
    return [ToolUse.of(result.tool_use) for result in Result.objects.filter(batch=batch).order_by("row")]


def test_sources_calls_and_fees_are_stored_summed_and_downloaded(team: Team, sandbox: Sandbox) -> None:
    batch = drive(make_batch(team, 24, tools=TOOLS))
    check_books(batch, sandbox)
    taken = uses(batch)
    assert batch.tool_calls == sum(use.count for use in taken) >= 24
    assert batch.tool_ticks == FEE * batch.tool_calls
    assert {kind for use in taken for kind in use.calls} == {"web_search", "x_search", "code_interpreter"}
    assert 0 < batch.cited == sum(bool(use.sources) for use in taken)
    spend = DailySpend.objects.get(team=team)
    assert spend.ticks == batch.cost_ticks > batch.tool_ticks

    for row, use in zip(rows_of(batch), taken, strict=True):
        assert row["sources"].split("\n") == ([link.url for link in use.listed] or [""])
        assert (row["sources_used"], row["tool_calls"]) == (str(use.sources_used), str(use.count))
        assert row["answer"].startswith("Simulated answer:")
    hosts = {link.host for use in taken for link in use.listed}
    assert hosts == {"who.int", "x.com"}


def test_requests_with_tools_are_responses_and_others_stay_what_they_were(team: Team) -> None:
    batch = make_batch(team, 1, tools=TOOLS)
    [(kind, body)] = recipe_of(batch).request(1, ["c1", "Hello"])["batch_request"].items()
    assert (kind, body["store"]) == ("responses", False)
    assert body["tools"] == [
        {"type": "web_search", "filters": {"allowed_domains": ["who.int"]}},
        {"type": "x_search"},
        {"type": "code_interpreter"},
    ]
    batch.tools = {}
    assert "chat_get_completion" in recipe_of(batch).request(1, ["c1", "Hello"])["batch_request"]


ODD = [
    ("no_text", True, True),
    ("calls_only", True, True),
    ("text_first", False, True),
    ("no_citations", False, False),
    ("odd_citations", False, True),
    ("no_details", False, True),
]


@pytest.mark.parametrize(("form", "is_empty", "is_cited"), ODD, ids=[odd[0] for odd in ODD])
def test_odd_runs_lose_no_row_and_no_tick(
    form: str, *, is_empty: bool, is_cited: bool, team: Team, sandbox: Sandbox
) -> None:
    sandbox.fault(what="odd_runs", form=form)
    batch = drive(make_batch(team, 6, tools={"web_search": {}}))
    assert (batch.state, batch.succeeded) == ("completed", 6)
    assert batch.cost_ticks == sandbox.billed()
    assert (batch.no_answer, batch.cited) == (6 if is_empty else 0, 6 if is_cited else 0)
    assert batch.tool_ticks == FEE * batch.tool_calls > 0
    if is_empty:
        assert {result.cause for result in Result.objects.all()} == {NO_ANSWER}
    else:
        check_books(batch, sandbox)
        assert all(row["answer"].startswith("Simulated answer:") for row in rows_of(batch))


def test_hostile_citations_become_neither_links_nor_cells(
    team: Team, alice: User, sandbox: Sandbox, client_of: Any
) -> None:
    sandbox.fault(what="odd_runs", form="odd_citations")
    batch = drive(make_batch(team, 2, tools={"web_search": {}}))
    assert {row["sources"] for row in rows_of(batch)} == {"https://example.com/object"}
    site: Client = client_of(alice)
    for path in (reverse("batch", args=[batch.pk]), reverse("batch-row", args=[batch.pk, 1])):
        page = site.get(path).content.decode()
        assert 'href="https://example.com/object"' in page
        assert 'href="javascript:' not in page
        assert 'href="data:' not in page
        assert "<img src=x" not in page
        assert "<script>alert" not in page
    assert page.count('rel="noopener noreferrer nofollow"') == 1


def test_a_row_shows_its_calls_their_fees_and_titled_sources(
    team: Team, alice: User, sandbox: Sandbox, client_of: Any
) -> None:
    batch = drive(make_batch(team, 3, tools={"web_search": {}}))
    detail = row_detail(batch, 1)
    assert detail
    page = client_of(alice).get(reverse("batch-row", args=[batch.pk, 1])).content.decode()
    assert f"Sources, {len(detail.tool_use.sources)}" in page
    assert detail.tool_use.words in page
    assert "web search" in detail.tool_use.words


def test_files_of_requests_that_carry_tools_have_the_same_columns(team: Team, sandbox: Sandbox) -> None:
    bodies: list[dict[str, Any]] = [
        {"model": "grok-4.3", "input": "Who won?", "tools": [{"type": "web_search"}]},
        {"model": "grok-4.3", "input": "And without?"},
        {"model": "grok-4.3", "input": "Note it.", "tools": [{"type": "function", "name": "note", "parameters": {}}]},
    ]
    rows = [[f"r{n}", "POST", "/v1/responses", orjson.dumps(body).decode()] for n, body in enumerate(bodies)]
    dataset = make_dataset(team, ["custom_id", "method", "url", "body"], rows, name="requests.jsonl", form="requests")
    batch = draft_store.new_draft(team, None, dataset)
    actions.start(batch, None, None)
    drive(batch)
    check_books(batch, sandbox)
    found, plain, asked = rows_of(batch)
    assert orjson.loads(asked["answer"])["name"] == "note"
    assert (asked["finish_reason"], asked["warning"], asked["tool_calls"]) == ("tool_calls", "", "")
    assert found["sources"].startswith("https://")
    assert (plain["sources"], plain["tool_calls"]) == ("", "")


def test_a_batch_without_tools_has_no_such_columns(team: Team, sandbox: Sandbox) -> None:
    assert "sources" not in rows_of(drive(make_batch(team, 2)))[0]


def test_answers_without_a_cost_are_counted_with_their_fees(team: Team, sandbox: Sandbox) -> None:
    """xAI may name no cost (facts 2.13): tokens at the batch price, calls at theirs."""
    batch = drive(make_batch(team, 2, tools={"web_search": {}}))
    detail = row_detail(batch, 1)
    assert detail
    result = read_result(orjson.loads(detail.raw))
    assert result.usage
    named = result.usage.cost_ticks
    assert cost_of(batch.submissions.get(), replace(result, usage=replace(result.usage, cost_ticks=None))) == named


# ---- tries and the estimate --------------------------------------------------------------------------


def test_a_try_searches_too_and_its_answers_are_kept(team: Team, sandbox: Sandbox) -> None:
    draft = a_draft(team, tools={"web_search": {}})
    trial = tried(draft, rows=[1, 2, 3])
    taken = [answer.tools for answer in answers(trial)]
    assert all(use.calls and use.listed for use in taken)
    assert sum(answer.cost_ticks for answer in answers(trial)) == direct(sandbox)[1]
    draft.refresh_from_db()
    actions.start(draft, None, draft_store.estimate_of(draft))
    batch = drive(draft)
    assert batch.tool_calls == sum(use.count for use in uses(batch))
    kept = [ToolUse.of(result.tool_use) for result in Result.objects.filter(batch=batch, submission=None)]
    assert sorted(kept, key=repr) == sorted(taken, key=repr)


def test_the_estimate_guesses_fees_then_learns_them(team: Team, sandbox: Sandbox) -> None:
    draft = a_draft(team)
    plain = draft_store.estimate_of(draft)
    draft_store.save(draft, {"tools": {"web_search": {}}})
    guessed = draft_store.estimate_of(draft)
    assert plain
    assert guessed
    assert guessed.likely > plain.likely + 30 * 2 * FEE * 0.9
    assert "guess" in guessed.basis
    assert guessed.low < guessed.likely < guessed.high
    tried(draft, rows=[1, 2, 3, 4, 5, 6])
    draft.refresh_from_db()
    learnt = draft_store.estimate_of(draft)
    assert learnt
    actions.start(draft, None, learnt)
    batch = drive(draft)
    assert learnt.low <= batch.cost_ticks <= learnt.high
    assert learnt.high - learnt.low < guessed.high - guessed.low


def test_the_network_and_the_provider_lie_about_a_batch_with_tools(team: Team, sandbox: Sandbox) -> None:
    lies: list[dict[str, Any]] = [
        {"what": "lost_reply", "call": "add", "applied": True, "times": 1},
        {"what": "lost_reply", "call": "create", "applied": True, "times": 1},
        {"what": "duplicate_rows", "share": 0.5},
        {"what": "results_trail", "seconds": 0.4},
        {"what": "odd_runs", "form": "no_details", "share": 0.5},
    ]
    for lie in lies:
        sandbox.fault(**lie)
    batch = drive(make_batch(team, 12, tools=TOOLS), seconds=40)
    assert sandbox.idle_faults() == []
    check_books(batch, sandbox)
    assert batch.tool_calls == sum(use.count for use in uses(batch))
