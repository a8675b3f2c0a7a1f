"""The faults that can be scripted, with their calls and options: one table that is both validated and served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from batchsite.sandbox.tool_shapes import ODD_RUNS

CALLS = ("create", "add", "get", "list", "requests", "results", "cancel", "models", "key", "files", "chat", "deferred")
ENVELOPES = ("a", "b", "c", "d", "d-text", "e", "f", "f-unknown", "mixed")

_PAGED = ("list", "requests", "results")
_ADMITTING = ("add", "create")
_COUNTING = ("get", "list", "cancel")
_OF_A_BATCH = ("create", "add", "get", "requests", "results", "cancel")


@dataclass(frozen=True)
class Kind:
    """One thing that can go wrong. ``family`` is what it affects: the reply, the batch, its rows or a view of it."""

    family: str
    help: str
    options: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[str, ...] = CALLS
    windowed: bool = False
    """If True, ``seconds`` and ``reads`` limit how long it lasts, from the first add call on; 0 = for ever."""


_WINDOW = {"seconds": 0.0, "reads": 0}
_SOME_ROWS: dict[str, Any] = {"share": 1.0, "ids": [], "batches": 0}

KINDS: dict[str, Kind] = {
    # the network
    "lost_reply": Kind("reply", "connection closed without a reply", {"applied": True, "reset": False}),
    "reset": Kind("reply", "connection reset in the middle of the reply's body"),
    "truncate": Kind(
        "reply",
        "body cut after `bytes` (half of it if 0); `honest`: the length header agrees",
        {"bytes": 0, "honest": False},
    ),
    "timeout": Kind("reply", "`seconds` of silence before or after applying", {"seconds": 60.0, "applied": False}),
    "applied_late": Kind(
        "reply",
        "connection closed at once, and the call applied `seconds` later",
        {"seconds": 3.0},
        ("create", "add", "cancel"),
    ),
    "trickle": Kind("reply", "body in `pieces`, `seconds` apart", {"seconds": 0.5, "pieces": 10}),
    # replies of proxies, and refusals
    "not_json": Kind("reply", "a body that is not JSON", {"status": 200, "applied": True}),
    "html": Kind("reply", "an HTML page of a proxy", {"status": 502, "applied": False}),
    "status": Kind(
        "reply",
        "an error status; `form` json or text, `retry_after` as sent",
        {"status": 503, "form": "json", "text": "", "retry_after": "", "applied": False},
    ),
    "no_credits": Kind("reply", "the team has no credits; `form` 429, 403, new_team or spending", {"form": "429"}),
    "key_revoked": Kind("reply", "400, as for a wrong key"),
    "key_blocked": Kind("reply", "403; /api-key answers 200 with its flag set"),
    "cursor_repeats": Kind("reply", "the page's token leads to the same page again", calls=_PAGED),
    # the batch
    "vanish": Kind("event", "404 from now on", calls=_OF_A_BATCH),
    "expire": Kind("event", "expires now; `results` readable or gone", {"results": "readable"}, calls=_OF_A_BATCH),
    "cancel_by_xai": Kind(
        "event",
        "cancelled by xAI with a message; `rows` none or kept",
        {"message": "Batch cancelled by xAI.", "rows": "none"},
        calls=_OF_A_BATCH,
    ),
    # its rows, decided at admission
    "fail_rows": Kind(
        "rows",
        "rows fail: a `share` or `ids`; only in the first `batches` that contain the id (0 = always)",
        {**_SOME_ROWS, "envelope": "a", "text": "Simulated failure of this request.", "code": 13},
        calls=_ADMITTING,
    ),
    "hang_rows": Kind("rows", "rows stay pending for ever", _SOME_ROWS, calls=_ADMITTING),
    "late_rows": Kind("rows", "the first rows of a call, with the smaller ids, finish last", calls=_ADMITTING),
    "refuse_model": Kind("rows", "a `model` (empty = any) is refused as not batchable", {"model": ""}, _ADMITTING),
    "drop_add": Kind("rows", "acknowledged with null, then forgotten", calls=("add",)),
    # views of it
    "counters_zero": Kind("view", "all counters zero", _WINDOW, _COUNTING, windowed=True),
    "counters_missing": Kind("view", "`state` is absent", _WINDOW, _COUNTING, windowed=True),
    "results_trail": Kind("view", "results appear `seconds` after the counters", {"seconds": 5.0}, ("results",)),
    "not_visible": Kind(
        "view",
        "rows, a `share` or `ids`, come as the error not yet visible",
        {**_WINDOW, "share": 1.0, "ids": []},
        ("results",),
        windowed=True,
    ),
    "duplicate_rows": Kind(
        "view", "rows come twice, on a page and across pages", {"share": 0.1, "ids": []}, ("results",)
    ),
    "stranger_rows": Kind("view", "`count` results for ids that were never sent", {"count": 1}, ("results",)),
    "unlisted": Kind("view", "the batch is missing in the list of batches", _WINDOW, ("list",), windowed=True),
    "requests_lag": Kind("view", "the list of requests is `seconds` behind", {"seconds": 5.0}, ("requests",)),
    "odd_runs": Kind(
        "view",
        f"runs with tools come in the `form` {', '.join(ODD_RUNS)}",
        {"form": "calls_only", "share": 1.0, "ids": []},
        ("results", "chat"),
    ),
    "cancelled_hidden": Kind("view", "cancelled rows are only counted, not listed", calls=("results",)),
    "cancel_reverts": Kind(
        "view", "cancelled rows turn out to have succeeded, `seconds` later", {"seconds": 5.0}, ("cancel",)
    ),
}

_CHOICES = {
    ("no_credits", "form"): ("429", "403", "new_team", "spending"),
    ("status", "form"): ("json", "text"),
    ("expire", "results"): ("readable", "gone"),
    ("cancel_by_xai", "rows"): ("none", "kept"),
    ("fail_rows", "envelope"): ENVELOPES,
    ("odd_runs", "form"): ODD_RUNS,
}


class BadRule(ValueError):
    """An invalid rule. The message is for its author."""


@dataclass(frozen=True)
class Rule:
    """When (the matcher) and what (the kind with its options). In the matcher, 0 and "" match everything."""

    what: str
    call: str = "any"
    batch: str = ""
    """Part of the batch's name, or its whole id."""
    key: str = ""
    """Part of the API key."""
    nth: int = 0
    """Only the nth matching call, counted from 1."""
    every: int = 0
    after: int = 0
    """Skips this many matching calls first."""
    probability: float = 1.0
    seed: int = 0
    times: int = 0
    """Hits at most this many calls."""
    options: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0
    """Assigned by the store."""

    @property
    def kind(self) -> Kind:
        return KINDS[self.what]

    def option(self, name: str) -> Any:
        return self.options.get(name, self.kind.options[name])

    def wants(self, call: str) -> bool:
        return self.call in ("any", call) and call in self.kind.calls


