"""`manage.py doctor --live` says what a provider does differently, and its report is a test of the client."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from batchsite.operations.cassette import Recorder, UnexpectedCall
from batchsite.operations.live_doctor import TooDear, changes, run_live, run_recorded
from batchsite.operations.live_probe import LiveProbe
from batchsite.operations.live_report import Line, examine, most_ticks, play, report
from batchsite.xai.client import XaiClient
from tests.sandboxes import Sandbox
from tests.strict_provider import StrictProvider

pytestmark = pytest.mark.django_db


def nothing(_: float) -> None:
    """No time passes."""


def of_strict(key: str = "strict-key") -> tuple[list[Line], Recorder]:
    recorder = Recorder(httpx.MockTransport(StrictProvider()))
    client = XaiClient(key, "https://strict.example/v1", transport=recorder, retries=0)
    return list(examine(LiveProbe(client, "grok-4.3", "doctor", nothing))), recorder


def test_the_sandbox_is_as_we_know_xai(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.set(identical_adds="ignored", settle=0)
    said: list[str] = []
    path = tmp_path / "report.json"
    assert run_live(0.05, path, said.append, wait=nothing), said
    assert said[0].startswith("This sends about 20 requests to http://127.0.0.1")
    billed = sandbox.billed() + sum(call["cost_in_usd_ticks"] for call in sandbox.direct())
    assert 0 < billed < most_ticks()
    text = path.read_text()
    assert not [secret for secret in ("Reply with OK", "same long beginning", "Which day is it") if secret in text]
    assert "sandbox-key" not in text
    again: list[str] = []
    assert run_recorded(path, again.append), again


def test_what_a_stricter_provider_does_otherwise_is_named() -> None:
    lines, _ = of_strict()
    different = {line.about: line.says for line in lines if line.verdict == "different"}
    assert different == {
        "identical add": "refused with HTTP 412",
        "deferred": "its answer can be read again",
        "tools": "xAI refused the request as invalid (HTTP 422)",
        "cached share": "nothing was cached",
        "batch of a file": "xAI refused the request as invalid (HTTP 400)",
    }
    assert all(line.verdict == "as we know it" for line in lines if line.about not in different)


def test_without_a_key_that_works_nothing_is_asked() -> None:
    lines, recorder = of_strict("another-key")
    assert [line.verdict for line in lines[:2]] == ["different", "not asked"]
    assert len(recorder.calls) == 1


def test_a_report_tells_when_the_client_has_changed() -> None:
    lines, recorder = of_strict()
    recorded = json.loads(json.dumps(report(lines, recorder.calls, model="grok-4.3", at="2026-11-30")))
    assert list(changes(recorded, play(recorded))) == []
    otherwise = recorded | {"lines": [{**line, "verdict": "as we know it"} for line in recorded["lines"]]}
    assert len(list(changes(otherwise, play(otherwise)))) == 5
    with pytest.raises(UnexpectedCall):
        play(recorded | {"calls": recorded["calls"][1:]})


def test_more_than_was_allowed_is_not_spent(sandbox: Sandbox) -> None:
    with pytest.raises(TooDear, match="nothing was sent"):
        run_live(0.01, None, lambda _: None, wait=nothing)
    assert sandbox.batches() == []
