"""Tools that a model may use while it answers a row: what can be chosen, and what is sent for it (facts 6.5). Pure.

A draft stores {tool: its settings}, with settings that say something only: {"web_search": {"allowed_domains":
["who.int"], "images": true}}. Remote MCP servers are {"mcp": {"servers": [ids]}}; the team has them. xAI checks
settings only when a row runs, so they are checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

SettingKind = Literal["domains", "handles", "date", "flag"]
MOST = {"domains": 5, "handles": 10}
"""Most entries of a list."""
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,15}")


@dataclass(frozen=True)
class ToolSetting:
    """One setting of a tool."""

    name: str
    label: str
    kind: SettingKind
    wire: str
    """Its name in a request."""
    help: str = ""


@dataclass(frozen=True)
class Tool:
    """A tool, with the sentence by which a person chooses it."""

    name: str
    label: str
    sentence: str
    settings: tuple[ToolSetting, ...] = ()


_IMAGES = ToolSetting("images", "Look at pictures, too", "flag", "enable_image_understanding")
TOOLS = (
    Tool(
        "web_search",
        "Web search",
        "Grok searches the web for each row and cites its sources: about $5 per 1,000 searches, plus tokens.",
        (
            ToolSetting(
                "allowed_domains", "Only these domains", "domains", "allowed_domains", "One per line, 5 at most."
            ),
            ToolSetting(
                "excluded_domains",
                "Never these domains",
                "domains",
                "excluded_domains",
                "One per line, 5 at most; not together with the other list.",
            ),
            _IMAGES,
        ),
    ),
    Tool(
        "x_search",
        "X search",
        "Grok searches posts on X for each row and cites them: about $5 per 1,000 searches, plus tokens.",
        (
            ToolSetting(
                "allowed_handles", "Only these accounts", "handles", "allowed_x_handles", "One per line, 10 at most."
            ),
            ToolSetting(
                "excluded_handles",
                "Never these accounts",
                "handles",
                "excluded_x_handles",
                "One per line, 10 at most; not together with the other list.",
            ),
            ToolSetting("from", "Posts from", "date", "from_date"),
            ToolSetting("to", "Posts until", "date", "to_date"),
            _IMAGES,
        ),
    ),
    Tool(
        "code",
        "Code execution",
        "Grok may write Python and run it at xAI, to count and calculate exactly: about $5 per 1,000 runs.",
    ),
)
BY_NAME = {tool.name: tool for tool in TOOLS}
_TYPES = {"code": "code_interpreter"}
_NESTED = frozenset({"allowed_domains", "excluded_domains"})
"""Settings of a web search that stand in `filters`."""
_EITHER = (("allowed_domains", "excluded_domains"), ("allowed_handles", "excluded_handles"))


def tidy(kind: SettingKind, typed: str) -> Any:
    """Returns a setting as it is stored: entries without what people paste around them, a date, or True.

    None if nothing was typed.
    """
    if kind == "flag":
        return True if typed else None
    if kind == "date":
        return typed.strip() or None
    entries = [entry for line in typed.splitlines() for entry in line.replace(",", " ").split()]
    tidied = [_domain(entry) if kind == "domains" else _handle(entry) for entry in entries]
    return list(dict.fromkeys(filter(None, tidied))) or None


def _domain(entry: str) -> str:
    """Returns the host of `https://www.WHO.int/en/` as `www.who.int`."""
    return re.sub(r"^[a-z]+://", "", entry.lower()).split("/")[0].split(":")[0]


def _handle(entry: str) -> str:
    return re.sub(r"^(https?://)?(www\.)?(x|twitter)\.com/", "", entry).lstrip("@").strip("/")


def problems(tools: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Returns what is wrong with the settings of the chosen tools, as sentences."""
    return [words for name, chosen in tools.items() if name in BY_NAME for words in _problems(BY_NAME[name], chosen)]


def _problems(tool: Tool, chosen: Mapping[str, Any]) -> Iterator[str]:
    for setting in tool.settings:
        value = chosen.get(setting.name)
        if value and setting.kind != "flag" and (words := _problem(setting.kind, value)):
            yield f"{tool.label}, {setting.label.lower()}: {words}"
    for one, other in _EITHER:
        if chosen.get(one) and chosen.get(other):
            yield f"{tool.label}: name either what is allowed or what is excluded; xAI refuses both at once."
    first, last = chosen.get("from"), chosen.get("to")
    if first and last and first > last:
        yield f"{tool.label}: posts from {first} until {last} cannot exist; exchange the dates."


def _problem(kind: SettingKind, value: Any) -> str:
    if kind == "date":
        return "" if _is_date(value) else f"“{str(value)[:40]}” is no date; write it as 2026-01-31."
    form, what = (_DOMAIN, "domain, such as who.int") if kind == "domains" else (_HANDLE, "account, such as NASA")
    wrong = next((entry for entry in value if not form.fullmatch(entry)), None)
    if wrong is not None:
        return f"“{wrong[:60]}” is no {what}."
    return "" if len(value) <= MOST[kind] else f"{MOST[kind]} at most; there are {len(value)}."


def _is_date(value: Any) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == str(value)
    except (TypeError, ValueError):
        return False


def sent(tools: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Returns the chosen tools of xAI as members of a request, always in the same order."""
    return tuple(_sent(tool, tools[tool.name]) for tool in TOOLS if tool.name in tools)


def _sent(tool: Tool, chosen: Mapping[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {"type": _TYPES.get(tool.name, tool.name)}
    filters: dict[str, Any] = {}
    for setting in tool.settings:
        if chosen.get(setting.name):
            (filters if setting.name in _NESTED else body)[setting.wire] = chosen[setting.name]
    return body | ({"filters": filters} if filters else {})


def in_words(tools: Mapping[str, Any]) -> str:
    """Returns such as “web search and X search”. Empty if none is chosen."""
    labels = [tool.label if tool.label[0] == "X" else tool.label.lower() for tool in TOOLS if tool.name in tools]
    labels += ["MCP servers"] if "mcp" in tools else []
    return _listed(labels)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
