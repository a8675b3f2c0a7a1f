"""From a piece of news to its deliveries: who wants to know, and whether it still holds."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from batchsite.notifications.destinations import webhook_id
from batchsite.notifications.models import Channel, Delivery, Destination, Kind, News
from batchsite.processes.leases import claimed
from batchsite.timeouts import timeouts

KEPT = timedelta(days=30)
SAME_HOLD = timedelta(hours=1)
"""A batch that is held again for the same cause within this time is not news."""
HELD_AT_A_LINE = {"budget", "cap"}
"""Causes of a hold that are lines of budgets, too."""
PRUNED_AT_ONCE = 200


def spread(news_id: int) -> None:
    """Creates the deliveries of a piece of news, each once however often it runs. Raises Busy, LeaseLost."""
    with claimed(News, news_id) as claim:
        news = News.objects.select_related("batch").get(pk=news_id)
        if news.kind == Kind.HELD and not _is_still_held(news):
            return
        now = timezone.now()
        wanted = list(listeners(news))
        due_at = {one.pk: now + timedelta(seconds=_wait(one)) for one in wanted}
        with claim.locked() as fresh:
            Delivery.objects.bulk_create(
                [
                    Delivery(news=news, destination=one, webhook_id=webhook_id(news, one), due_at=due_at[one.pk])
                    for one in wanted
                ],
                ignore_conflicts=True,
            )
            for one in wanted:
                later = Q(next_look_at=None) | Q(next_look_at__gt=due_at[one.pk])
                Destination.objects.filter(later, pk=one.pk).update(next_look_at=due_at[one.pk])
            fresh.is_told = True
            fresh.save(update_fields=["is_told"])
    prune()


def _wait(destination: Destination) -> float:
    return 0 if destination.channel == Channel.WEBHOOK else timeouts().bundle


def _is_still_held(news: News) -> bool:
    """Whether the batch waits for what it waited for then, and nobody was told of that lately."""
    batch, cause = news.batch, news.facts.get("held_for")
    if batch is None or batch.deleted_at or not batch.held_reason or batch.held_for != cause:
        return False
    told = News.objects.filter(batch=batch, kind=Kind.HELD, is_told=True, facts__held_for=cause)
    return not told.filter(happened_at__gt=news.happened_at - SAME_HOLD).exclude(pk=news.pk).exists()


def listeners(news: News) -> QuerySet[Destination]:
    """The destinations that want to know: the team's, and those of its people whom it is about, or who want all."""
    about = Q(person__isnull=False, person=news.person_id) | Q(person__isnull=False, of_others=True)
    members = about & Q(person__memberships__team=news.team_id, person__is_active=True)
    wanted = Destination.objects.filter(Q(team=news.team_id) | members, paused_at=None)
    kinds = {news.kind, Kind.LINE} if news.facts.get("held_for") in HELD_AT_A_LINE else {news.kind}
    chosen = [one.pk for one in wanted if kinds & {*one.kinds}]
    return Destination.objects.filter(pk__in=chosen).order_by("pk")


def prune() -> None:
    """Forgets what is older than `KEPT`, with its deliveries."""
    old = News.objects.filter(happened_at__lt=timezone.now() - KEPT, next_look_at=None).order_by("pk")
    News.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE])).delete()
