"""Webhooks reach a real server, which verifies them: signed, repeated for a day, under an id that stays."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import WebhookVerificationError

from batchsite.batches.states import HeldFor
from batchsite.batches.timeline import note
from batchsite.batches.transitions import hold, resume
from batchsite.notifications import delivery_steps, destinations
from batchsite.notifications.models import Attempt, Delivery, DeliveryState, Destination, News
from batchsite.processes.leases import LEASE
from batchsite.teams.models import Membership, Team, User
from tests.notifications.receiver import Receiver
from tests.notifications.stories import a_webhook, codes, work
from tests.submission.stories import a_running_batch, an_ended_batch, end, receive

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The process died here."""


def test_an_end_arrives_signed_with_counts_cost_and_a_link(team: Team, alice: User, receiver: Receiver) -> None:
    _, secret = a_webhook(receiver.url, team)
    batch = an_ended_batch(team, alice, rows=3, failed=1, name="Täglich\nBcc: <b>x</b>")

    work()

    (one,) = receiver.got
    sent = one.verified(secret)
    assert sent["type"] == "batch.incomplete"
    assert sent["data"]["team"] == {"id": team.pk, "name": str(team)}
    told = sent["data"]["batch"]
    assert (told["id"], told["name"]) == (batch.pk, batch.name)
    assert told["url"] == f"https://batches.example.org/batches/{batch.pk}"
    assert (told["rows"]["total"], told["rows"]["succeeded"], told["rows"]["failed"]) == (3, 2, 1)
    assert (told["cost_ticks"], told["cost_usd"], told["simulated"]) == (4_174_400, "0.0004174400", True)
    assert "Answer 1" not in one.body.decode()
    assert "Content violates" not in one.body.decode()


@pytest.mark.databases
def test_an_end_that_is_taken_back_is_never_told(team: Team, alice: User, receiver: Receiver) -> None:
    a_webhook(receiver.url, team)
    batch = a_running_batch(team, alice, rows=1)
    receive(batch, {1: "yes"})
    with transaction.atomic():
        end(batch)
        assert News.objects.count() == 1
        transaction.set_rollback(True)
    work()
    assert (News.objects.count(), receiver.got) == (0, [])


