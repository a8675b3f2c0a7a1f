"""Errors reported to Sentry, if the operator asks for it: where they happened, never what the data was."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from batchsite.options import OptionError


def start(dsn: str, **options: Any) -> None:
    """Starts reporting from this process. `options` go to Sentry's client. Raises OptionError without the package."""
    if find_spec("sentry_sdk") is None:
        raise OptionError(
            "SENTRY_DSN is set, but the package sentry-sdk is not installed. "
            "Install it: .venv/bin/python -m pip install -r requirements-scale.txt"
        )
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        include_local_variables=False,
        include_source_context=True,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=without_content,
        **options,
    )


def without_content(event: Any, _hint: Any) -> Any:
    """Removes whatever may contain a cell, a prompt, an answer, a key or a token: error messages, addresses, extras.

    What stays is the kind of error, the code that raised it, the template of a log line, and the process.
    """
    for exception in (event.get("exception") or {}).get("values") or []:
        exception.pop("value", None)
    for name in ("breadcrumbs", "extra", "user", "request"):
        event.pop(name, None)
    if "logentry" in event:
        event["logentry"] = {"message": event["logentry"].get("message", "")}
    return event
