"""The wire format, judged by a client that nobody here wrote: LiteLLM's xAI provider against a sandbox process."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.litellm import environment
from tests.needs import need
from tests.sandbox.processes import Process

pytestmark = [pytest.mark.litellm, pytest.mark.processes]

FAULTS = [
    {"what": "fail_rows", "batch": "litellm failing", "ids": ["row-00001"], "envelope": "b", "text": "Refused."},
    {"what": "hang_rows", "batch": "litellm hanging"},
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    need(environment.REQUIREMENT, here=environment.ready())
    folder = tmp_path_factory.mktemp("litellm")
    with Process(folder / "data", "--rate", "3000", environ={"SANDBOX_FAULTS": json.dumps(FAULTS)}) as process:
        yield process


@pytest.fixture(scope="module")
def told(sandbox: Process, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What LiteLLM made of it, part by part."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("XAI_", "LITELLM_"))}
    ran = subprocess.run(
        [environment.PYTHON, Path(__file__).with_name("journey.py"), f"http://127.0.0.1:{sandbox.port}/v1"],
        env={**inherited, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "127.0.0.1"},
        cwd=tmp_path_factory.mktemp("journey"),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    parts: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return parts


def test_it_creates_a_batch_from_a_file_and_polls_it_to_completion(told: dict[str, Any]) -> None:
    whole = told["whole_run"]
    assert whole["created"] == ["validating", True, {"name": "litellm whole"}]
    assert whole["statuses"][-1] == "completed"
    assert whole["counts"] == [1203, 1203, 0]
    assert whole["days"] == 30


def test_it_reads_every_result_over_more_than_one_page(told: dict[str, Any]) -> None:
    assert told["whole_run"]["rows"] is True
    assert told["whole_run"]["answered"] == 1203


def test_the_costs_that_it_reads_are_those_of_the_ledger(told: dict[str, Any], sandbox: Process) -> None:
    book = sandbox.client.get("/admin/ledger", params={"batch_id": told["whole_run"]["batch_id"]}).json()
    assert told["whole_run"]["ticks"] == book["cost_in_usd_ticks"] > 0


def test_it_reads_a_failed_row(told: dict[str, Any]) -> None:
    assert told["failing_rows"] == {"counts": [2, 1, 1], "error": {"code": "13", "message": "Refused."}, "ok": True}


def test_it_sees_why_a_batch_was_killed(told: dict[str, Any]) -> None:
    assert told["killed"]["statuses"][-1] == "failed"
    assert "Model grok-4.5 is not supported for batch processing." in told["killed"]["message"]


def test_it_cancels_a_running_batch(told: dict[str, Any]) -> None:
    assert told["cancelled"] == {"status": "cancelled"}


def test_it_lists_all_batches_newest_first(told: dict[str, Any]) -> None:
    names = ["litellm hanging", "litellm killed", "litellm failing", "litellm whole"]
    assert told["listed"] == {"names": names}


def test_it_uploads_reads_lists_and_deletes_files(told: dict[str, Any]) -> None:
    assert told["files"] == {"same": True, "size": True, "deleted": True, "listed": [True, False]}


def test_it_passes_a_wrong_key_on_as_400(told: dict[str, Any]) -> None:
    assert told["wrong_key"]["status"] == 400
    assert "Incorrect API key provided" in told["wrong_key"]["text"]


def test_it_completes_directly(told: dict[str, Any]) -> None:
    assert told["direct"]["model"] == "grok-4.3"
    assert told["direct"]["content"].startswith("Simulated answer: Capital of Peru?")


def test_it_reads_a_run_with_a_search(told: dict[str, Any]) -> None:
    tools = told["tools"]
    assert tools["roles"][-1] == "assistant"
    assert tools["text"].startswith("Simulated answer:")
    assert tools["cited"] is True
    assert min(tools["tokens"]) > 0
