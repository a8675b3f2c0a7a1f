"""Chromium on the pages of a server in this process. Any complaint of the browser fails the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from batchsite.teams.models import User
from tests.browser.look import complaints_of
from tests.needs import chromium
from tests.patience import patient

expect.set_options(timeout=patient(20_000))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": chromium(), "args": ["--disable-dev-shm-usage"]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """As somebody who asked for less motion: nothing waits for what fades in, and nothing paints it."""
    return {**browser_context_args, "reduced_motion": "reduce"}


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the console complained about; a test that expects something takes it out of the list."""
    page.set_default_timeout(patient(30_000))
    page.set_default_navigation_timeout(patient(60_000))
    heard = complaints_of(page)
    yield heard
    assert heard == []


@pytest.fixture
def open_as(
    page: Page, complaints: list[str], live_server: Any, client_of: Callable[[User], Client]
) -> Callable[[User, str], Page]:
    """`open_as(alice, "/team")`: the page, with that person signed in."""

    def opened(user: User, path: str) -> Page:
        cookie = client_of(user).cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        page.goto(live_server.url + path)
        return page

    return opened
