"""Remote MCP servers: those that a team approved, how they stand in a request, and their tokens (facts 6.5).

A request is built, shown and stored without tokens; `with_tokens` puts them in right before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from batchsite.teams.accounts import AccountMissing, decrypt, encrypt
from batchsite.teams.models import Team, ToolServer, User

MCP = "mcp"
MOST = 20
"""Servers of a team."""


class ServerRefused(ValueError):
    """The server cannot be approved; the text says why and what to do."""


def servers_of(team: Team) -> QuerySet[ToolServer]:
    """Returns the servers that may be chosen."""
    return ToolServer.objects.filter(team=team, removed_at=None).select_related("approved_by").order_by("label")


def approve(team: Team, user: User | None, *, label: str, url: str, sentence: str, token: str) -> ToolServer:
    """Stores a server. Raises ServerRefused."""
    if servers_of(team).count() >= MOST:
        raise ServerRefused(f"A team has {MOST} servers at most. Remove one first.")
    secret, hint = (encrypt(token), token[-4:] if len(token) >= 12 else "") if token else (None, "")
    values = {"label": label, "url": url, "sentence": sentence, "secret": secret, "hint": hint}
    try:
        with transaction.atomic():
            return ToolServer.objects.create(team=team, approved_by=user, **values)
    except IntegrityError:
        raise ServerRefused(
            f"There is a server named “{label}” already. Remove it first, or choose another name."
        ) from None


def remove(server: ToolServer) -> None:
    """Withdraws a server, and erases its token. What refers to it stays readable."""
    ToolServer.objects.filter(pk=server.pk).update(removed_at=timezone.now(), secret=None)


def chosen(team: Team, tools: Mapping[str, Any]) -> list[ToolServer]:
    """Returns the servers that the tools of a draft name, removed ones included."""
    ids = (tools.get(MCP) or {}).get("servers") or []
    return list(ToolServer.objects.filter(team=team, pk__in=ids).order_by("pk")) if ids else []


def sent(servers: Iterable[ToolServer]) -> tuple[dict[str, Any], ...]:
    """Returns servers as members of a request, without their tokens."""
    return tuple(_sent(server) for server in servers)


def _sent(server: ToolServer) -> dict[str, Any]:
    body = {"type": MCP, "server_label": server.label, "server_url": server.url}
    return body | ({"server_description": server.sentence} if server.sentence else {})


def with_tokens(team: Team, tools: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Returns the tools of a request with the tokens of its servers.

    Raises AccountMissing if the team does not approve one of them any more, or its token cannot be read.
    """
    if not any(tool.get("type") == MCP for tool in tools):
        return tuple(tools)
    known = {(server.label, server.url): server for server in servers_of(team)}
    return tuple(tool if tool.get("type") != MCP else _with_token(tool, known) for tool in tools)


def _with_token(tool: dict[str, Any], known: Mapping[tuple[str, str], ToolServer]) -> dict[str, Any]:
    server = known.get((tool["server_label"], tool["server_url"]))
    if server is None:
        raise AccountMissing(
            f"The MCP server “{tool['server_label']}” was removed. Cancel the batch, or ask an admin to approve "
            f"{tool['server_url']} under that name again; then press Resume."
        )
    return tool | ({"authorization": _token(server)} if server.secret else {})


def _token(server: ToolServer) -> str:
    try:
        return decrypt(bytes(server.secret or b""))
    except AccountMissing as error:
        raise AccountMissing(
            f"The token of the MCP server “{server.label}” cannot be read: SECRET_KEY has changed. Remove the server "
            "and approve it again, then press Resume."
        ) from error