_MATCHER = {item.name: item for item in fields(Rule) if item.name not in ("options", "number", "what")}


def parse_rule(raw: Any) -> Rule:
    """Returns the rule of ``{"what": "lost_reply", "call": "add", "nth": 2, "applied": false}``. Raises BadRule."""
    if not isinstance(raw, dict) or raw.get("what") not in KINDS:
        named = raw.get("what") if isinstance(raw, dict) else raw
        raise BadRule(f"{named!r} is not a fault. Set what to one of {', '.join(sorted(KINDS))}.")
    what = raw["what"]
    known = KINDS[what].options
    matcher: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for name, value in raw.items():
        if name in _MATCHER:
            matcher[name] = _converted(what, name, value, _MATCHER[name].default)
        elif name in known:
            options[name] = _converted(what, name, value, known[name])
        elif name != "what":
            names = ", ".join(sorted([*_MATCHER, *known]))
            raise BadRule(f"{what} has no member {name!r}; it takes {names}.")
    rule = Rule(what, **matcher, options=options)
    if not any(rule.wants(call) for call in CALLS):
        raise BadRule(f"{what} happens on {', '.join(KINDS[what].calls)}, not on {rule.call!r}.")
    return rule


def _converted(what: str, name: str, value: Any, default: Any) -> Any:
    """Returns ``value`` with the type of ``default``. Integers are accepted as floats, and numbers as strings."""
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if isinstance(default, str) and isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if type(value) is not type(default):
        raise BadRule(f"{what}: {name} must be {type(default).__name__}, not {value!r}.")
    choices = _CHOICES.get((what, name))
    if choices and value not in choices:
        raise BadRule(f"{what}: {name} must be one of {', '.join(choices)}, not {value!r}.")
    return value
