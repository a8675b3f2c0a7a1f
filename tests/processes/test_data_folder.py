"""A data folder belongs to one installation at a time."""

from __future__ import annotations

import httpx
import pytest

from tests.patience import patient
from tests.processes.conftest import CHORES
from tests.running import Running

pytestmark = pytest.mark.processes


def test_a_second_one_on_the_same_data_folder_is_a_clear_error(site: Running) -> None:
    second = Running(site.data, CHORES)
    second.start(wait=False)
    assert second.wait(60) == 1
    text = "\n".join(second.said)
    assert f"already runs on the data folder {site.data}: process {site.pid}, at {site.url}." in text
    assert f"kill {site.pid}" in text
    assert httpx.get(f"{site.url}/healthz", timeout=patient(30)).status_code == 200
