"""What Prometheus reads: how much waits or is held, the age of the oldest due step, and how calls to xAI end.

All of it is read from the database on request, so any web process answers for the whole installation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.apps import apps
from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from batchsite.batches.models import Batch, DailySpend
from batchsite.batches.queries import HELD
from batchsite.metrics.models import ProviderCalls
from batchsite.processes.heartbeats import seconds_since_beat
from batchsite.processes.models import Work
from batchsite.processes.queue import QUEUES, waiting
from batchsite.wording import TICKS_PER_DOLLAR


class Figures:
    """Collects all metrics anew for every scrape."""

    def collect(self) -> Iterator[Metric]:
        now = timezone.now()
        yield from _queues()
        yield _batches()
        yield _held()
        yield _rows()
        yield _overdue(now)
        yield _spend()
        yield from _calls()


def exposition() -> bytes:
    """Returns the metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures())
    return generate_latest(registry)


def _gauge(name: str, words: str, label: str, values: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"batchsite_{name}", words, labels=[label])
    for key, value in values:
        gauge.add_metric([key], value)
    return gauge


def _queues() -> Iterator[Metric]:
    waits = ((queue, count) for queue in QUEUES if (count := waiting(queue)) is not None)
    yield _gauge("queue_messages", "Messages that wait in a queue; none if the broker does not answer", "queue", waits)
    beats = ((queue, age) for queue in QUEUES if (age := seconds_since_beat(queue)) is not None)
    yield _gauge("worker_beat_age_seconds", "Seconds since a worker of the queue last ran a task", "queue", beats)


def _batches() -> Metric:
    states = Batch.objects.filter(deleted_at=None).order_by().values_list("state").annotate(count=Count("pk"))
    return _gauge("batches", "Batches by state", "state", states)


def _held() -> Metric:
    reasons = Batch.objects.filter(HELD, deleted_at=None).order_by().values_list("held_for").annotate(count=Count("pk"))
    return _gauge("batches_held", "Running batches that wait for somebody, by reason", "reason", reasons)


def _rows() -> Metric:
    names = ("succeeded", "failed", "cancelled", "missing")
    sums = Batch.objects.aggregate(**{name: Sum(name) for name in names})
    return _gauge(
        "rows", "Rows of the batches that are kept, by outcome", "outcome", ((n, sums[n] or 0) for n in names)
    )


def _overdue(now: datetime) -> Metric:
    """Due work is taken within seconds: if this figure grows, no worker is running, or too few are."""
    ages = []
    for model in apps.get_models():
        if issubclass(model, Work):
            first = model._default_manager.filter(next_look_at__lt=now).aggregate(first=Min("next_look_at"))["first"]
            ages.append((model._meta.model_name or "", max(0.0, (now - first).total_seconds()) if first else 0.0))
    return _gauge("oldest_due_seconds", "How long the oldest due step has been waiting", "work", ages)


def _spend() -> Metric:
    spent = DailySpend.objects.order_by().values_list("account").annotate(ticks=Sum("ticks"))
    counter = CounterMetricFamily("batchsite_billed_usd", "What was billed, in dollars", labels=["account"])
    for account, ticks in spent:
        counter.add_metric([account], ticks / TICKS_PER_DOLLAR)
    return counter


def _calls() -> Iterator[Metric]:
    labels = ["operation", "outcome"]
    counts = CounterMetricFamily("batchsite_provider_calls", "Calls to xAI", labels=labels)
    seconds = CounterMetricFamily("batchsite_provider_call_seconds", "How long calls to xAI took", labels=labels)
    for calls in ProviderCalls.objects.order_by("operation", "outcome"):
        counts.add_metric([calls.operation, calls.outcome], calls.count)
        seconds.add_metric([calls.operation, calls.outcome], calls.milliseconds / 1000)
    yield counts
    yield seconds
