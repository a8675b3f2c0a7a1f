"""A dataset of requests, as batch files hold them, is run as it stands: bodies, models and ids are its own."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch, Result
from batchsite.drafts import draft_store
from batchsite.results.row_detail import row_detail
from batchsite.submission import actions
from batchsite.teams.models import Team
from batchsite.teams.tool_servers import approve
from tests.factories import make_dataset
from tests.pipeline import check_books, drive
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"


def asks(words: str, **more: Any) -> str:
    return orjson.dumps({"model": "grok-4.3", "messages": [{"role": "user", "content": words}], **more}).decode()


def a_draft(team: Team, *requests: tuple[str, str, str]) -> Batch:
    """(custom_id, url, body)"""
    rows = [[name, "POST", url, body] for name, url, body in requests]
    dataset = make_dataset(team, ["custom_id", "method", "url", "body"], rows, name="requests.jsonl")
    dataset.form = "requests"
    dataset.save(update_fields=["form"])
    return draft_store.new_draft(team, None, dataset)


def run(batch: Batch) -> Batch:
    actions.start(batch, None, None)
    return drive(batch)


def test_requests_keep_their_ids_bodies_and_models(team: Team, sandbox: Sandbox) -> None:
    first = asks("Capital of Peru?", temperature=0, stream=True, user="me", tools=[])
    other = orjson.dumps({"model": "grok-4.20-0309-reasoning", "input": "Capital of Chile?"}).decode()
    batch = a_draft(team, ("peru", CHAT, first), ("chile", RESPONSES, other))
    assert draft_store.problems_of(batch) == {}
    run(batch)

    check_books(batch, sandbox)
    assert [result.answered_by for result in Result.objects.order_by("row")] == ["grok-4.3", "grok-4.20-0309-reasoning"]
    assert "Capital of Peru?" in Result.objects.get(row=1).answer
    detail = row_detail(batch, 2)
    assert detail
    assert (detail.request_id, detail.messages[0].content) == ("chile", "Capital of Chile?")
    assert '"chile"' in detail.raw


def test_a_body_goes_out_in_the_order_in_which_it_stands(team: Team) -> None:
    body = '{"messages":[{"content":"x","role":"user"}],"zeta":1,"model":"grok-4.3","stream":false}'
    batch = a_draft(team, ("one", CHAT, body))
    request = recipe_of(batch).request(1, batch.dataset.row(1))

    assert orjson.dumps(request).decode() == (
        '{"batch_request_id":"one","batch_request":{"chat_get_completion":'
        '{"messages":[{"content":"x","role":"user"}],"zeta":1,"model":"grok-4.3"}}}'
    )


def with_server(url: str) -> str:
    server = {"type": "mcp", "server_label": "shop", "server_url": url}
    return orjson.dumps({"model": "grok-4.3", "input": "x", "tools": [server]}).decode()


def test_a_request_names_only_servers_that_an_admin_approved(team: Team, sandbox: Sandbox) -> None:
    approve(team, None, label="shop", url="https://shop.example/mcp", sentence="", token="")
    rows = [with_server("https://shop.example/mcp"), with_server("https://elsewhere.example/mcp")]
    batch = run(a_draft(team, *((f"r{number}", RESPONSES, body) for number, body in enumerate(rows))))
    assert [problem["row"] for problem in batch.problems] == [2]
    assert batch.problems[0]["message"] == (
        "The MCP server https://elsewhere.example/mcp is not approved. An admin can do that on the Team page."
    )
    assert sandbox.batches() == []


@pytest.mark.parametrize(
    ("request_of_row", "words"),
    [
        (("two words", CHAT, asks("x")), "“two words” cannot be an id"),
        (("one", "/v1/images/generations", asks("x")), "Requests for /v1/images/generations are not run here"),
        (("one", CHAT, "[]"), "The body is not a JSON object that names a model."),
        (("one", CHAT, '{"model":"grok-4.3"}'), "The body has no messages."),
        (("one", RESPONSES, asks("x")), "The body has no input."),
        (("one", CHAT, asks("x", model="grok-3-mini")), "xAI does not offer grok-3-mini for batches."),
        (("one", CHAT, asks("x", temperature=3)), "temperature: A number from 0 to 2."),
        (("one", CHAT, asks("x", frequency_penalty=0)), "frequency_penalty: Reasoning models refuse penalties"),
    ],
)
def test_what_cannot_be_sent_is_named_by_row(
    request_of_row: tuple[str, str, str], words: str, team: Team, sandbox: Sandbox
) -> None:
    batch = run(a_draft(team, ("good", CHAT, asks("x")), request_of_row))

    assert (batch.state, [problem["row"] for problem in batch.problems]) == ("draft", [2])
    assert batch.problems[0]["message"].startswith(words)
    assert sandbox.batches() == []
