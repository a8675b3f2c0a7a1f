"""The configuration of gunicorn, which serves the pages. Threads, as most requests are short and some are downloads
that last minutes: a thread streams those while the worker's main loop keeps reporting to the master.
"""

from __future__ import annotations

import resource
from typing import Any

from gunicorn import glogging

from batchsite.processes import gc_tuning
from batchsite.processes.memory_limit import limit_memory
from batchsite.processes.parentage import tie_forks
from batchsite.processes.web_worker import WebWorker
from batchsite.setup import JsonLines

gc_tuning.look_seldom()  # the pages are loaded next


class Lines(glogging.Logger):  # type: ignore[misc]
    """Writes gunicorn's own messages in the form of our other logs."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())


def on_starting(server: Any) -> None:
    """Makes workers end with their master, even if it is killed; limits their memory; allows many connections."""
    tie_forks()
    limit_memory()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def post_fork(server: Any, worker: WebWorker) -> None:
    from django.conf import settings

    worker.limit_addresses = not settings.OPTIONS.behind_proxy


def when_ready(server: Any) -> None:
    """Loads every page and template before the workers are forked, so that they share the memory and the first
    visitor does not wait.
    """
    warm_up()
    gc_tuning.freeze()


def warm_up() -> None:
    """Loads all views and templates."""
    from django.conf import settings
    from django.template.loader import get_template
    from django.urls import get_resolver

    get_resolver().check()
    for folder in settings.TEMPLATES[0]["DIRS"]:
        for path in sorted(folder.rglob("*.html")):
            get_template(str(path.relative_to(folder)))


preload_app = True  # loaded once, before the fork: the workers share most of their memory
worker_class = WebWorker
workers = 2
threads = 16  # 4 for uploads and 6 for downloads at most, the rest for pages
worker_connections = 1000
timeout = 60
graceful_timeout = 10
keepalive = 15
logger_class = Lines
control_socket_disable = True  # otherwise all gunicorns of this user would share one
