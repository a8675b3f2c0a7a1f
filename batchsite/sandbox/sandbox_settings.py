"""How fast the sandbox works, and how it behaves where xAI's documentation is ambiguous."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any


class BadSetting(ValueError):
    """A setting that is unknown or out of range. The message is for people."""


def _option(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Settings:
    """Every field is also an environment variable (``SANDBOX_RATE``) and a member of ``/admin/settings``."""

    rate: float = _option(1000.0, "rows processed per second in each batch; 0 = at once")
    delay: float = _option(0.0, "seconds before the rows of an add call begin to be processed")
    settle: float = _option(0.2, "seconds of all-zero counters after the first add call")
    file_settle: float = _option(0.5, "seconds of all-zero counters after a batch is made from a file")
    deferred_delay: float = _option(0.5, "seconds until a deferred completion can be read")
    requests_per_minute: float = _option(1800, "direct completions of a team a minute; more are refused with 429")
    tokens_per_minute: float = _option(10_000_000, "tokens of direct completions of a team a minute")
    end_token: str = _option("mixed", "pagination_token of the last page: null, empty or mixed")
    cancelled_rows: str = _option("shown", "cancelled rows in /results: shown (as errors) or hidden")
    identical_adds: str = _option("ignored", "a request that is added again unchanged: ignored, or billed again")
    time_offset: float = _option(0.0, "seconds by which the sandbox's clock is ahead; set by /admin/advance")


CHOICES = {
    "end_token": ("null", "empty", "mixed"),
    "cancelled_rows": ("shown", "hidden"),
    "identical_adds": ("ignored", "billed"),
}


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Returns ``settings`` with ``changes`` applied. Raises BadSetting that names the setting and its valid values."""
    known = {item.name: item for item in fields(Settings)}
    checked: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in known:
            raise BadSetting(f"There is no setting {name!r}; the settings are {', '.join(sorted(known))}.")
        checked[name] = _choice(name, value) if name in CHOICES else _number(name, value)
    return replace(settings, **checked)


def from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Returns the settings found in the environment, not yet validated."""
    names = {f"SANDBOX_{item.name.upper()}": item.name for item in fields(Settings)}
    return {name: environ[variable] for variable, name in names.items() if environ.get(variable)}


def _choice(name: str, value: Any) -> str:
    if value not in CHOICES[name]:
        raise BadSetting(f"{name} must be one of {', '.join(CHOICES[name])}, not {value!r}.")
    return str(value)


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BadSetting(f"{name} must be a number, not {value!r}.") from None
    if not 0 <= number < 1e9:
        raise BadSetting(f"{name} must be 0 or more and below 1e9, not {value!r}.")
    return number
