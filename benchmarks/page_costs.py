"""What each page computes, and how often it asks the database: `python -m benchmarks.pages --cpu`.

Within one process, as a worker of the web server is set up; milliseconds of CPU, so that a busy machine changes little.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "batchsite.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from batchsite.processes import gc_tuning, gunicorn_config  # noqa: E402
from benchmarks.pages import FILLED, pages  # noqa: E402

TIMES = 15
ASK_OTHERS = "at xAI"
"""Pages that ask the provider, which does not run here."""


def main(word: str) -> None:
    made = json.loads((settings.DATA / FILLED).read_text())
    client = Client(SERVER_NAME="127.0.0.1")
    client.cookies[made["cookie_name"]] = made["cookie"]
    gunicorn_config.warm_up()
    gc_tuning.freeze()
    print(f"{'milliseconds of CPU':<28} {'least':>7} {'p50':>7} {'most':>7} {'queries':>8} {'kB':>6}")
    for name, (path, headers) in pages(made).items():
        if word not in name or name.startswith(ASK_OTHERS):
            continue
        taken = sorted(_once(client, path, headers) for _ in range(TIMES + 1))[:TIMES]
        with CaptureQueriesContext(connection) as asked:
            size = len(client.get(path, headers=headers).content) / 1000
        figures = [1000 * figure for figure in (taken[0], statistics.median(taken), taken[-1])]
        print(
            f"{name:<28} {figures[0]:7.1f} {figures[1]:7.1f} {figures[2]:7.1f} {len(asked):8} {size:6.0f}", flush=True
        )


def _once(client: Client, path: str, headers: dict[str, str]) -> float:
    began = time.process_time()
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return time.process_time() - began


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
