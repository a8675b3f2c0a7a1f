"""`manage.py doctor --live`: checks for cents whether a provider behaves as documented, and writes a report."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.utils import timezone

from batchsite.operations.cassette import Recorder, UnexpectedCall
from batchsite.operations.live_probe import LiveProbe
from batchsite.operations.live_report import Line, examine, most_ticks, play, report
from batchsite.teams.accounts import sandbox_key, sandbox_url
from batchsite.wording import dollars
from batchsite.xai.base_url import is_this_machine, normalise_base
from batchsite.xai.catalogue import BATCH_MODELS
from batchsite.xai.client import XaiClient
from batchsite.xai.transfer import tls_context

Say = Callable[[str], None]


class TooDear(ValueError):
    """The examination may cost more than was allowed. The text says what to do."""


def run_live(most_dollars: float, path: Path | None, say: Say, *, wait: Callable[[float], None] = time.sleep) -> bool:
    """Examines the provider of this installation. Returns whether nothing was different. Raises TooDear."""
    key, base_url = _account()
    most = most_ticks()
    say(f"This sends about 20 requests to {base_url}, and costs {dollars(most)} at most.")
    if most > most_dollars * 1e10:
        raise TooDear(f"That is more than --max-cost {most_dollars:g}: nothing was sent.")
    recorder, model = Recorder(_transport(base_url)), BATCH_MODELS[0].id
    lines = []
    with XaiClient(key, base_url, transport=recorder) as client:
        for line in examine(LiveProbe(client, model, f"batchsite doctor {secrets.token_hex(4)}", wait)):
            lines.append(line)
            say(in_words(line))
    if path:
        written = report(lines, recorder.calls, model=model, at=timezone.now().date().isoformat())
        path.write_text(json.dumps(written, ensure_ascii=False, indent=1))
        say(f"{path} holds what was seen, without keys, prompts and answers.")
    return all(line.verdict != "different" for line in lines)


def run_recorded(path: Path, say: Say) -> bool:
    """Replays a report. Returns whether the client still reads it the same way."""
    recorded: dict[str, Any] = json.loads(path.read_text())
    try:
        lines = play(recorded)
    except UnexpectedCall as error:
        say(f"The client asks otherwise than when it was recorded: {error}.")
        return False
    for words in changes(recorded, lines):
        say(words)
    return not list(changes(recorded, lines))


def changes(recorded: dict[str, Any], lines: list[Line]) -> Iterator[str]:
    """Yields a sentence about each line that is not what it was."""
    before = {line["about"]: line["verdict"] for line in recorded["lines"]}
    for line in lines:
        if before.get(line.about) != line.verdict:
            yield f"{line.about}: {before.get(line.about, 'not there')} then, {line.verdict} now ({line.says})"


def in_words(line: Line) -> str:
    return f"{line.about:24} {line.verdict}{':' if line.verdict == 'different' else ','} {line.says}"


def _account() -> tuple[str, str]:
    """Returns (key, base URL): those of the environment, else of the sandbox."""
    if settings.OPTIONS.xai_api_key:
        return settings.OPTIONS.xai_api_key, settings.OPTIONS.xai_api_base
    return sandbox_key(), sandbox_url()


def _transport(base_url: str) -> httpx.BaseTransport:
    return httpx.HTTPTransport(verify=tls_context(trust_env=not is_this_machine(normalise_base(base_url))))
