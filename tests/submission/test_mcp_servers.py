"""Remote MCP servers: approved by a team, used as a tool, their tokens in what is sent and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from batchsite.batches.batch_recipe import recipe_of, recipe_sent
from batchsite.batches.models import Batch
from batchsite.drafts import draft_store
from batchsite.submission import actions
from batchsite.teams import tool_servers
from batchsite.teams.models import Team, ToolServer, User
from batchsite.trials import trial_start
from tests.pipeline import check_books, drive, make_batch
from tests.sandboxes import Sandbox
from tests.trials.stories import a_draft, answers, settled, tried

pytestmark = pytest.mark.django_db
TOKEN = "token-of-the-server-0123"
FORM = {"label": "notes", "url": "https://example.org/private/mcp", "sentence": "Looks up notes.", "token": TOKEN}


@pytest.fixture
def server(team: Team) -> ToolServer:
    return tool_servers.approve(team, None, **FORM)


def with_server(server: ToolServer) -> dict[str, Any]:
    return {"tools": {"mcp": {"servers": [server.pk]}}}


def test_an_admin_approves_a_server_whose_token_is_never_shown(
    alice: User, team: Team, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(alice)
    page = browser.post(reverse("server-approve"), FORM, follow=True).content.decode()
    assert "token ending in <code>0123</code>" in page
    [server] = tool_servers.servers_of(team)
    assert TOKEN not in page
    assert TOKEN.encode() not in bytes(server.secret or b"")
    again = browser.post(reverse("server-approve"), FORM)
    assert "There is a server named “notes” already" in again.content.decode()
    assert TOKEN not in again.content.decode()
    browser.post(reverse("server-remove", args=[server.pk]))
    server.refresh_from_db()
    assert (server.secret, list(tool_servers.servers_of(team))) == (None, [])


@pytest.mark.parametrize(
    "url", ["http://example.org/mcp", "https://127.0.0.1/mcp", "https://printer.local/mcp", "https://a:b@example.org/"]
)
def test_an_address_that_xai_cannot_reach_is_refused(
    url: str, alice: User, team: Team, client_of: Callable[[User], Client]
) -> None:
    answer = client_of(alice).post(reverse("server-approve"), FORM | {"url": url})
    assert (answer.status_code, ToolServer.objects.count()) == (422, 0)


def test_rows_use_it_with_its_token_and_calls_cost_tokens_only(
    team: Team, sandbox: Sandbox, server: ToolServer
) -> None:
    batch = make_batch(team, 6, **with_server(server))
    assert TOKEN not in str(recipe_of(batch).request(1, ["c1", "Hello"]))
    assert TOKEN in str(recipe_sent(batch.submissions.get()).request(1, ["c1", "Hello"]))
    batch = drive(batch)
    assert batch.succeeded == 6, "the server asks for the token"
    check_books(batch, sandbox)
    assert (batch.tool_calls > 0, batch.tool_ticks) == (True, 0)


def test_pages_show_the_request_without_the_token(
    alice: User, team: Team, server: ToolServer, client_of: Callable[[User], Client]
) -> None:
    draft = a_draft(team, alice, **with_server(server))
    browser = client_of(alice)
    for name in ("batch-edit", "batch-review"):
        page = browser.get(reverse(name, args=[draft.pk])).content.decode()
        assert "Looks up notes." in page
        assert TOKEN not in page


def test_the_editor_stores_what_is_chosen(
    alice: User, team: Team, server: ToolServer, client_of: Callable[[User], Client]
) -> None:
    draft = a_draft(team, alice)
    typed = {"tools-shown": "1", "tool-mcp": [str(server.pk)], "tool-code": "1"}
    client_of(alice).post(reverse("batch-preview", args=[draft.pk]), typed)
    draft.refresh_from_db()
    assert draft.tools == {"code": {}, "mcp": {"servers": [server.pk]}}


def test_a_server_that_is_removed_holds_what_is_to_be_sent_until_it_is_back(
    team: Team, sandbox: Sandbox, server: ToolServer
) -> None:
    batch = make_batch(team, 3, **with_server(server))
    tool_servers.remove(server)
    batch = drive(batch, until="held")
    assert "“notes” was removed" in batch.held_reason
    tool_servers.approve(team, None, **FORM)
    actions.go_on(batch, None)
    assert drive(batch).succeeded == 3


def test_a_draft_says_that_its_server_is_gone(team: Team, server: ToolServer) -> None:
    draft = a_draft(team, **with_server(server))
    tool_servers.remove(server)
    assert "was removed from the team" in draft_store.problems_of(draft)["tools"][0]


def test_a_server_of_another_team_is_not_there(team: Team, server: ToolServer) -> None:
    other = a_draft(Team.objects.create(name="Others"), **with_server(server))
    assert recipe_of(other).tools == ()


def test_a_try_uses_it_and_stores_no_token(team: Team, sandbox: Sandbox, server: ToolServer) -> None:
    trial = tried(a_draft(team, **with_server(server)), [1])
    [answer] = answers(trial)
    assert answer.tools.calls
    assert TOKEN not in str(answer.body)


def test_a_try_waits_for_a_server_that_is_gone(team: Team, sandbox: Sandbox, server: ToolServer) -> None:
    trial = trial_start.press(a_draft(team, **with_server(server)), None, [1])
    tool_servers.remove(server)
    assert "“notes” was removed" in settled(trial, until="held").held_reason


def test_tokens_move_to_a_new_secret_key(team: Team, server: ToolServer, settings: Any) -> None:
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret key of this installation", [former]
    call_command("rotatekeys")
    settings.SECRET_KEY_FALLBACKS = []
    sent = tool_servers.with_tokens(team, tool_servers.sent([server]))
    assert sent[0]["authorization"] == TOKEN


def test_what_runs_in_a_batch_only_is_not_offered_to_run_live(
    alice: User, team: Team, server: ToolServer, client_of: Callable[[User], Client]
) -> None:
    draft: Batch = a_draft(team, alice, **with_server(server))
    browser = client_of(alice)
    for name in ("batch-edit", "batch-review"):
        page = browser.get(reverse(name, args=[draft.pk])).content.decode()
        assert 'value="live"' not in page
    assert "With tools it cannot run live" in browser.get(reverse("batch-edit", args=[draft.pk])).content.decode()