@pytest.mark.databases
def test_what_fails_is_repeated_for_a_day_and_can_be_sent_again(
    team: Team, alice: User, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    destination, secret = a_webhook(receiver.url, team)
    receiver.statuses = [500] * 9
    an_ended_batch(team, alice, rows=1)
    began = timezone.now()
    while work():
        due_at = Delivery.objects.get().due_at
        clock.move_to(due_at + timedelta(seconds=1) if due_at else timezone.now())
    assert codes(destination) == ["500"] * 9
    assert timedelta(hours=20) < timezone.now() - began < timedelta(hours=28)
    delivery = Delivery.objects.get()
    assert delivery.state == DeliveryState.GIVEN_UP

    clock.shift(destinations.PAUSE + timedelta(seconds=1))
    assert destinations.send_again(destination, delivery.pk)
    work()

    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DELIVERED
    assert {one.headers["webhook-id"] for one in receiver.got} == {delivery.webhook_id}
    assert len({one.body for one in receiver.got}) == 1
    assert receiver.got[-1].verified(secret)["type"] == "batch.completed"


def test_a_button_that_is_pressed_often_sends_little(
    team: Team, alice: User, receiver: Receiver, clock: time_machine.Traveller, client_of: Callable[[User], Client]
) -> None:
    """The server may be that of somebody who never asked for any of it."""
    destination, _ = a_webhook(receiver.url, team)
    receiver.statuses = [500]
    assert [destinations.send_test(destination, team) for _ in range(3)] == [True, False, False]
    work()
    delivery = Delivery.objects.get()
    again = reverse("team-notification-again", args=[destination.pk, delivery.pk])
    assert "It was sent just now." in client_of(alice).post(again, follow=True).content.decode()
    clock.shift(destinations.PAUSE)
    assert destinations.send_test(destination, team), "the one that failed is tried at once"
    work()
    clock.shift(destinations.PAUSE)
    assert "Sent again, with the same id" in client_of(alice).post(again, follow=True).content.decode()
    work()
    assert codes(destination) == ["500", "200", "200"]
    assert Delivery.objects.count() == 1


def test_a_process_that_dies_between_intent_and_outcome_loses_nothing(
    team: Team, alice: User, receiver: Receiver, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination, secret = a_webhook(receiver.url, team)
    an_ended_batch(team, alice, rows=1)

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(delivery_steps, "_record", die)
        with pytest.raises(Killed):
            work()
    assert codes(destination) == [""]
    assert len(receiver.got) == 1

    clock.shift(LEASE + timedelta(seconds=10))
    work()

    assert codes(destination) == ["", "200"]
    first, second = receiver.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert second.verified(secret) == first.verified(secret)


def test_for_a_day_both_secrets_verify(
    team: Team, alice: User, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    destination, old = a_webhook(receiver.url, team)
    new = destinations.rotate(destination)
    destinations.send_test(destination, team)
    work()
    assert receiver.got[0].verified(old) == receiver.got[0].verified(new)

    clock.shift(timedelta(days=1, minutes=1))
    destinations.send_test(destination, team)
    work()
    assert receiver.got[1].verified(new)["type"] == "test"
    with pytest.raises(WebhookVerificationError):
        receiver.got[1].verified(old)


def test_a_server_that_says_gone_is_left_alone(team: Team, alice: User, receiver: Receiver) -> None:
    destination, _ = a_webhook(receiver.url, team)
    receiver.statuses = [410]
    an_ended_batch(team, alice, rows=1)
    an_ended_batch(team, alice, rows=1)
    work()
    an_ended_batch(team, alice, rows=1)
    work()
    assert codes(destination) == ["410"]


# ---- where a request may go ------------------------------------------------------------------------------


def _resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Has every name stand for these addresses, one look-up after the other. Returns what is looked up."""
    real, asked, left = socket.getaddrinfo, [], [*answers]

    def look_up(host: str, port: int, *args: Any, **more: Any) -> Any:
        if host[:1].isdigit():
            return real(host, port, *args, **more)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (left.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_a_private_address_is_refused_and_a_redirect_is_not_followed(
    team: Team, receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = receiver.url.split(":")[2].split("/")[0]
    hidden, _ = a_webhook(f"http://hooks.example.org:{port}/", team)
    redirected, _ = a_webhook(receiver.url, team)
    receiver.statuses, receiver.headers = [302], {"Location": f"http://127.0.0.1:{port}/admin"}
    destinations.send_test(redirected, team)
    work()
    assert (codes(redirected), len(receiver.got)) == (["302"], 1)

    settings.OPTIONS = replace(settings.OPTIONS, notify_private=False, fetch_ports=("any",))
    _resolving(monkeypatch, "127.0.0.1")
    destinations.send_test(hidden, team)
    work()
    assert (codes(hidden), len(receiver.got)) == (["private address"], 1)


def test_a_name_that_changes_its_address_after_the_check_leads_nowhere_else(
    team: Team, receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = receiver.url.split(":")[2].split("/")[0]
    settings.OPTIONS = replace(settings.OPTIONS, notify_private=False, fetch_ports=("any",))
    destination, _ = a_webhook(f"http://rebound.example.org:{port}/", team)
    asked = _resolving(monkeypatch, "93.184.216.34", "127.0.0.1")
    reached: list[str] = []

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        reached.append(address[0])
        raise OSError("no internet in a test")

    monkeypatch.setattr(socket, "create_connection", connect)
    destinations.send_test(destination, team)
    work()
    assert (asked, reached, receiver.got) == (["rebound.example.org"], ["93.184.216.34"], [])


# ---- who is told -----------------------------------------------------------------------------------------


def test_a_person_is_told_of_their_own_batches_while_they_are_in_the_team(
    team: Team, alice: User, bob: User, charlie: User, receiver: Receiver
) -> None:
    mine, _ = a_webhook(receiver.url, person=bob)
    everything, _ = a_webhook(receiver.url, person=alice)
    Destination.objects.filter(pk=everything.pk).update(of_others=True)
    rivals, _ = a_webhook(receiver.url, person=charlie)
    Destination.objects.filter(pk=rivals.pk).update(of_others=True)
    an_ended_batch(team, alice, rows=1)
    an_ended_batch(team, bob, rows=1)
    work()
    assert [len(codes(one)) for one in (mine, everything, rivals)] == [1, 2, 0]

    receiver.statuses = [500]
    an_ended_batch(team, bob, rows=1)
    work()
    Membership.objects.filter(user=bob).delete()
    Delivery.objects.filter(destination=mine, due_at__isnull=False).update(due_at=timezone.now())
    Destination.objects.filter(pk=mine.pk).update(next_look_at=timezone.now())
    work()
    assert len(codes(mine)) == 2
    assert not Delivery.objects.filter(destination=mine, due_at__isnull=False).exists()


def test_a_brief_hold_is_no_news_and_a_lasting_one_is_told_once(
    team: Team, alice: User, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    a_webhook(receiver.url, team)
    batch = a_running_batch(team, alice, rows=2)
    hold(batch.pk, "xAI cannot be reached.", held_for=HeldFor.NETWORK)
    resume(batch.pk)
    clock.shift(200)
    work()
    assert receiver.got == []
    for _ in range(3):
        hold(batch.pk, "no credits: <private words of the provider>", held_for=HeldFor.CREDITS)
        clock.shift(200)
        work()
        sent = receiver.got[-1].body
        resume(batch.pk)
    assert len(receiver.got) == 1
    assert b'"type":"batch.held"' in sent
    assert b'"held_for":"credits"' in sent
    assert b"private words" not in sent


def test_a_line_of_a_budget_is_told_to_who_chose_it(team: Team, alice: User, receiver: Receiver) -> None:
    lines, secret = a_webhook(receiver.url, team, kinds=["line"])
    ends, _ = a_webhook(receiver.url, team, kinds=["done"])
    batch = a_running_batch(team, alice, rows=2)
    note(batch.pk, "budget_near", "said to people")
    note(batch.pk, "error", "something else")
    work()
    assert [codes(lines), codes(ends)] == [["200"], []]
    assert receiver.got[0].verified(secret)["type"] == "budget.near"


# ---- pages ---------------------------------------------------------------------------------------------------


def test_a_secret_is_shown_once_and_stands_in_no_page_log_or_row(
    team: Team, alice: User, receiver: Receiver, client_of: Callable[[User], Client], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = client_of(alice)
    made = browser.post(reverse("team-notification-new", args=["webhook"]), {"url": receiver.url, "kinds": ["done"]})
    destination = Destination.objects.get()
    (first,) = destinations.secrets_of(destination)
    page = reverse("team-notification", args=[destination.pk])
    browser.post(reverse("team-notification-test", args=[destination.pk]))
    work()
    renewed = browser.post(reverse("team-notification-secret", args=[destination.pk]))
    second, _ = destinations.secrets_of(Destination.objects.get())
    assert first in made.content.decode()
    assert second in renewed.content.decode()
    later = browser.get(page).content.decode() + browser.get(reverse("team-notifications")).content.decode()
    assert "127.0.0.1" in later
    assert ">200<" in later
    sealed = Destination.objects.values_list("address", "secret", "old_secret").get()
    kept = later + caplog.text + b"".join(bytes(part or b"") for part in sealed).decode("latin-1")
    assert [word for word in (first, second, "s3cret-path") if word in kept] == []


def test_an_address_that_may_not_be_asked_is_refused_in_words(
    team: Team, alice: User, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(alice)
    page = reverse("notification-new", args=["webhook"])
    wrong = {
        "https://127.0.0.1/": "in a private network",
        "https://[::ffff:10.0.0.1]/": "in a private network",
        "https://localhost/": "in a private network",
        "http://example.org/": "begins with https://",
        "https://me:secret@example.org/": "Leave out the user name",
        "ftp://example.org/": "Enter a web address",
        "https://": "Enter a web address",
    }
    for url, words in wrong.items():
        answer = browser.post(page, {"url": url, "kinds": ["done"]})
        assert (answer.status_code, words in answer.content.decode()) == (422, True), url
    assert not Destination.objects.exists()


def test_what_is_told_is_chosen_and_a_destination_removed(
    team: Team, alice: User, receiver: Receiver, client_of: Callable[[User], Client]
) -> None:
    browser = client_of(alice)
    destination, _ = a_webhook(receiver.url, person=alice)
    page = reverse("notification", args=[destination.pk])
    assert browser.post(page, {"kinds": []}).status_code == 422
    assert browser.post(page, {"kinds": ["held"]}).status_code == 302
    an_ended_batch(team, alice, rows=1)
    work()
    assert receiver.got == []
    browser.post(reverse("notification-remove", args=[destination.pk]))
    assert (Destination.objects.count(), Attempt.objects.count()) == (0, 0)
