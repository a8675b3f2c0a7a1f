"""What the settings need before Django is set up: folders, the secret key, database, mail server, log lines."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import logging
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from batchsite.options import OptionError, Options, is_loopback

CONNECT_SECONDS = 10
"""Timeout of connections to PostgreSQL and to the mail server. Without it, a server that vanished would block for
minutes."""

# WAL lets pages read while a worker writes. With IMMEDIATE a writer waits for the lock, while SQLite's default fails at
# once with "database is locked" if a reading transaction begins to write. No mmap: SQLite below 3.51.3 has a rare
# corruption with it. With FULL a commit is on the disk before it returns (0.2 ms more, measured): an intent is recorded
# before the call that costs money, and must outlast a power cut. NORMAL only makes it outlast a crash of the process.
SQLITE_WAIT_SECONDS = 20
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    f"PRAGMA busy_timeout={SQLITE_WAIT_SECONDS * 1000};"
    "PRAGMA foreign_keys=ON;"
    "PRAGMA journal_size_limit=67108864;"
)


def ensure_folders(data: Path) -> None:
    """Creates the data folder and its parts, readable by their owner only: they hold keys and people's rows."""
    for folder in (data, data / "uploads", data / "uploads" / "incoming", data / "run"):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OptionError(f"The folder {folder} cannot be made: {error.strerror}. Check BATCHSITE_DATA.") from error


def secret_key(data: Path) -> str:
    """The key in the data folder, generated on first use. Two processes that start at once get the same one."""
    path = data / "secret_key"
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)  # atomic, and fails if another process was first
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def setup_code(secret: str) -> str:
    """The code that creates the first account of a reachable installation, such as ABCD-EFGH-JKLM.

    Derived from the secret key, so it is the same on all machines of an installation and after every start. It works
    once, as there is a first account afterwards.
    """
    digest = hmac.digest(secret.encode(), b"batchsite setup code", "sha256")
    letters = base64.b32encode(digest).decode()[:12]
    return "-".join(letters[start : start + 4] for start in range(0, 12, 4))


def database(url: str, data: Path) -> dict[str, Any]:
    """Django's settings of the database at `url`, or of SQLite in the data folder if it is empty."""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": data / "db.sqlite3",
            "OPTIONS": {
                "timeout": SQLITE_WAIT_SECONDS,
                "transaction_mode": "IMMEDIATE",
                "init_command": SQLITE_PRAGMAS,
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise OptionError("DATABASE_URL must look like postgres://user:password@host:5432/name.")
    if find_spec("psycopg") is None:
        raise OptionError(
            "DATABASE_URL is set, but the package psycopg is not installed. "
            "Install it: .venv/bin/python -m pip install -r requirements-scale.txt"
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": CONNECT_SECONDS, **dict(parse_qsl(parts.query))},
    }


def mail(url: str) -> dict[str, Any]:
    """Django's settings of the mail server at `url`. Without one, nothing may be sent.

    `smtp://` switches to TLS (STARTTLS) before anything is sent, except to this machine; `smtps://` begins with it.
    """
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise OptionError("EMAIL_URL must look like smtp://user:password@host:587 or smtps://user:password@host:465.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and not is_loopback(parts.hostname),
        "EMAIL_TIMEOUT": CONNECT_SECONDS,
    }


def sign_on_providers(options: Options) -> dict[str, Any]:
    """allauth's settings of single sign-on. Empty without a provider.

    An existing account is matched by its e-mail, if the provider says that the e-mail is confirmed.
    """
    if not options.oidc_url:
        return {}
    app = {
        "provider_id": "sso",
        "name": options.oidc_name,
        "client_id": options.oidc_client_id,
        "secret": options.oidc_client_secret,
        "settings": {
            "server_url": options.oidc_url,
            "fetch_userinfo": True,
            "oauth_pkce_enabled": True,
            "email_authentication": True,
        },
    }
    return {"openid_connect": {"APPS": [app]}}


_about: ContextVar[Mapping[str, Any]] = ContextVar("about", default=MappingProxyType({}))


@contextlib.contextmanager
def logging_about(**facts: Any) -> Iterator[None]:
    """Adds members to every line logged within the block: ids of what a step works on, never its content."""
    token = _about.set({**_about.get(), **facts})
    try:
        yield
    finally:
        _about.reset(token)


_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


# PostgreSQL quotes the row that an error is about, but prompts and answers must not be in a log.
_ROWS = re.compile(r"\nDETAIL:.*?(?=\n\n|\Z)", re.DOTALL)


# The paths of invitations, of share links and of what is sent by mail contain the token that opens them.
_TOKENS = re.compile(r"(/(?:join|shared|reset|confirm)/)[\w:=-]+")


def _shown(key: str, value: Any) -> Any:
    """Strips the query from one of Django's requests: it may hold codes, searches, and addresses with tokens."""
    is_request = key == "request" and hasattr(value, "path")
    return f"{value.method} {value.path}" if is_request else value


class JsonLines(logging.Formatter):
    """One JSON object a line. It includes the call's `extra` and the members of `logging_about`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname.lower(),
            "from": record.name,
            "says": record.getMessage(),
        }
        line.update(_about.get())
        line.update({key: _shown(key, value) for key, value in vars(record).items() if key not in _STANDARD})
        if record.exc_info:
            line["trace"] = _ROWS.sub("", self.formatException(record.exc_info))
        return _TOKENS.sub(r"\1…", json.dumps(line, default=str, ensure_ascii=False))
