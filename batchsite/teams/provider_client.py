"""Clients of the provider, kept per process and account with their open connections."""

from __future__ import annotations

import functools
import os

from batchsite.teams.accounts import Account
from batchsite.timeouts import timeouts
from batchsite.xai.client import Timeouts, XaiClient


def client_for(account: Account) -> XaiClient:
    """This process's client of the account."""
    return _client(account.base_url, account.api_key, timeouts().call, timeouts().call_retries, os.getpid())


def patient_client_for(account: Account) -> XaiClient:
    """The same for real-time completions: a reasoning model may take long."""
    return _client(account.base_url, account.api_key, timeouts().completion, timeouts().call_retries, os.getpid())


@functools.lru_cache(maxsize=16)
def _client(base_url: str, api_key: str, seconds: float, retries: int, _process: int) -> XaiClient:
    timeouts = Timeouts(connect=min(5, seconds), read=seconds, write=seconds, pool=seconds)
    return XaiClient(api_key, base_url, timeout=timeouts, total_timeout=seconds, retries=retries)
