"""Scripted faults of a reply: they replace it, delay it, or damage its bytes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import orjson

from batchsite.sandbox.accepted_keys import Key, redact
from batchsite.sandbox.exchange import Hangup, Reply, json_reply, text_reply
from batchsite.sandbox.fault_kinds import Rule
from batchsite.sandbox.page_tokens import START
from batchsite.sandbox.wire_shapes import flat_error

_NO_CREDITS = {
    "429": (
        429,
        "Some resource has been exhausted",
        "Your team has either used all available credits or reached its monthly spending limit.",
    ),
    "403": (
        403,
        "permission-denied",
        "Your team has either used all available credits or reached its monthly spending limit.",
    ),
    "new_team": (403, "permission-denied", "Your newly created team doesn't have any credits or licenses yet."),
    "spending": (
        403,
        "personal-team-blocked:spending-limit",
        "You need credits or a Grok subscription to use this.",
    ),
}
"""The four forms of facts 1.4: (status, code, text)."""

_TEXTS = {429: "Too many requests", 503: "upstream connect error or disconnect/reset before headers"}

_HTML = (
    b"<html>\r\n<head><title>Bad gateway</title></head>\r\n<body>\r\n<center><h1>Bad gateway</h1></center>\r\n"
    b"<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
)


def is_applied(rule: Rule) -> bool:
    """Returns whether the call is applied under this fault. If not, it uses up no other fault."""
    if rule.what in ("no_credits", "key_revoked", "key_blocked"):
        return False
    return rule.what in ("timeout", "applied_late") or bool(
        rule.options.get("applied", rule.kind.options.get("applied", True))
    )


def reply_under(rule: Rule, key: Key, token: str, run: Callable[[], Reply]) -> Reply:
    """Returns the reply to a call under a fault of the family ``reply``. Raises Hangup for no reply at all."""
    if rule.what == "timeout":
        return _delayed(rule, run)
    if rule.what == "applied_late":
        threading.Timer(rule.option("seconds"), run).start()
        raise Hangup
    if rule.what in ("no_credits", "key_revoked", "key_blocked"):
        return _refusal(rule, key)
    reply = run() if is_applied(rule) else Reply()
    if rule.what == "lost_reply":
        raise Hangup(reset=rule.option("reset"))
    if rule.what in ("status", "html", "not_json"):
        return _replacement(rule)
    if rule.what == "cursor_repeats":
        return _repeated(reply, token)
    if rule.what == "truncate" and rule.option("honest"):
        return replace(reply, body=reply.body[: rule.option("bytes") or len(reply.body) // 2])
    return replace(reply, damage=lambda body: damaged(rule, body))


def _delayed(rule: Rule, run: Callable[[], Reply]) -> Reply:
    """Returns the reply, but only after the client has stopped waiting."""
    if rule.option("applied"):
        reply = run()
        time.sleep(rule.option("seconds"))
        return reply
    time.sleep(rule.option("seconds"))
    return run()


def _replacement(rule: Rule) -> Reply:
    status = rule.option("status")
    if rule.what == "html":
        return Reply(status, _HTML, "text/html; charset=utf-8")
    if rule.what == "not_json":
        return Reply(status, b"no healthy upstream {")
    text = rule.option("text") or _TEXTS.get(status, "Simulated failure, try again later.")
    reply = text_reply(status, text) if rule.option("form") == "text" else flat_error(status, text)
    wait = rule.option("retry_after")
    return replace(reply, headers=(("retry-after", wait),)) if wait else reply


def _refusal(rule: Rule, key: Key) -> Reply:
    if rule.what == "no_credits":
        status, code, text = _NO_CREDITS[rule.option("form")]
        return json_reply({"code": code, "error": text}, status)
    if rule.what == "key_revoked":
        return flat_error(400, f"Incorrect API key provided: {redact(key.text)}.")
    return flat_error(403, "This API key has been blocked; the team's administrator can unblock it.")


def _repeated(reply: Reply, token: str) -> Reply:
    """Returns the page with the cursor that was sent, or one to the very beginning, so that it comes again."""
    if reply.status != 200:
        return reply
    page = orjson.loads(reply.body)
    return json_reply(page | {"pagination_token": token or START}, reply.status)


def damaged(rule: Rule, body: bytes) -> Iterator[bytes]:
    """Yields the body slowly, or until the connection breaks (Hangup)."""
    if rule.what == "trickle":
        size = max(1, -(-len(body) // max(1, rule.option("pieces"))))
        for start in range(0, len(body), size):
            time.sleep(rule.option("seconds"))
            yield body[start : start + size]
        return
    cut = rule.option("bytes") if rule.what == "truncate" else 0
    yield body[: cut or len(body) // 2]
    raise Hangup(reset=rule.what == "reset")
