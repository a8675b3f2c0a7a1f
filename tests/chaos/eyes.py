"""What people only look at meanwhile: pages and downloads."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING

import httpx

from tests.chaos.tables import broken_rows

if TYPE_CHECKING:
    from tests.chaos.people import People


class Eyes:
    """Whoever has them presses nothing."""

    def __init__(self, people: People, dice: random.Random) -> None:
        self._people, self._dice = people, dice

    def download(self) -> str:
        batch = self._people.some()
        if batch is None or batch.state == "draft":
            return ""
        reply = self._dice.choice(self._people.visitors).get(f"/batches/{batch.pk}/download", form="csv")
        if reply.status_code != 200:
            self._people.tally.count(self._people.tally.oddities, f"download: {reply.status_code}")
            return ""
        if broken := broken_rows(reply.content.decode("utf-8"), batch.name, list(batch.rows)):
            self._people.wrong.append(f"a download of {batch.name}: {'; '.join(broken)}")
        return "downloads"

    def look(self) -> str:
        """At pages; what they say when things are broken is tested elsewhere, but a bare 500 never is right."""
        batch = self._people.some()
        for page in ("/", "/batches/", f"/batches/{batch.pk}" if batch else "/datasets/"):
            with contextlib.suppress(httpx.TransportError):
                status = self._dice.choice(self._people.visitors).get(page).status_code
                if status == 500:
                    self._people.wrong.append(f"{page} answered with a bare 500")
                elif status != 200:
                    self._people.tally.count(self._people.tally.oddities, f"page: {status}")
        return "pages"
