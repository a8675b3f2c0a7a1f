"""The script that a user would write: csv, httpx and json, a hundred rows at a time, one call after the other.

`python -m benchmarks.plain TABLE OUTPUT URL` prints its seconds and its peak memory as JSON.
"""

from __future__ import annotations

import csv
import json
import resource
import sys
import time
from typing import Any

import httpx


def main(table: str, output: str, url: str) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    client = httpx.Client(base_url=url, headers={"Authorization": "Bearer sandbox-key"}, timeout=60)
    with open(table, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    batch = client.post("/batches", json={"name": "plain"}).json()["batch_id"]
    for start in range(0, len(rows), 100):
        requests = [
            {
                "batch_request_id": f"row-{start + offset}",
                "batch_request": {
                    "chat_get_completion": {
                        "model": "grok-4.3",
                        "messages": [{"role": "user", "content": f"Answer in one word: {row['text']}"}],
                    }
                },
            }
            for offset, row in enumerate(rows[start : start + 100])
        ]
        client.post(f"/batches/{batch}/requests", json={"batch_requests": requests}).raise_for_status()
    while client.get(f"/batches/{batch}").json()["state"]["num_success"] < len(rows):
        time.sleep(0.2)
    answers: dict[str, Any] = {}
    token = None
    while True:
        params = {"limit": 100, **({"pagination_token": token} if token else {})}
        page = client.get(f"/batches/{batch}/results", params=params).json()
        for result in page["results"]:
            answers[result["batch_request_id"]] = result["batch_result"]["response"]["chat_get_completion"]
        token = page["pagination_token"]
        if not token:
            break
    with open(output, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*rows[0], "answer", "cost"])
        for number, row in enumerate(rows):
            answer = answers[f"row-{number}"]
            writer.writerow(
                [*row.values(), answer["choices"][0]["message"]["content"], answer["usage"]["cost_in_usd_ticks"]]
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
