"""Of all machines' tickers one leads; when it is gone, another does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Timer

import pytest
from django.db import connection
from django.utils import timezone

from batchsite.processes.leadership import TERM, lead, leads_elsewhere, this_place
from batchsite.processes.models import Leadership

pytestmark = pytest.mark.databases


@pytest.mark.django_db
def test_one_leads_and_the_other_waits() -> None:
    assert lead("ticker", "north")
    assert not lead("ticker", "south")
    assert lead("ticker", "north")


@pytest.mark.django_db
def test_a_leader_that_is_gone_is_replaced_when_its_term_is_over() -> None:
    lead("ticker", "north")
    Leadership.objects.update(until=timezone.now() - timedelta(milliseconds=1))
    assert lead("ticker", "south")
    assert not lead("ticker", "north")


@pytest.mark.django_db
def test_each_renewal_is_for_a_whole_term() -> None:
    lead("ticker", "north")
    Leadership.objects.update(until=timezone.now() + timedelta(seconds=1))
    lead("ticker", "north")
    assert Leadership.objects.get(name="ticker").until > timezone.now() + TERM - timedelta(seconds=1)


@pytest.mark.django_db
def test_what_is_led_has_a_name() -> None:
    assert lead("ticker", "north")
    assert lead("something else", "south")


@pytest.mark.django_db
def test_a_term_that_nobody_renews_is_no_sign_of_life() -> None:
    """As in a restored database."""
    assert not leads_elsewhere()
    lead("ticker", "north")
    assert not leads_elsewhere(seconds=0.3)


@pytest.mark.django_db(transaction=True)
def test_a_living_leader_is_seen_by_its_next_renewal() -> None:
    lead("ticker", "north")

    def renew() -> None:
        try:
            lead("ticker", "north")
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(renew).result()
        timer = Timer(0.3, pool.submit, (renew,))
        timer.start()
        assert leads_elsewhere(seconds=10)
        timer.join()


@pytest.mark.django_db(transaction=True)
def test_of_many_that_start_at_once_one_leads() -> None:
    def attempt(number: int) -> bool:
        try:
            return lead("ticker", f"place {number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(24))) == 1


def test_a_restarted_ticker_is_known_as_the_same() -> None:
    assert this_place() == this_place()
    assert len(this_place()) == Leadership._meta.get_field("token").max_length
