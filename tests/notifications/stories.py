"""Destinations, and a worker that serves them: what is due now is done, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from batchsite.notifications import destinations, tasks
from batchsite.notifications.models import CHOSEN_KINDS, Attempt, Channel, Destination
from batchsite.processes.queue import Job
from batchsite.teams.models import Team, User

ALL_KINDS = [kind.value for kind in CHOSEN_KINDS]


def a_webhook(
    url: str, team: Team | None = None, person: User | None = None, kinds: Sequence[str] = ALL_KINDS
) -> tuple[Destination, str]:
    """Returns a destination, and its secret."""
    one = Destination(team=team, person=person, channel=Channel.WEBHOOK, kinds=[*kinds], hint="hooks")
    return one, destinations.create(one, url)


def work() -> int:
    """Does all that is due at this moment, as the queue would. Returns how many jobs that were."""
    count = 0
    while jobs := list(tasks.due(timezone.now())):
        for job in jobs:
            _run(job)
        count += len(jobs)
    return count


def _run(job: Job) -> None:
    run = tasks.spread if job.path == tasks.SPREAD else tasks.deliver
    run(*job.args)


def codes(destination: Destination) -> list[str]:
    """The codes of all attempts, in order."""
    return list(Attempt.objects.filter(delivery__destination=destination).order_by("pk").values_list("code", flat=True))
