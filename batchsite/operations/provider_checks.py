"""Does the provider answer, and does it accept our keys? The keys themselves are never shown."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Q

from batchsite.batches.models import Batch
from batchsite.batches.states import RUNNING
from batchsite.operations.findings import Finding, ok, problem, warning
from batchsite.teams.accounts import AccountKind, AccountMissing, account_of, sandbox_key, sandbox_url
from batchsite.teams.key_checks import KeyCheck, KeyVerdict, check_key
from batchsite.teams.models import FIRST_KEY, ProviderKey

MOST_ASKED = 20
"""Keys that are tested; each takes a call."""


def examine_provider() -> Iterator[Finding]:
    """The installation's key, or else the sandbox. Needs no database."""
    if settings.OPTIONS.xai_api_key:
        check, took = _timed(settings.OPTIONS.xai_api_key, settings.OPTIONS.xai_api_base)
        yield _reached(check, settings.OPTIONS.xai_api_base, took)
        yield _judged("XAI_API_KEY", check)
        return
    check, took = _timed(sandbox_key(), sandbox_url())
    if check.verdict == KeyVerdict.WORKS:
        yield ok("provider", f"The sandbox answers in {took:.0f} ms. No key is set: answers are simulated.")
    else:
        yield problem("provider", "The sandbox does not answer.", "Start batchsite: make run starts it too.")


def examine_stored_keys() -> Iterator[Finding]:
    """Whether the keys of teams can be decrypted with this SECRET_KEY, and xAI accepts them."""
    stored = ProviderKey.objects.filter(removed_at=None).select_related("team").order_by("pk")
    for number, row in enumerate(stored):
        try:
            account = account_of(row.team, AccountKind.TEAM, row)
        except AccountMissing as error:
            advice = "Put the former SECRET_KEY into SECRET_KEY_FALLBACKS, or enter the key again."
            yield problem("key", f"Team {row.team}, key “{row}”: {error}", advice)
            continue
        if number < MOST_ASKED:
            yield _judged(f"Team {row.team}, key “{row}”", check_key(account.api_key, account.base_url))


def examine_accounts_in_use() -> Iterator[Finding]:
    """Batches that run with an account that has no key any more."""
    running = Batch.objects.filter(deleted_at=None, state__in=RUNNING)
    if not settings.OPTIONS.xai_api_key:
        count = running.filter(account=AccountKind.ENVIRONMENT).count()
        if count:
            yield problem("key", f"{count} running batches were made with XAI_API_KEY, which is unset now.", "Set it.")
    elif running.filter(account=AccountKind.SANDBOX).exists() and not _sandbox_answers():
        count = running.filter(account=AccountKind.SANDBOX).count()
        advice = "Start batchsite without XAI_API_KEY to let them end, or cancel them."
        yield warning(
            "provider", f"{count} batches run in the sandbox, which is not started while a key is set.", advice
        )
    with_keys = running.filter(account=AccountKind.TEAM).filter(Q(key=None) | ~Q(key__removed_at=None))
    for team, key in with_keys.order_by("team", "key").values_list("team__name", "key__name").distinct()[:MOST_ASKED]:
        advice = "Add it again by that name on the Team page, or move the batches to another key of the same xAI team."
        name = key or FIRST_KEY
        yield problem("key", f"Team {team} has running batches, and removed the key “{name}” that they use.", advice)


def _sandbox_answers() -> bool:
    return check_key(sandbox_key(), sandbox_url()).verdict == KeyVerdict.WORKS


def _timed(api_key: str, base_url: str) -> tuple[KeyCheck, float]:
    """The check, and how many milliseconds it took."""
    began = time.monotonic()
    check = check_key(api_key, base_url)
    return check, (time.monotonic() - began) * 1000


def _reached(check: KeyCheck, base_url: str, took: float) -> Finding:
    if check.verdict != KeyVerdict.UNKNOWN:
        return ok("provider", f"{base_url} answers in {took:.0f} ms.")
    advice = "Check the network, the proxy and XAI_API_BASE. Batches wait and continue automatically."
    return problem("provider", f"{base_url} does not answer as expected. {check.words_and_detail}", advice)


def _judged(whose: str, check: KeyCheck) -> Finding:
    if check.verdict == KeyVerdict.WORKS:
        return ok("key", f"{whose}: {check.words}")
    if check.verdict == KeyVerdict.REFUSED:
        return problem("key", f"{whose}: {check.words}", "Set a key that works; what is held continues automatically.")
    if check.verdict == KeyVerdict.NO_CREDITS:
        return warning("key", f"{whose}: {check.words}", "Add credits in the xAI console.")
    return warning("key", f"{whose}: {check.words}", "Try again in a moment.")
