"""What an answer took from tools, as a result and a try store it: calls, their fees, and sources. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from batchsite.xai.catalogue import call_fees
from batchsite.xai.tool_turns import is_web_address
from batchsite.xai.types import ResultRow, Source

CALL_NAMES = {
    "web_search": ("web search", "web searches"),
    "x_search": ("X search", "X searches"),
    "code_interpreter": ("run of code", "runs of code"),
    "document_search": ("search of a document", "searches of documents"),
    "mcp": ("call of an MCP server", "calls of MCP servers"),
}
SUMS = ("tool_calls", "tool_ticks", "cited")
"""The batch's sums over its answers, earlier attempts included."""


@dataclass(frozen=True)
class Link:
    """A source with a web address. The host is shown beside its title, which may say anything."""

    url: str
    label: str
    host: str


@dataclass(frozen=True)
class ToolUse:
    """All of it; empty for an answer without tools."""

    calls: Mapping[str, int]
    ticks: int
    """The fees of the calls, part of the cost."""
    sources_used: int
    """As xAI counts them, which may be 0 although there are sources."""
    sources: tuple[Source, ...]

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> ToolUse:
        kept = stored or {}
        sources = tuple(Source(url, title) for url, title in kept.get("sources", ()))
        return cls(kept.get("calls", {}), kept.get("ticks", 0), kept.get("sources_used", 0), sources)

    def __bool__(self) -> bool:
        return bool(self.calls or self.sources_used or self.sources)

    @property
    def count(self) -> int:
        return sum(self.calls.values())

    @property
    def words(self) -> str:
        """Such as “2 web searches, 1 X search”."""
        return ", ".join(_words(kind, number) for kind, number in self.calls.items())

    @property
    def listed(self) -> list[Link]:
        """The sources that may become links."""
        return [link_to(source) for source in self.sources if is_web_address(source.url)]

    @property
    def by_host(self) -> list[Link]:
        """The first link to each host, as a cell of a table has room for."""
        return list({link.host: link for link in reversed(self.listed)}.values())[::-1]

    @property
    def odd(self) -> list[Source]:
        """The sources that may not, because they are not web addresses."""
        return [source for source in self.sources if not is_web_address(source.url)]

    @property
    def column(self) -> str:
        """The addresses, one a line, as they stand in the column `sources`."""
        return "\n".join(link.url for link in self.listed)


def link_to(source: Source) -> Link:
    host = urlsplit(source.url).hostname or ""
    return Link(source.url, source.title or host, host)


def _words(kind: str, number: int) -> str:
    one, many = CALL_NAMES.get(kind, (f"call of {kind}", f"calls of {kind}"))
    return f"{number:,} {one if number == 1 else many}"


def tool_use_of(result: ResultRow) -> dict[str, Any] | None:
    """Returns what is stored of a result; None if there was no tool and no source."""
    usage = result.usage
    calls = dict(usage.calls) if usage else {}
    used = usage.sources_used if usage else 0
    if not calls and not used and not result.sources:
        return None
    sources = [[_storable(source.url), _storable(source.title)] for source in result.sources]
    return {"calls": calls, "ticks": call_fees(calls.items()), "sources_used": used, "sources": sources}


def of_a_copy(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Returns what a row has that got another one's answer: its sources; the calls are the other one's."""
    return {**stored, "calls": {}, "ticks": 0} if stored else None


def _storable(text: str) -> str:
    """Returns the text without NUL, which PostgreSQL cannot store."""
    return text.replace("\0", "�")


def sums_of(uses: Iterable[Mapping[str, Any] | None]) -> dict[str, int]:
    """Returns {counter of a batch: what these answers add to it}."""
    sums: Counter[str] = Counter(dict.fromkeys(SUMS, 0))
    for use in filter(None, uses):
        sums["tool_calls"] += sum(use["calls"].values())
        sums["tool_ticks"] += use["ticks"]
        sums["cited"] += bool(use["sources"])
    return dict(sums)
