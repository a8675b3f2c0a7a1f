"""How fast every page answers with 10,000 batches and 1,000,000 results in the database, alone and beside watchers.

    python -m benchmarks.pages [--batches 10000] [--rows 1000000] [--watchers 50] [--keep FOLDER] [--only WORD] [--cpu]

Fills a fresh installation (`benchmarks.filling`), starts it as people do, waits until the million answers are summed
up, and asks for each page again and again: once alone, once while so many watchers keep pages open that refresh by
themselves. `--keep` leaves the filled folder, and takes it up again where it is there. Aim: p95 below 100 ms.

`--cpu` asks for the pages within one process instead (benchmarks.page_costs) and tells what each computes and how often
it asks the database: figures that are the same on a busy machine.

On PostgreSQL and Redis: `python -m tests.services python -m benchmarks.pages`, without `--keep`.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from batchsite.options import ROOT
from tests.running import Running

AIM = 0.100
TIMES = 30
HTMX = {"HX-Request": "true"}
FILLED = "filled.json"


def pages(made: dict[str, Any]) -> dict[str, tuple[str, dict[str, str]]]:
    """Address and headers of every page that is measured, by what it is."""
    big, second, dataset, rows = made["big"], made["second"], made["dataset"], made["rows"]
    return {
        "dashboard": ("/", {}),
        "dashboard, its poll": ("/", HTMX),
        "dashboard, charts": ("/spending", HTMX),
        "batches": ("/batches/", {}),
        "batches, in the middle": (f"/batches/?after={big // 2}", {}),
        "batches, needs a look": ("/batches/?only=look", {}),
        "batches, running": ("/batches/?only=running", {}),
        "batches, of a tag": ("/batches/?tag=board", {}),
        "batches, searched": ("/batches/?search=batch+77", {}),
        "batches, found nothing": ("/batches/?search=nothing", {}),
        "batches, by name": ("/batches/?sort=name", {}),
        "batches, dearest, middle": (f"/batches/?sort=-cost&after={big // 2}", {}),
        "batches, archived": ("/batches/?only=archived", {}),
        "batch": (f"/batches/{big}", {}),
        "batch, its poll": (f"/batches/{big}/progress", HTMX),
        "batch, course": (f"/batches/{big}/course", HTMX),
        "batch, rows in the middle": (f"/batches/{big}?after={rows // 2}", {}),
        "batch, failed rows": (f"/batches/{big}?state=failed", {}),
        "batch, failed rows, late": (f"/batches/{big}?state=failed&after={rows * 9 // 10}", {}),
        "batch, by cause": (f"/batches/{big}?cause=content", {}),
        "batch, searched": (f"/batches/{big}?search=intent_07", {}),
        "batch, found nothing": (f"/batches/{big}?search=nothing+like+it", {}),
        "batch, dearest first": (f"/batches/{big}?sort=-cost", {}),
        "batch, dearest of a value": (f"/batches/{big}?sort=-cost&f.intent=intent_09", {}),
        "batch, by a field": (f"/batches/{big}?sort=f.intent", {}),
        "batch, by a column, of a value": (f"/batches/{big}?sort=-c.text&f.intent=intent_09", {}),
        "batch, by a column, failed": (f"/batches/{big}?sort=c.text&state=failed", {}),
        "batch, by state": (f"/batches/{big}?sort=state", {}),
        "batch, from the last row": (f"/batches/{big}?sort=-row", {}),
        "batch, its hits": (f"/batches/{big}/hits?search=intent_07", HTMX),
        "batch, a filter in place": (f"/batches/{big}?f.intent=intent_09", HTMX | {"HX-Target": "section#results"}),
        "batch, a value of the data": (f"/batches/{big}?c.intent=intent_09&state=failed", {}),
        "batch, one value": (f"/batches/{big}?f.intent=intent_09", {}),
        "batch, not as expected": (f"/batches/{big}?agrees=wrong", {}),
        "row": (f"/batches/{big}/rows/{rows // 2}", {}),
        "row, walking one value": (f"/batches/{big}/rows/{rows // 2}?f.intent=intent_09&sort=-cost", {}),
        "row, walking a column": (f"/batches/{big}/rows/{rows // 2}?sort=c.text", {}),
        "batch, one pair confused": (f"/batches/{big}?expected=intent_07&answered=intent_49", {}),
        "batch, a search goes on": (f"/batches/{big}/rows?search=nothing+like+it&after={rows // 2}", HTMX),
        "compared": (f"/batches/{big}/compare/{second}", {}),
        "compared, changed only": (f"/batches/{big}/compare/{second}?only=changed", {}),
        "again": (f"/batches/{second}/again", {}),
        "download, choice": (f"/batches/{big}/download", {}),
        "download, of a value": (f"/batches/{big}/download?rows=filter&f.intent=intent_09", {}),
        "download, of a text": (f"/batches/{big}/download?rows=filter&search=nothing+like+it", {}),
        "datasets": ("/datasets/", {}),
        "datasets, biggest first": ("/datasets/?sort=-rows", {}),
        "dataset": (f"/datasets/{dataset}", {}),
        "dataset, searched": (f"/datasets/{dataset}?search=nothing+like+it", {}),
        "prompts": ("/prompts/", {}),
        "new batch": ("/batches/new", {}),
        "at xAI, the shell": ("/provider/", {}),
        "at xAI, the list": ("/provider/", HTMX),
        "team": ("/team", {}),
        "batch, insights": (f"/batches/{big}/insights", {}),
        "batch, activity": (f"/batches/{big}/activity", {}),
        "batch, prompt": (f"/batches/{big}/prompt", {}),
        "draft": (f"/batches/{made['draft']}/edit", {}),
        "draft, review": (f"/batches/{made['draft']}/review", {}),
        "asks": ("/ask/", {}),
        "ask": (f"/ask/{made['ask']}", {}),
        "ledger, by batch": ("/ledger", {}),
        "ledger, by day": ("/ledger?by=day", {}),
        "audit trail": ("/audit/", {}),
        "audit trail, searched": ("/audit/?q=tickets+77", {}),
        "audit trail, found nothing": ("/audit/?q=nothing+like+it", {}),
        "retention": ("/team/retention", {}),
        "notifications": ("/team/notifications", {}),
        "account": ("/account", {}),
        "help": ("/help", {}),
        "palette": ("/go?q=tickets", HTMX),
    }


def watched(client: httpx.Client) -> list[tuple[str, float]]:
    """What watchers keep open, as the pages themselves ask again: (address, seconds between two polls)."""
    running = client.get("/batches/?only=running").text
    found = re.search(r'href="(/batches/\d+)"', running)
    assert found, "nothing runs"
    kept_open = ((found[1], "progress"), ("/", "had="), ("/batches/?only=running", "shown="))
    return [_poll(client, path, part) for path, part in kept_open]


def _poll(client: httpx.Client, path: str, part: str) -> tuple[str, float]:
    """The address with `part` in it that a page asks again."""
    text = client.get(path).text
    found = re.search(rf'hx-get="([^"]*{part}[^"]*)"[^>]*hx-trigger="every (\d+)s', text)
    assert found, f"{path} does not ask for {part} again"
    return html.unescape(found[1]), float(found[2])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--watchers", type=int, default=50)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", default="", help="measure only what has this word in its name")
    parser.add_argument("--cpu", action="store_true", help="what pages compute, within one process")
    asked = parser.parse_args()
    with kept_or_new(asked.keep) as folder:
        made = filled(folder, asked.batches, asked.rows)
        if asked.cpu:
            environ = {
                **os.environ,
                "BATCHSITE_DATA": str(folder),
                "BATCHSITE_LOG_LEVEL": "ERROR",
                "BATCHSITE_HTTPS": "0",
            }
            subprocess.run(
                [sys.executable, "-m", "benchmarks.page_costs", asked.only], cwd=ROOT, env=environ, check=True
            )
            return
        elsewhere = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if name in os.environ}
        with Running(folder, {"BATCHSITE_LOG_LEVEL": "ERROR", **elsewhere}) as site:
            client = httpx.Client(base_url=site.url, cookies={made["cookie_name"]: made["cookie"]}, timeout=60)
            _summed(client, made)
            chosen = {name: page for name, page in pages(made).items() if asked.only in name}
            alone = {name: _measure(client, *page) for name, page in chosen.items()}
            with _watching(site.url, made, asked.watchers, watched(client)):
                beside = {name: _measure(client, *page) for name, page in chosen.items()}
    _report(alone, beside, asked.watchers)


@contextlib.contextmanager
def kept_or_new(keep: Path | None) -> Iterator[Path]:
    if keep:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield keep
    else:
        with tempfile.TemporaryDirectory(prefix="batchsite-pages-") as name:
            yield Path(name)


def filled(folder: Path, batches: int, rows: int) -> dict[str, Any]:
    noted = folder / FILLED
    if not noted.exists():
        environ = {**os.environ, "BATCHSITE_DATA": str(folder), "BATCHSITE_LOG_LEVEL": "ERROR", "BATCHSITE_HTTPS": "0"}
        for command in (["migrate"], ["collectstatic", "--noinput"]):
            subprocess.run(
                [sys.executable, "manage.py", *command, "--verbosity", "0"], cwd=ROOT, env=environ, check=True
            )
        began = time.monotonic()
        command = [sys.executable, "-m", "benchmarks.filling", "--batches", str(batches), "--rows", str(rows)]
        done = subprocess.run(command, cwd=ROOT, env=environ, check=True, stdout=subprocess.PIPE, text=True)
        noted.write_text(done.stdout.splitlines()[-1])
        print(f"filled with {batches:,} batches and {rows:,} results in {time.monotonic() - began:.0f} s", flush=True)
    found: dict[str, Any] = json.loads(noted.read_text())
    return found


def _summed(client: httpx.Client, made: dict[str, Any]) -> None:
    """Wait until workers have summed up and sorted the answers: until then its pages say so and ask again."""
    began = time.monotonic()
    while time.monotonic() < began + 300:
        if 'hx-trigger="every 2s' not in client.get(f"/batches/{made['big']}").text:
            break
        time.sleep(1)
    print(f"summed up after {time.monotonic() - began:.0f} s", flush=True)
    for sort in ("cost", "state", "f.intent", "c.text"):
        began = time.monotonic()
        while "Sorting " in client.get(f"/batches/{made['big']}?sort={sort}").text:
            time.sleep(1)
        print(f"sorted by {sort} after {time.monotonic() - began:.0f} s", flush=True)


def _measure(client: httpx.Client, path: str, headers: dict[str, str]) -> list[float]:
    """Seconds of `TIMES` answers, in ascending order; the first call of a page warms up and does not count."""
    taken = []
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        answer = client.get(path, headers=headers)
        taken.append(time.perf_counter() - began)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return sorted(taken[1:])


@contextlib.contextmanager
def _watching(url: str, made: dict[str, Any], count: int, kinds: list[tuple[str, float]]) -> Iterator[None]:
    """So many browsers with a page open, each at the pace of its page."""
    over = threading.Event()

    def watch(number: int) -> None:
        path, pause = kinds[number % len(kinds)]
        with httpx.Client(base_url=url, cookies={made["cookie_name"]: made["cookie"]}, timeout=60) as client:
            over.wait(pause * number / count)
            while not over.is_set():
                with contextlib.suppress(httpx.HTTPError):
                    client.get(path, headers=HTMX)
                over.wait(pause)

    threads = [threading.Thread(target=watch, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _report(alone: dict[str, list[float]], beside: dict[str, list[float]], watchers: int) -> None:
    """A line a page, milliseconds; in the end how many reach the aim."""
    print(f"\n{'':<28} |{'alone':^15}|{f'{watchers} watchers':^15}|")
    print(f"{'milliseconds':<28} |{'p50':>7}{'p95':>7} |{'p50':>7}{'p95':>7} |")
    print(f"{'-' * 28} |{'-' * 14} |{'-' * 14} |")
    for name in alone:
        figures = [figure * 1000 for taken in (alone[name], beside[name]) for figure in (_p50(taken), _p95(taken))]
        slow = "  above the aim" if figures[3] > AIM * 1000 else ""
        print(f"{name:<28} |{figures[0]:7.0f}{figures[1]:7.0f} |{figures[2]:7.0f}{figures[3]:7.0f} |{slow}")
    for what, taken in (("alone", alone), (f"beside {watchers} watchers", beside)):
        reached = sum(_p95(one) <= AIM for one in taken.values())
        print(f"{reached} of {len(taken)} pages have a p95 below {AIM * 1000:.0f} ms {what}.")


def _p50(taken: list[float]) -> float:
    return statistics.median(taken)


def _p95(taken: list[float]) -> float:
    return taken[min(len(taken) - 1, int(len(taken) * 0.95))]


if __name__ == "__main__":
    main()
