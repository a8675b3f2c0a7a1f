"""Logs say which batch a line is about, and never hold a key, a prompt, a row or an answer."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batchsite.setup import JsonLines, logging_about
from tests.operations.conftest import Place
from tests.running import Running, wait_for
from tests.sandboxes import Sandbox

KEY = "sandbox-recognisable-key-7f3a"
SECRETS = {
    "the key": KEY,
    "the prompt": "recognisable-prompt",
    "the system prompt": "recognisable-system",
    "a row": "recognisable-cell",
    "an answer": "Simulated answer",
}
FAULTS: tuple[dict[str, Any], ...] = (
    {"what": "html", "call": "add", "times": 1},
    {"what": "status", "call": "get", "times": 1},
    {"what": "lost_reply", "call": "add", "times": 1},
    {"what": "not_json", "call": "results", "times": 1},
    {"what": "key_revoked", "call": "get", "times": 1, "after": 2},
    {"what": "fail_rows", "share": 0.2, "text": "Your recognisable-prompt was refused."},
)


@pytest.mark.processes
def test_a_batch_leaves_its_ids_in_the_logs_and_nothing_else_of_it(tmp_path: Path, provider: Sandbox) -> None:
    """With everything that is logged at all, and with calls that fail."""
    table = tmp_path / "table.csv"
    table.write_text("id,text\n" + "".join(f"{n},recognisable-cell {n}\n" for n in range(1, 40)))
    environ = {
        "XAI_API_KEY": KEY,
        "XAI_API_BASE": provider.url,
        "BATCHSITE_LOG_LEVEL": "DEBUG",
        "BATCHSITE_CHUNK_ROWS": "10",
        "DJANGO_SETTINGS_MODULE": "tests.hasty_settings",
    }
    provider.mend()
    with Running(tmp_path / "data", environ) as site:
        for fault in FAULTS:
            provider.fault(**fault)
        place = Place(site.data, environ)
        asked = ["--prompt", "recognisable-prompt {{text}}", "--system", "recognisable-system"]
        done = place.manage("runbatch", str(table), *asked)
        assert done.returncode == 3, done.stderr
        # What failed is tried again by the workers alone.
        place.python(
            "from batchsite.batches.models import Batch; from batchsite.submission.actions import retry\n"
            "retry(Batch.objects.get(), None)"
        )
        wait_for(lambda: place.sql("SELECT state FROM batches_batch") == [("completed",)], 60)
        logs = {file.name: file.read_text() for file in (site.data / "log").iterdir()}
        said = "\n".join(site.said) + done.stderr
    provider.mend()
    everything = "\n".join([*logs.values(), said.replace(str(table), "")])
    assert {what for what, text in SECRETS.items() if text in everything} == set()

    lines = list(_parsed(logs.values()))
    assert "/batches" in logs["worker-short.log"]
    calls = [line for line in lines if line["from"] == "batchsite.xai" and "/batches" in line["says"]]
    assert len(calls) > 10
    assert all(line["batch"] == 1 and line["submission"] in {1, 2} for line in calls)
    steps = [line for line in lines if line["from"].startswith("batchsite.batches")]
    assert {line["batch"] for line in steps} == {1}


def _parsed(texts: Any) -> Iterator[dict[str, Any]]:
    for text in texts:
        for line in text.splitlines():
            if line.startswith("{"):
                yield json.loads(line)


# ---- one line -------------------------------------------------------------------------------------


def a_line(**extra: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"name": "batchsite.test", "msg": "moved", **extra})
    line: dict[str, Any] = json.loads(JsonLines().format(record))
    return line


def test_a_line_carries_what_it_is_about() -> None:
    with logging_about(batch=7):
        with logging_about(submission=9):
            inner = a_line()
        outer = a_line(to="processing")
    assert (inner["batch"], inner["submission"]) == (7, 9)
    assert (outer["batch"], outer["to"], "submission" in outer) == (7, "processing", False)
    assert "batch" not in a_line()


def test_an_error_of_postgresql_is_logged_without_the_row_that_it_quotes() -> None:
    words = "violates check\nDETAIL:  Failing row contains (1, recognisable-cell,\nof two lines).\n\nmore"
    try:
        raise ValueError(words)
    except ValueError as error:
        trace = a_line(exc_info=(type(error), error, error.__traceback__))["trace"]
    assert "violates check" in trace
    assert "recognisable-cell" not in trace
    assert "of two lines" not in trace
    assert trace.endswith("more")
