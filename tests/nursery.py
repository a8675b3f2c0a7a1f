"""Python processes that begin with other people's libraries: each is a fork of one that has imported them.

Most of what `manage.py` takes of the processor is importing. Of ours, only what is pure is there before the fork: the
settings are read, and the apps loaded, by the new process from the variables that it is given.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = (
    *("django.contrib.messages.context_processors", "django.core.management", "django.core.servers.basehttp"),
    *("django.core.paginator", "django.core.serializers.json", "django.db.backends.postgresql.base", "django.forms"),
    *("django.db.backends.sqlite3.base", "django.db.migrations.executor", "django.template.loaders.cached"),
    *("django.test", "django.urls", "django.views.decorators.csrf", "whitenoise.middleware", "whitenoise.storage"),
    *("csp.middleware", "django_htmx.middleware", "picklefield.fields", "cryptography.fernet", "httpx", "redis"),
    *("concurrent.futures.thread", "jsonschema_rs", "multiprocessing.pool", "PIL.Image", "PIL.ImageOps", "psutil"),
    *("apprise", "chardet", "fido2.server", "isal.igzip", "pypdfium2", "requests", "urllib3"),
    *("cryptography.hazmat.primitives.ciphers.aead", "django.contrib.staticfiles.storage", "django_htmx.http"),
    *("prometheus_client", "batchsite.options", "batchsite.recipes.recipe", "batchsite.recipes.answer_shape"),
    *("batchsite.tables", "batchsite.workbooks.workbook", "batchsite.xai.client", "batchsite.wording"),
)


def run(words: Sequence[str], environ: Mapping[str, str], seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Runs `python WORDS…` in the repository to its end, as `subprocess.run` does. Raises TimeoutExpired."""
    with tempfile.TemporaryDirectory(prefix="batchsite-nursery-") as folder:
        said = [Path(folder, "stdout"), Path(folder, "stderr")]
        nursery = _nursery(os.getpid())
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        order = {"words": list(words), "environ": dict(environ), "said": list(map(str, said))}
        nursery.stdin.write(json.dumps(order) + "\n")
        nursery.stdin.flush()
        if not select.select([nursery.stdout], [], [], seconds)[0]:
            nursery.kill()
            _nursery.cache_clear()
            raise subprocess.TimeoutExpired(list(words), seconds)
        code = int(nursery.stdout.readline())
        return subprocess.CompletedProcess(list(words), code, *(path.read_text() for path in said))


@cache
def _nursery(pid: int) -> subprocess.Popen[str]:
    """The one of this process. It ends with it."""
    command = [sys.executable, "-m", "tests.nursery"]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def main() -> None:
    """Has a process for each line of its input, waits for its end, and writes its exit code."""
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):  # of a database that is not used here
            importlib.import_module(name)
    gc.freeze()  # no child's collector looks through what it shares
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _begin(**order)
            break
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _begin(words: list[str], environ: dict[str, str], said: list[str]) -> None:
    """In the new process: becomes `python WORDS…`."""
    for number, (path, mode) in enumerate([(os.devnull, "r"), *((path, "w") for path in said)]):
        _replace(number, path, mode)
    os.environ.clear()
    os.environ.update(environ)
    if words[0] == "-c":
        sys.argv = ["-c", *words[2:]]
        exec(compile(words[1], "<string>", "exec"), {"__name__": "__main__"})
    elif words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


def _replace(number: int, path: str, mode: Any) -> None:
    file: IO[str] = open(path, mode)  # noqa: SIM115
    os.dup2(file.fileno(), number)
    file.close()


if __name__ == "__main__":
    main()
