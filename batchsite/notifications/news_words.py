"""News in words, for mails and chats. Names come from people: they must not add lines, mentions or links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from batchsite.batches.states import HeldFor
from batchsite.notifications.models import Kind, News
from batchsite.notifications.payload import link_to
from batchsite.wording import dollars, plain_name

MOST_NAMED = 30
"""Pieces of news that one message spells out."""
_CAUSES = {
    HeldFor.CREDITS: "the xAI account has no credits left",
    HeldFor.KEY: "the xAI key is missing, refused, or of another team",
    HeldFor.NETWORK: "xAI cannot be reached",
    HeldFor.BUDGET: "a budget is used up",
    HeldFor.CAP: "its spending cap is reached",
    HeldFor.RESTORE: "the database was restored, and somebody has to confirm that rows are still wanted",
    HeldFor.LOST: "replies keep getting lost, and somebody has to decide",
}
_LINES = {
    "budget_near": "The month’s budget is almost used up",
    "cap_near": "The spending cap is almost reached",
    "cap_stopped": "Stopped at the spending cap",
}


def title(news: Sequence[News]) -> str:
    """Returns one line: of a single piece of news what it says, of several how many."""
    if len(news) > 1:
        return f"{len(news)} notifications from batchsite"
    return _headline(news[0])


def text(news: Sequence[News]) -> str:
    """Returns paragraphs, one for each piece of news."""
    parts = [_paragraph(one) for one in news[:MOST_NAMED]]
    if len(news) > MOST_NAMED:
        parts.append(f"And {len(news) - MOST_NAMED:,} more: the list of batches shows them.")
    return "\n\n".join(parts)


def below_title(news: Sequence[News]) -> str:
    """Returns the text for a message that has the title above it: of a single piece of news without its first line."""
    return text(news).partition("\n")[2] if len(news) == 1 else text(news)


def _headline(news: News) -> str:
    facts = news.facts
    if news.kind == Kind.TEST:
        return "A test from batchsite"
    name = plain_name(str(facts["name"]))
    if news.kind == Kind.LINE:
        return f"{_LINES.get(str(facts['line']), 'A budget threshold was reached')}: {name}"
    if news.kind == Kind.HELD:
        return f"Held: {name}"
    words = {"incomplete": "Completed with missing answers", "cancelled": "Cancelled", "completed": "Completed"}
    return f"{words.get(str(facts['state']), str(facts['state']).capitalize())}: {name}"


def _paragraph(news: News) -> str:
    if news.kind == Kind.TEST:
        return "A test from batchsite.\nNotifications arrive here. Nothing else happened."
    return "\n".join([_headline(news), *_details(news)])


def _details(news: News) -> list[str]:
    facts: dict[str, Any] = news.facts
    lines = [f"Team {plain_name(str(facts.get('team', '')))}"]
    if news.kind == Kind.HELD:
        cause = _CAUSES.get(facts["held_for"], "somebody has to look at it")
        lines.append(f"It is held because {cause}. No rows are lost.")
    if "outcome" in facts:
        lines.append(f"{facts['outcome']}.")
    if "batch" in facts:
        simulated = ", simulated" if facts["simulated"] else ""
        lines += [f"Cost: {dollars(facts['cost_ticks'])}{simulated}", link_to(facts["batch"])]
    return lines
