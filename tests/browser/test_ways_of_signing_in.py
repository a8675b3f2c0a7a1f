"""Signing in by a code of an app, and by single sign-on, as a browser does it. Passkeys have a file of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from batchsite.options import ROOT
from batchsite.setup import sign_on_providers
from batchsite.teams.models import User
from tests.browser.look import faults_everywhere
from tests.entry.identity_provider import CLIENT, SECRET
from tests.entry.identity_provider import PASSWORD as PASSWORD_THERE
from tests.entry.test_second_step import code_of
from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[[User, str], Page]


def test_a_code_of_an_app_follows_the_password(alice: User, open_as: Open, live_server: Any) -> None:
    page = open_as(alice, "/account/second-step/app")
    secret = page.locator("#secret").inner_text()
    assert faults_everywhere(page) == []
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.context.clear_cookies()
    page.goto(live_server.url + "/sign-in?next=/team")
    page.get_by_label("E-mail").fill(alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    assert faults_everywhere(page) == []
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):  # the app shows another code by then
        page.get_by_label("Code").fill(code_of(secret))
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name="Support research")).to_be_visible()


@pytest.fixture
def provider(live_server: Any, tmp_path: Path, settings: Settings) -> Iterator[None]:
    """Another site, where Alice has an account, and which sends people back to ours."""
    people = {"alice@example.org": {"name": "Alice", "groups": ["leads"]}}
    given = json.dumps({"people": people, "callback": f"{live_server.url}/sign-on/sso/callback"})
    command = [sys.executable, "-m", "tests.entry.identity_provider", "0", str(tmp_path), given]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    url = f"http://127.0.0.1:{process.stdout.readline().split()[1]}"
    known = {"oidc_url": url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "oidc_name": "Example ID"}
    settings.OPTIONS = replace(settings.OPTIONS, **known)
    settings.SOCIALACCOUNT_PROVIDERS = sign_on_providers(settings.OPTIONS)
    yield
    process.kill()
    process.wait()


def test_single_sign_on_leads_to_the_provider_and_back(
    alice: User, page: Page, provider: None, complaints: list[str], live_server: Any
) -> None:
    page.goto(live_server.url + "/sign-in?next=/team")
    assert faults_everywhere(page) == []
    page.get_by_role("button", name="Example ID").click()  # a form that may end on no other site by itself
    page.locator("input[name=login]").fill(alice.email)
    page.locator("input[name=password]").fill(PASSWORD_THERE)
    page.get_by_role("button", name="Sign In").click()
    expect(page.get_by_role("heading", name="Support research")).to_be_visible()
    page.goto(live_server.url + "/account")
    expect(page.get_by_text(alice.email).first).to_be_visible()
