"""A batch that another client made on the same account is found, read, taken home and cancelled, with real clicks."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from batchsite.teams.models import Team, User
from tests.browser.look import accessibility
from tests.litellm import environment
from tests.needs import need
from tests.pipeline import SHORT, drive, make_batch, use
from tests.sandboxes import Sandbox, running_sandbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LITELLM = """
import json, sys, time, litellm
who = {"custom_llm_provider": "xai", "api_base": sys.argv[1], "api_key": "sandbox-key"}
def line(number):
    body = {"model": "grok-4.3", "messages": [{"role": "user", "content": f"Question {number}?"}]}
    return {"custom_id": f"lite-{number:03d}", "method": "POST", "url": "/v1/chat/completions", "body": body}
for name, rows in (("litellm nightly", 120), ("litellm hanging", 5)):
    text = "".join(json.dumps(line(number)) + "\\n" for number in range(rows)).encode()
    file = litellm.create_file(file=("rows.jsonl", text), purpose="batch", **who)
    made = litellm.create_batch(completion_window="24h", endpoint="/v1/chat/completions", input_file_id=file.id,
                                metadata={"name": name}, **who)
print(made.id)
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture
def sandbox(provider: Sandbox, settings: Any) -> Sandbox:
    provider.reset()
    settings.TIMEOUTS = SHORT
    use(provider)
    return provider


@pytest.mark.litellm
def test_what_litellm_made_is_found_read_taken_home_and_cancelled(
    sandbox: Sandbox, team: Team, alice: User, open_as: Any, tmp_path: Path
) -> None:
    need(environment.REQUIREMENT, here=environment.ready())
    sandbox.fault("hang_rows", batch="litellm hanging")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("XAI_", "LITELLM_"))}
    command = [str(environment.PYTHON), "-c", LITELLM, f"{sandbox.url}/v1"]
    environ = {**inherited, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "127.0.0.1"}
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=180, check=False, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    drive(make_batch(team, 3, name="ours"))

    page: Page = open_as(alice, "/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="xAI account").click()
    expect(page.get_by_role("link", name="litellm nightly")).to_be_visible()
    assert accessibility(page) == []
    page.get_by_label("Made by").select_option(label="Made by others")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row")).to_have_count(3)
    page.get_by_role("link", name="litellm nightly").click()

    expect(page.get_by_text("made by another program")).to_be_visible()
    expect(page.get_by_role("row")).to_have_count(51)
    page.get_by_role("row").nth(1).get_by_text("Raw JSON").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("cost_in_usd_ticks")
    assert accessibility(page) == []
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("row")).to_have_count(21)
    page.get_by_role("link", name="Requests", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(51)
    page.get_by_text("Download results").click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="JSON Lines", exact=True).click()
    assert len(Path(coming.value.path()).read_text().splitlines()) == 120

    page.get_by_role("link", name="xAI account").first.click()
    page.get_by_role("link", name="litellm hanging").click()
    page.get_by_role("link", name="Cancel…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("made by another program")
    assert accessibility(page) == []
    dialog.get_by_role("button", name="Cancel at xAI").click()
    expect(page.get_by_text("Cancelling at xAI")).to_be_visible()
    expect(page.locator("#at-xai .badge").first).to_have_text(re.compile("Cancell"))


def test_without_javascript_the_list_and_a_batch_are_read(
    sandbox: Sandbox, team: Team, alice: User, browser: Any, live_server: Any, client_of: Any
) -> None:
    batch = drive(make_batch(team, 3, name="ours"))
    context = browser.new_context(java_script_enabled=False)
    cookie = client_of(alice).cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/provider/")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    expect(page.get_by_text(f"{batch.dataset.name}-row-2", exact=True)).to_be_visible()
    context.close()
