"""How much a team may upload within 24 hours: no team may keep workers and the disk busy for everybody.

What came is counted by the hour, apart from the datasets: deleting one makes no room.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from batchsite.datasets.models import UploadedHour
from batchsite.teams.models import Team
from batchsite.wording import size

WINDOW = timedelta(hours=24)


def count(team: Team, length: int) -> None:
    """Writes down that the team uploaded `length` bytes, and forgets what does not count any more."""
    now = timezone.now()
    UploadedHour.objects.filter(team=team, hour__lte=now - WINDOW).delete()
    hour, _ = UploadedHour.objects.get_or_create(team=team, hour=now.replace(minute=0, second=0, microsecond=0))
    UploadedHour.objects.filter(pk=hour.pk).update(size=F("size") + length)


def why_over(team: Team, length: int) -> str:
    """Returns why another `length` bytes are too much for today, and when they are not any more. Blank if they fit."""
    most, now = settings.OPTIONS.daily_upload_bytes, timezone.now()
    if not most:
        return ""
    hours = list(
        UploadedHour.objects.filter(team=team, hour__gt=now - WINDOW).order_by("hour").values_list("hour", "size")
    )
    used = sum(came for _, came in hours)
    if used < most and used + length <= most:
        return ""
    if length > most:
        return f"The file has {size(length)}; your team may upload {size(most)} within 24 hours. Split it."
    return (
        f"Your team has uploaded {size(used)} within 24 hours, and may upload {size(most)}. "
        f"Upload this file after {_free_at(hours, used, most, length):%H:%M UTC on %-d %B}, or ask whoever runs "
        "batchsite for more."
    )


def _free_at(hours: list[tuple[datetime, int]], used: int, most: int, length: int) -> datetime:
    """Returns when so much of what was uploaded is a day old that `length` bytes fit."""
    for hour, came in hours:
        used -= came
        if used < most and used + length <= most:
            return hour + WINDOW
    raise AssertionError("nothing is left, and it does not fit")
