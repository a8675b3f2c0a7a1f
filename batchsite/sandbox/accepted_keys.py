"""API keys: any key with a known prefix, or only the key of the installation. Batches belong to the key's team.

See facts 1.1.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from batchsite.sandbox.store import Store
from batchsite.sandbox.wire_shapes import refuse

PREFIXES = ("sandbox", "xai-")

FIXED_KEY = "sandbox-key"
"""The key that every installation used before it had its own. Its team is still that of the installation's key, so that
existing batches stay readable, even if the key file is lost."""


@dataclass(frozen=True)
class Key:
    """An accepted key. ``text`` is only kept in memory, never stored."""

    text: str
    team: str

    @property
    def id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"key {_digest(self.text)}"))

    @property
    def redacted(self) -> str:
        return redact(self.text)


def authenticate(store: Store, headers: Mapping[str, str], only_key: str | None) -> Key:
    """Returns the caller's key. Raises Refused: 401 without a key, 400 for a wrong one (facts 1.3).

    If ``only_key`` is set, no other key is accepted.
    """
    scheme, _, text = headers.get("authorization", "").partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text:
        refuse(401, "No credentials presented.")
    if only_key is not None:
        if not hmac.compare_digest(text.encode(), only_key.encode()):
            refuse_key(text)
        return Key(text, _team(store, FIXED_KEY))
    if not text.startswith(PREFIXES):
        refuse_key(text)
    return Key(text, _team(store, text))


def refuse_key(text: str) -> None:
    refuse(400, f"Incorrect API key provided: {redact(text)}. Obtain an API key from https://console.x.ai.")


def redact(text: str) -> str:
    return f"{text[:2]}***{text[-2:]}"


def share_team(store: Store, text: str, team: str) -> None:
    """Puts a key into a team. By default each key has its own team."""
    with store.write() as connection:
        connection.execute("INSERT OR REPLACE INTO keys VALUES (?, ?)", (_digest(text), team))


def _team(store: Store, text: str) -> str:
    with store.read() as connection:
        row = connection.execute("SELECT team FROM keys WHERE digest = ?", (_digest(text),)).fetchone()
    return str(row[0]) if row else str(uuid.uuid5(uuid.NAMESPACE_OID, f"team {_digest(text)}"))


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
