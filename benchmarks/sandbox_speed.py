"""How many requests a second the sandbox takes in and gives out, over real HTTP, and what memory it needs.

    python -m benchmarks.sandbox_speed [--rows 100000] [--per-call 1000]

It must stay well above what any benchmark of the application moves, so that it never is what is measured:
20,000 a second each way, and less than 250 MB at a million requests. Prints one line per measurement.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson
import psutil

ROOT = Path(__file__).resolve().parents[1]
TEXT = "my card has not arrived yet and I wonder where it is because the app shows it as sent last week"


@contextmanager
def sandbox(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """A sandbox that processes at once: (address, its process)."""
    port_file = folder / "port"
    command = [sys.executable, "-m", "batchsite.sandbox", "--data", str(folder), "--rate", "0", "--settle", "0"]
    process = subprocess.Popen([*command, "--port-file", str(port_file)], cwd=ROOT)
    try:
        while not port_file.exists():
            if process.poll() is not None:
                raise SystemExit("The sandbox did not start; see above.")
            time.sleep(0.02)
        yield f"http://127.0.0.1:{int(port_file.read_text())}/v1", psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(10)


def chunk(first: int, count: int) -> bytes:
    """An add call of ``count`` requests of some 400 bytes, with ids as the application makes them."""
    items = []
    words = TEXT.split()
    for number in range(first, first + count):
        text = " ".join(words[(number + index) % len(words)] for index in range(40))
        prompt = f"Classify this bank customer's question in one word: {text} ({number})"
        body = {"model": "grok-4.3", "messages": [{"role": "user", "content": prompt}], "max_completion_tokens": 50}
        wrapped = {"chat_get_completion": body}
        items.append({"batch_request_id": f"bank-row-{number}", "batch_request": wrapped})
    return orjson.dumps({"batch_requests": items})


def intake(client: httpx.Client, batch_id: str, rows: int, per_call: int) -> float:
    """Seconds spent in add calls; making their bodies is not counted."""
    spent = 0.0
    for first in range(1, rows + 1, per_call):
        body = chunk(first, min(per_call, rows + 1 - first))
        started = time.perf_counter()
        reply = client.post(f"/batches/{batch_id}/requests", content=body, headers={"content-type": "application/json"})
        spent += time.perf_counter() - started
        if reply.content != b"null":
            raise SystemExit(f"add refused: {reply.text}")
    return spent


def outlet(client: httpx.Client, batch_id: str, rows: int, per_call: int) -> float:
    """Seconds for a full walk of the results, decoded."""
    started, count, token = time.perf_counter(), 0, ""
    while True:
        query: dict[str, str] = {"limit": str(per_call)} | ({"pagination_token": token} if token else {})
        page = orjson.loads(client.get(f"/batches/{batch_id}/results", params=query).content)
        count += len(page["results"])
        token = page["pagination_token"]
        if not token:
            break
    if count != rows:
        raise SystemExit(f"{count} results for {rows} requests")
    return time.perf_counter() - started


def peak_mb(process: psutil.Process) -> float:
    """The process's highest resident memory so far (VmHWM)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--per-call", type=int, default=1000)
    parser.add_argument("--plain", action="store_true", help="do not ask for compressed replies")
    options = parser.parse_args()
    headers = {"authorization": "Bearer sandbox-speed"}
    if options.plain:
        headers["accept-encoding"] = "identity"
    with tempfile.TemporaryDirectory() as folder, sandbox(Path(folder)) as (address, process):
        client = httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False)
        batch_id = client.post("/batches", json={"name": "speed"}).json()["batch_id"]
        for name, walk in (("in", intake), ("out", outlet)):
            before = sum(process.cpu_times()[:2])
            spent = walk(client, batch_id, options.rows, options.per_call)
            used = (sum(process.cpu_times()[:2]) - before) / options.rows * 1e6
            speed = f"{options.rows / spent:9,.0f} requests/s"
            print(f"{name:4} {speed}   sandbox: {used:.1f} us of CPU each, peak {peak_mb(process):.0f} MB")
        client.close()


if __name__ == "__main__":
    main()
