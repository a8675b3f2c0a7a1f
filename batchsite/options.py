"""Every environment variable that batchsite reads, with its type, default and help.

The settings call `read()` once. An invalid value raises `OptionError`, which names the variable and says what was
expected. A test compares docs/configuration.md with this list.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

VIDEO_FAMILY = "grok-imagine-video"
_DOLLARS = re.compile(r"\d{1,4}(\.\d{1,10})?")
ROOT = Path(__file__).resolve().parent.parent


SECRETS = (
    *("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "REDIS_URL", "XAI_API_KEY", "EMAIL_URL", "SENTRY_DSN"),
    *("BATCHSITE_METRICS_TOKEN", "OIDC_CLIENT_SECRET"),
)
"""Variables whose value may be in a file instead: the variable with _FILE appended names it."""


class OptionError(ValueError):
    """A variable has an invalid value. The text names the variable and says what to write instead."""


def _option(name: str, default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"name": name, "help": help_text})


@dataclass(frozen=True)
class Options:
    """The values of the environment. The annotation of a field decides how its text is parsed."""

    data: Path = _option("BATCHSITE_DATA", ROOT / "var", "Folder of the database, uploads, keys and logs; back this up")
    port: int = _option("PORT", 8000, "Port of the web pages")
    bind: str = _option("BATCHSITE_BIND", "127.0.0.1", "Address to listen on; 0.0.0.0 for a team's server")
    hosts: tuple[str, ...] = _option(
        "BATCHSITE_HOSTS", (), "Host names that the site answers to, comma separated; loopback always works"
    )
    https: bool = _option(
        "BATCHSITE_HTTPS",
        True,
        "Cookies and redirects insist on HTTPS; `manage.py up` on a loopback address turns it off",
    )
    behind_proxy: bool = _option(
        "BATCHSITE_BEHIND_PROXY", False, "Trust X-Forwarded-Proto and X-Forwarded-For, from a proxy that sets both"
    )
    proxies: int = _option(
        "BATCHSITE_PROXIES", 1, "Trusted proxies in a row; each appends the address it sees to X-Forwarded-For"
    )
    new_teams: str = _option(
        "BATCHSITE_NEW_TEAMS",
        "",
        "Who may create teams: owners (of the first team) or anyone; unset: owners on a server, anyone on loopback",
    )
    idle_hours: int = _option(
        "BATCHSITE_IDLE_HOURS", 168, "Hours of inactivity after which a person has to sign in again"
    )
    sign_up: str = _option(
        "BATCHSITE_SIGN_UP", "invited", "Who may make an account: invited, or anyone (who then still needs a team)"
    )
    confirm_minutes: int = _option(
        "BATCHSITE_CONFIRM_MINUTES",
        30,
        "Minutes after which keys, roles and people ask for the password or passkey again",
    )
    oidc_url: str = _option(
        "OIDC_URL", "", "Address of an OpenID Connect provider for single sign-on, such as https://login.example.org"
    )
    oidc_name: str = _option("OIDC_NAME", "single sign-on", "What the sign-in page calls that provider")
    oidc_client_id: str = _option("OIDC_CLIENT_ID", "", "Our client id there")
    oidc_client_secret: str = _option("OIDC_CLIENT_SECRET", "", "Our client secret there")
    oidc_claim: str = _option("OIDC_CLAIM", "groups", "The claim that names a person's groups")
    oidc_roles: tuple[str, ...] = _option(
        "OIDC_ROLES", (), "Roles in the first team by group, comma separated: staff=member,leads=admin"
    )
    oidc_only: bool = _option("OIDC_ONLY", False, "Single sign-on is the only way in")
    debug: bool = _option("BATCHSITE_DEBUG", False, "Django's debug pages; never on a server")
    secret_key: str = _option(
        "SECRET_KEY", "", "Signs sessions and encrypts keys; generated and kept in the data folder if unset"
    )
    secret_key_fallbacks: tuple[str, ...] = _option(
        "SECRET_KEY_FALLBACKS", (), "Former secret keys, comma separated, while rotating"
    )
    database_url: str = _option(
        "DATABASE_URL", "", "postgres://user:password@host:port/name; SQLite in the data folder if unset"
    )
    redis_url: str = _option("REDIS_URL", "", "redis://host:port/0 as the queue's broker; the database if unset")
    log_level: str = _option("BATCHSITE_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR")

    metrics_token: str = _option(
        "BATCHSITE_METRICS_TOKEN", "", "Bearer token with which Prometheus may read /metrics; not there if unset"
    )
    sentry_dsn: str = _option("SENTRY_DSN", "", "Where errors are reported, without rows, prompts or answers")

    site_url: str = _option(
        "BATCHSITE_URL",
        "",
        "How links in mails and notifications begin; made of BATCHSITE_HOSTS or PORT if unset",
    )
    email_url: str = _option(
        "EMAIL_URL", "", "smtp://user:password@host:587 (STARTTLS) or smtps://…:465; without it no mail is sent"
    )
    email_from: str = _option("EMAIL_FROM", "", "Sender of mail; batchsite@ the first of BATCHSITE_HOSTS if unset")
    notify_private: bool = _option(
        "BATCHSITE_NOTIFY_PRIVATE", False, "Notifications may go to private addresses, any port, and without HTTPS"
    )

    xai_api_key: str = _option(
        "XAI_API_KEY", "", "The xAI key for teams without a key of their own; the sandbox answers if unset"
    )
    xai_api_base: str = _option("XAI_API_BASE", "https://api.x.ai/v1", "Where the API lives, with or without /v1")
    xai_request_kind: str = _option(
        "XAI_REQUEST_KIND",
        "chat_get_completion",
        "Form of a request at xAI: chat_get_completion or responses (facts 2.5)",
    )
    prompt_cache_key: bool = _option(
        "XAI_PROMPT_CACHE_KEY",
        True,
        "Send a prompt_cache_key with requests of the kind responses; batches show what was cached (facts 7.3)",
    )
    xai_batch_models: tuple[str, ...] = _option(
        "XAI_BATCH_MODELS",
        (),
        "Changes what is known of models in batches: +model takes them, -model does not; names alone are the list",
    )
    xai_videos: tuple[str, ...] = _option(
        "XAI_VIDEOS",
        (),
        "Models that may make videos, and dollars a video: grok-imagine-video=0.05; unset: none (facts 7.7)",
    )
    xai_batch_discount: int = _option(
        "XAI_BATCH_DISCOUNT_PERCENT", 20, "Discount of a batch on the list price, used by estimates (facts 4)"
    )
    sandbox_rate: int = _option("SANDBOX_RATE", 150, "Requests that the sandbox answers per second; 0: at once")

    creates_per_second: int = _option("XAI_CREATES_PER_SECOND", 2, "Batches that xAI lets a key create per second")
    live_requests: int = _option(
        "XAI_LIVE_REQUESTS", 48, "Rows of a batch that runs live that xAI works on at the same time (facts 5)"
    )
    adds_per_30s: int = _option("XAI_ADDS_PER_30S", 1000, "Add calls that xAI lets a key make in 30 seconds")
    requests_per_submission: int = _option(
        "XAI_REQUESTS_PER_BATCH", 1_000_000, "Requests in one batch at xAI; a bigger table is split"
    )
    request_bytes: int = _option("XAI_REQUEST_BYTES", 25_000_000, "Largest request that xAI accepts, in bytes")
    chunk_rows: int = _option("BATCHSITE_CHUNK_ROWS", 1000, "Requests in one add call")
    chunk_bytes: int = _option("BATCHSITE_CHUNK_BYTES", 8_000_000, "Bytes in one add call")
    page_rows: int = _option("BATCHSITE_PAGE_ROWS", 1000, "Results asked for in one call, at most 1000 (facts 2.7)")

    memory: int = _option(
        "BATCHSITE_MEMORY", 2_000_000_000, "Most memory of a worker or web process, in bytes; at least 300 MB (Linux)"
    )
    upload_bytes: int = _option("BATCHSITE_UPLOAD_BYTES", 2_000_000_000, "Largest upload, in bytes")
    fetch_private: bool = _option(
        "BATCHSITE_FETCH_PRIVATE", False, "Tables may be fetched from private and loopback addresses, too"
    )
    fetch_ports: tuple[str, ...] = _option(
        "BATCHSITE_FETCH_PORTS", ("80", "443"), "Ports of web addresses that tables may be fetched from; or any"
    )
    waiting_uploads: int = _option("BATCHSITE_WAITING_UPLOADS", 30, "Most uploads of a team that wait to be read")
    waiting_bytes: int = _option(
        "BATCHSITE_WAITING_BYTES", 5_000_000_000, "Most bytes of a team's uploads that wait to be read"
    )
    team_bytes: int = _option(
        "BATCHSITE_TEAM_BYTES", 0, "Most bytes of uploads that a team keeps; 0: as many as the disk holds"
    )
    daily_upload_bytes: int = _option(
        "BATCHSITE_DAILY_UPLOAD_BYTES", 50_000_000_000, "Most bytes that a team uploads within 24 hours; 0: no limit"
    )
    unpacked_bytes: int = _option(
        "BATCHSITE_UNPACKED_BYTES", 10_000_000_000, "Largest compressed upload once it is unpacked, in bytes"
    )
    max_rows: int = _option("BATCHSITE_MAX_ROWS", 5_000_000, "Most rows of a dataset")
    max_columns: int = _option("BATCHSITE_MAX_COLUMNS", 500, "Most columns of a dataset")
    max_cell: int = _option("BATCHSITE_MAX_CELL", 5_000_000, "Most characters of one cell")

    @property
    def anyone_may_create_teams(self) -> bool:
        """Whether everybody with an account may create teams, not only the owners of the first one."""
        return self.new_teams == "anyone" or (not self.new_teams and not self.is_reachable)

    @property
    def anyone_may_sign_up(self) -> bool:
        """Whether accounts need no invitation. With single sign-on alone, its provider decides."""
        return self.sign_up == "anyone" and not self.is_sign_on_only

    @property
    def is_sign_on_only(self) -> bool:
        return self.oidc_only and bool(self.oidc_url)

    @property
    def roles_by_group(self) -> dict[str, str]:
        """The role in the first team of each group of the provider of single sign-on that has one."""
        pairs = (pair.rpartition("=") for pair in self.oidc_roles)
        return {group.strip(): role.strip().lower() for group, _, role in pairs}

    @property
    def video_prices(self) -> dict[str, int]:
        """Ticks (1e-10 USD) of a video by model, for estimates. Raises OptionError."""
        return dict(_video_price(entry) for entry in self.xai_videos)

    @property
    def root_url(self) -> str:
        """The address of the site, without a slash at its end."""
        if self.site_url:
            return self.site_url.rstrip("/")
        if self.hosts:
            return f"{'https' if self.https else 'http'}://{self.hosts[0]}"
        return f"http://{self.bind if is_loopback(self.bind) else '127.0.0.1'}:{self.port}"

    @property
    def is_reachable(self) -> bool:
        """Whether other machines can reach the pages, directly or through a proxy."""
        return bool(self.hosts) or not is_loopback(self.bind)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _video_price(entry: str) -> tuple[str, int]:
    model, _, price = (part.strip() for part in entry.partition("="))
    if not model.startswith(VIDEO_FAMILY) or not _DOLLARS.fullmatch(price):
        raise OptionError(f"XAI_VIDEOS must be like {VIDEO_FAMILY}=0.05, and has {entry!r}.")
    return model, int(Decimal(price) * 10**10)


def read(environ: Mapping[str, str] = os.environ) -> Options:
    """The options set in `environ`, the others at their defaults. An empty text counts as unset. Raises OptionError."""
    values: dict[str, Any] = {}
    for item in dataclasses.fields(Options):
        if text := _text(environ, item.metadata["name"]):
            values[item.name] = _parse(item.metadata["name"], str(item.type), text)
    options = Options(**values)
    _ = options.video_prices  # says what is wrong with them
    return options


def _text(environ: Mapping[str, str], name: str) -> str:
    """Returns the text of a variable, or of the file that `name`_FILE names. Raises OptionError."""
    text, path = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "").strip()
    if name not in SECRETS or not path:
        return text
    if text:
        raise OptionError(f"{name} and {name}_FILE are both set. Set one of them.")
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise OptionError(f"{name}_FILE must name a file that can be read, and is {path!r}.") from None
    if not text:
        raise OptionError(f"The file {path!r} that {name}_FILE names is empty.")
    return text


def _parse(name: str, kind: str, text: str) -> Any:
    if kind == "int":
        digits = text.replace("_", "")
        if not digits.isdigit():
            raise OptionError(f"{name} must be a whole number, and is {text!r}.")
        return int(digits)
    if kind == "bool":
        if text.lower() not in _TRUTH:
            raise OptionError(f"{name} must be 1 or 0, and is {text!r}.")
        return _TRUTH[text.lower()]
    if kind == "Path":
        return Path(text).expanduser().resolve()
    if kind.startswith("tuple"):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


_TRUTH = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
