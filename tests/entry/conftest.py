from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.cache import cache
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _no_tries_yet() -> None:
    """allauth counts what it limits in the cache."""
    cache.clear()


@pytest.fixture
def mail(settings: Settings) -> None:
    """The site has a mail server."""
    settings.OPTIONS = replace(settings.OPTIONS, email_url="smtp://mail.example.org")
    settings.ACCOUNT_LOGIN_BY_CODE_ENABLED = True
