"""Which processes run on a machine, and how each is started."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from batchsite.options import ROOT
from batchsite.processes.children import Child, Spec
from batchsite.processes.watchdog import DatabaseWatch, TickerWatch, TouchedFile, WorkerWatch

WEB, TICKER, SANDBOX = "web", "ticker", "sandbox"


def specs(listener: int) -> list[Spec]:
    """All processes of this machine. `listener` is the descriptor of the listening socket."""
    web = Spec(WEB, lambda: _gunicorn(listener), keep_fds=(listener,))
    workers = [
        Spec(f"worker-{queue}", lambda: _manage("worker"), {"Q_CLUSTER_NAME": cluster})
        for queue, cluster in settings.QUEUES.items()
    ]
    ticker = Spec(TICKER, lambda: _manage("tick"))
    # With a key, too: batches that began in the sandbox have to end in it, and on a server a team may not use the key.
    options = settings.OPTIONS
    needs_sandbox = not options.xai_api_key or options.is_reachable or (Path(settings.DATA) / "sandbox").exists()
    sandbox = [Spec(SANDBOX, _sandbox, stops_last=True)] if needs_sandbox else []
    return [*sandbox, web, *workers, ticker]


def watches(children: Sequence[Child], database: DatabaseWatch, now: float) -> list[WorkerWatch | TickerWatch]:
    """The watches of the workers and the ticker."""
    by_name = {child.name: child for child in children}
    run = Path(settings.DATA) / "run"
    workers = [
        WorkerWatch(
            by_name[f"worker-{queue}"],
            longest_step(cluster),
            heartbeat=TouchedFile(run / f"heartbeat-{queue}", now),
            busy=TouchedFile(run / f"busy-{queue}", now),
            database=database,
        )
        for queue, cluster in settings.QUEUES.items()
    ]
    return [*workers, TickerWatch(by_name[TICKER], TouchedFile(run / "heartbeat-ticker", now))]


def longest_step(cluster: str) -> float:
    """Seconds after which the cluster itself kills a task."""
    own = settings.Q_CLUSTER["ALT_CLUSTERS"].get(cluster, {})
    return float({**settings.Q_CLUSTER, **own}["timeout"])


def _manage(command: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), command]


def _gunicorn(listener: int) -> list[str]:
    config = "python:batchsite.processes.gunicorn_config"
    return [
        *(sys.executable, "-m", "gunicorn", "--config", config),
        *("--bind", f"fd://{listener}", "batchsite.wsgi:application"),
    ]


def _sandbox() -> list[str]:
    port_file = Path(settings.DATA) / "run" / "sandbox.port"
    return [
        *(sys.executable, "-m", "batchsite.sandbox", "--port", str(_previous_port(port_file))),
        *("--port-file", str(port_file), "--key-file", str(port_file.with_name("sandbox.key"))),
        *("--data", str(Path(settings.DATA) / "sandbox"), "--rate", str(settings.OPTIONS.sandbox_rate)),
    ]


def _previous_port(port_file: Path) -> int:
    """The port that the sandbox had last time if it is free, otherwise 0 (any)."""
    with contextlib.suppress(OSError, ValueError), socket.socket() as probe:
        port = int(port_file.read_text())
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return port
    return 0
