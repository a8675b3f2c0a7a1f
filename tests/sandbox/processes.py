"""The sandbox as its own process, which can be killed and restarted on the same folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import httpx

from tests.patience import patient
from tests.sandbox.calls import KEY

ROOT = Path(__file__).resolve().parents[2]


def command(data: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "batchsite.sandbox", "--data", str(data), *options]


class Process:
    """``python -m batchsite.sandbox`` on a folder. Leaving the block kills it."""

    def __init__(self, data: Path, *options: str, environ: Mapping[str, str] | None = None) -> None:
        self.data, self.options = data, options
        self.environ = {**os.environ, **(environ or {})}
        self.port_file = data.with_name(f"{data.name}.port")
        self._process: subprocess.Popen[str] | None = None
        self.client = httpx.Client(trust_env=False)

    def __enter__(self) -> Process:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    @property
    def running(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def start(self) -> Process:
        """Starts it and waits until it listens."""
        self.port_file.unlink(missing_ok=True)
        options: Sequence[str] = ("--rate", "0", "--settle", "0", *self.options)
        self._process = subprocess.Popen(
            command(self.data, "--port-file", str(self.port_file), *options),
            cwd=ROOT,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + patient(20)
        while not self.port_file.exists():
            assert self._process.poll() is None, self._process.communicate()
            assert time.monotonic() < end, "it did not start"
            time.sleep(0.01)
        self.client.close()
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers={"authorization": f"Bearer {KEY}"}, trust_env=False
        )
        return self

    @property
    def port(self) -> int:
        return int(self.port_file.read_text())

    def kill(self) -> None:
        """Kills it with SIGKILL."""
        self.running.kill()
        self.running.wait(10)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Sends a signal and returns its exit code, standard output and standard error."""
        self.running.send_signal(number)
        out, err = self.running.communicate(timeout=patient(10))
        return self.running.returncode, out, err
