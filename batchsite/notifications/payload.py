"""The body of a webhook. The same delivery has the same bytes, however often it is sent."""

from __future__ import annotations

from typing import Any

import orjson
from django.conf import settings
from django.urls import reverse

from batchsite.notifications.models import News
from batchsite.wording import TICKS_PER_DOLLAR


def body_of(news: News) -> bytes:
    """Returns JSON: docs/notifications.md has its schema."""
    data: dict[str, Any] = {"team": {"id": news.team_id, "name": news.facts.get("team")}}
    if "batch" in news.facts:
        data["batch"] = _batch(news.facts)
    return orjson.dumps({"type": news.event, "timestamp": news.happened_at.isoformat(), "data": data})


def _batch(facts: dict[str, Any]) -> dict[str, Any]:
    ticks = facts["cost_ticks"]
    return {
        "id": facts["batch"],
        "name": facts["name"],
        "url": link_to(facts["batch"]),
        "state": facts.get("state"),
        "held_for": facts.get("held_for"),
        "rows": facts["rows"],
        "cost_ticks": ticks,
        "cost_usd": f"{ticks // TICKS_PER_DOLLAR}.{ticks % TICKS_PER_DOLLAR:010d}",
        "simulated": facts["simulated"],
    }


def link_to(batch_id: int) -> str:
    """Returns the address of a batch's page."""
    return f"{settings.OPTIONS.root_url}{reverse('batch', args=[batch_id])}"
