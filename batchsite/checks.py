"""System checks (`manage.py check`, and at every start): settings that would cause harm later.

An error keeps batchsite from starting, a warning is only shown. Each has an id, and a hint that says what to do.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from batchsite.options import is_loopback

REQUEST_KINDS = ("chat_get_completion", "responses")
MOST_PAGE_ROWS = 1000
LEAST_MEMORY = 300_000_000
"""Bytes. An idle process has 150 MB of writable memory, most of it for its threads."""
"""Results that xAI returns at most in one call (facts 2.7)."""
NETWORK_FILESYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs"}
WITHOUT_MODES = {"vfat", "exfat", "ntfs", "ntfs3", "fuseblk", "9p", "drvfs", "cifs", "smb3"}
"""File systems that may not store the modes of files."""
MOUNTS = Path("/proc/mounts")
SHORTEST_SECRET = 32
"""Characters of SECRET_KEY. A shorter one could be guessed offline from a session cookie."""


@register("batchsite")
def check_queue(**_: Any) -> list[CheckMessage]:
    """A message must not be delivered again while its task is running or waits in a worker."""
    return [*_retries(), *_broker()]


def _retries() -> Iterator[CheckMessage]:
    common = {key: value for key, value in settings.Q_CLUSTER.items() if key != "ALT_CLUSTERS"}
    clusters = {common["name"]: common}
    clusters |= {name: {**common, **own} for name, own in settings.Q_CLUSTER.get("ALT_CLUSTERS", {}).items()}
    for name, cluster in clusters.items():
        rounds = 1 + math.ceil((cluster["queue_limit"] + 1) / cluster["workers"])
        if cluster["retry"] < rounds * cluster["timeout"]:
            yield Error(
                f"Queue {name}: `retry` is {cluster['retry']} s, but a task may wait and run for "
                f"{rounds * cluster['timeout']} s, and would be given to a second worker meanwhile.",
                hint="In Q_CLUSTER make `retry` at least timeout × (1 + (queue_limit + 1) / workers).",
                id="batchsite.E001",
            )


def _broker() -> Iterator[CheckMessage]:
    if settings.OPTIONS.redis_url and find_spec("redis") is None:
        yield Error(
            "REDIS_URL is set, but the package `redis` is not installed.",
            hint="Install it: .venv/bin/python -m pip install -r requirements-scale.txt. Or unset REDIS_URL.",
            id="batchsite.E002",
        )


@register("batchsite")
def check_provider(**_: Any) -> list[CheckMessage]:
    """Where requests go, and in which form."""
    return [*_address(settings.OPTIONS.xai_api_base), *_form_of_requests()]


def _address(base: str) -> Iterator[CheckMessage]:
    parts = urlsplit(base)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        yield Error(
            f"XAI_API_BASE is {base!r}, which is not an API URL.",
            hint="Write it like https://api.x.ai/v1, or unset it.",
            id="batchsite.E003",
        )
    elif parts.scheme == "http" and not is_loopback(parts.hostname):
        yield Error(
            f"XAI_API_BASE begins with http://, so the key and every prompt would be sent to {parts.hostname} "
            "unencrypted.",
            hint="Write https://. Plain HTTP is only allowed to this machine.",
            id="batchsite.E004",
        )


def _form_of_requests() -> Iterator[CheckMessage]:
    options = settings.OPTIONS
    if options.xai_request_kind not in REQUEST_KINDS:
        yield Error(
            f"XAI_REQUEST_KIND is {options.xai_request_kind!r}.",
            hint=f"Write {' or '.join(REQUEST_KINDS)}, or unset it.",
            id="batchsite.E005",
        )
    if options.xai_batch_discount > 100:
        yield Error(
            f"XAI_BATCH_DISCOUNT_PERCENT is {options.xai_batch_discount}: estimates would be below zero.",
            hint="Write a percentage from 0 to 100.",
            id="batchsite.E006",
        )


@register("batchsite")
def check_limits(**_: Any) -> list[CheckMessage]:
    """Limits that contradict each other, or that nothing could ever be sent within."""
    options = settings.OPTIONS
    complaints: list[CheckMessage] = [
        Error(
            f"{item.metadata['name']} is 0, which allows nothing.",
            hint=f"Unset it for the default of {item.default:,}, or write a number of at least 1.",
            id="batchsite.E007",
        )
        for item in options.__dataclass_fields__.values()
        if item.name in _AT_LEAST_ONE and getattr(options, item.name) < 1
    ]
    if options.memory < LEAST_MEMORY:
        complaints.append(
            Error(
                f"BATCHSITE_MEMORY is {options.memory:,}; a process needs {LEAST_MEMORY:,} bytes for itself.",
                hint="Unset it for the default of 2 GB, or write a larger number.",
                id="batchsite.E013",
            )
        )
    if options.page_rows > MOST_PAGE_ROWS:
        complaints.append(
            Error(
                f"BATCHSITE_PAGE_ROWS is {options.page_rows:,}; xAI returns at most {MOST_PAGE_ROWS} results a call.",
                hint=f"Write a number up to {MOST_PAGE_ROWS}, or unset it.",
                id="batchsite.E008",
            )
        )
    if options.chunk_bytes > options.request_bytes:
        complaints.append(
            Warning(
                f"BATCHSITE_CHUNK_BYTES ({options.chunk_bytes:,}) is above XAI_REQUEST_BYTES "
                f"({options.request_bytes:,}): xAI may refuse full add calls.",
                hint="Lower BATCHSITE_CHUNK_BYTES; 8000000 is as fast as more.",
                id="batchsite.W005",
            )
        )
    return complaints


_AT_LEAST_ONE = {
    "proxies",
    "idle_hours",
    "creates_per_second",
    "adds_per_30s",
    "requests_per_submission",
    "request_bytes",
    "chunk_rows",
    "chunk_bytes",
    "page_rows",
    "upload_bytes",
    "waiting_uploads",
    "waiting_bytes",
    "unpacked_bytes",
    "max_rows",
    "max_columns",
    "max_cell",
}


@register("batchsite")
def check_pages(**_: Any) -> list[CheckMessage]:
    """Who can reach the pages, and how."""
    options = settings.OPTIONS
    complaints: list[CheckMessage] = []
    # On a loopback address `manage.py up` turns HTTPS off, unless it is asked for.
    plain = not options.https or (is_loopback(options.bind) and not os.environ.get("BATCHSITE_HTTPS"))
    if options.hosts and plain:
        complaints.append(
            Warning(
                f"BATCHSITE_HOSTS names {', '.join(options.hosts)}, but HTTPS is off: sessions and passwords would be "
                "sent unencrypted.",
                hint="Put a proxy with a certificate in front; set BATCHSITE_HTTPS=1 and BATCHSITE_BEHIND_PROXY=1.",
                id="batchsite.W001",
            )
        )
    if not options.hosts and not is_loopback(options.bind):
        complaints.append(
            Warning(
                f"BATCHSITE_BIND is {options.bind}, but without BATCHSITE_HOSTS the pages answer to localhost only.",
                hint="Set BATCHSITE_HOSTS to the names under which people reach this machine.",
                id="batchsite.W002",
            )
        )
    if options.new_teams not in {"", "owners", "anyone"}:
        complaints.append(
            Error(
                f"BATCHSITE_NEW_TEAMS is {options.new_teams!r}.",
                hint="Write owners or anyone, or unset it.",
                id="batchsite.E012",
            )
        )
    if "*" in options.hosts:
        complaints.append(
            Warning(
                "BATCHSITE_HOSTS is *: the site answers to every name, so a visitor can choose the host in the links "
                "that it shows.",
                hint="Name the hosts under which people reach this machine, separated by commas.",
                id="batchsite.W006",
            )
        )
    if options.debug and options.is_reachable:
        complaints.append(
            Error(
                "BATCHSITE_DEBUG shows code and settings to visitors, and other machines can reach this site.",
                hint="Unset BATCHSITE_DEBUG.",
                id="batchsite.E009",
            )
        )
    return complaints


@register("batchsite")
def check_secret(**_: Any) -> list[CheckMessage]:
    """Whether SECRET_KEY can be guessed."""
    length = len(settings.SECRET_KEY)
    if length >= SHORTEST_SECRET:
        return []
    return [
        Error(
            f"SECRET_KEY has {length} characters and could be guessed: it signs sessions and encrypts keys.",
            hint="Unset it, and one is generated. Or: python3 -c 'import secrets; print(secrets.token_urlsafe(64))'",
            id="batchsite.E011",
        )
    ]


@register("batchsite")
def check_data_folder(**_: Any) -> list[CheckMessage]:
    """Who can read the data folder, and whether SQLite is safe there."""
    data = Path(settings.DATA)
    return [*_readable_by_others(data), *_on_a_network(data)]


def _readable_by_others(data: Path) -> Iterator[CheckMessage]:
    for path, mode in ((data, "700"), (data / "secret_key", "600")):
        try:
            others = stat.S_IMODE(path.stat().st_mode) & 0o077
        except OSError:
            continue
        if others and os.name == "posix":
            # Where the file system has no modes, chmod cannot help, and a refusal would leave no way out.
            message, number = (Warning, "W003") if _filesystem(data) in WITHOUT_MODES else (Error, "E010")
            yield message(
                f"Other users of this machine can read {path}: it holds keys and people's rows.",
                hint=f"chmod {mode} {path}",
                id=f"batchsite.{number}",
            )


def _on_a_network(data: Path) -> Iterator[CheckMessage]:
    kind = _filesystem(data)
    if kind in NETWORK_FILESYSTEMS and settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        yield Warning(
            f"The data folder {data} is on a network file system ({kind}), where SQLite can lose or damage data.",
            hint="Set BATCHSITE_DATA to a folder on a local disk, or DATABASE_URL to a PostgreSQL server.",
            id="batchsite.W004",
        )


def _filesystem(path: Path) -> str:
    """The type of the file system that holds `path`. Empty if unknown."""
    try:
        mounts = [line.split()[1:3] for line in MOUNTS.read_text().splitlines()]
    except OSError:
        return ""
    holding = [(len(point), kind) for point, kind in mounts if path.is_relative_to(point.replace("\\040", " "))]
    return max(holding)[1] if holding else ""
