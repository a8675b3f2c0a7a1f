"""Messages to chats by Apprise: to services that are listed only, and only where the guard lets them."""

from __future__ import annotations

import inspect
import json
import logging
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from batchsite.notifications import destinations
from batchsite.notifications.chat_services import PLAIN, SERVICES, NoSuchChat, read_chat
from batchsite.notifications.guarded_requests import GuardedRequests
from batchsite.notifications.models import Channel, Delivery, DeliveryState, Destination
from batchsite.teams.models import Team, User
from tests.notifications.receiver import Receiver
from tests.notifications.stories import codes, work
from tests.submission.stories import an_ended_batch

pytestmark = pytest.mark.django_db
TOPIC = "s3cret-topic"
FLOW = (
    "https://prod-1.westeurope.logic.azure.com:443/workflows/3e78d3bf5c5f4d0e9d6f1c8c8a2b9f1e/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=iXKeCLDHPnDOzA7tzeJbGuE0-Q1hp0X2z4nQyWsYvgM"
)


def a_chat(team: Team, address: str) -> Destination:
    one = Destination(team=team, channel=Channel.CHAT, kinds=["done"], hint="ntfy")
    destinations.create(one, address)
    return one


def work_for_a_while(clock: time_machine.Traveller) -> None:
    """What is told in the same while goes into one message, so nothing is sent at once."""
    work()
    clock.shift(30)
    work()


def at(receiver: Receiver, scheme: str = "ntfy") -> str:
    return f"{scheme}://127.0.0.1:{receiver.url.split(':')[2].split('/')[0]}/{TOPIC}"


def test_an_end_arrives_with_counts_cost_and_a_link(
    team: Team, alice: User, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    destination = a_chat(team, at(receiver))
    batch = an_ended_batch(team, alice, rows=3, name="Täglich <!channel> [x](https://evil.example)")
    work_for_a_while(clock)
    (one,) = receiver.got
    sent = json.loads(one.body)
    assert sent["topic"] == TOPIC
    assert "Täglich ‹!channel› (x)(https:/ /evil.example)" in sent["title"]
    assert f"https://batches.example.org/batches/{batch.pk}" in sent["message"]
    assert "Answer 1" not in one.body.decode()
    assert codes(destination) == ["200"]


def test_what_fails_is_sent_again_and_a_redirect_is_not_followed(
    team: Team, alice: User, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    destination = a_chat(team, at(receiver))
    receiver.statuses, receiver.headers = [302, 500], {"Location": receiver.url}
    an_ended_batch(team, alice, rows=1)
    for _ in range(3):
        work_for_a_while(clock)
        Delivery.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
        Destination.objects.update(next_look_at=timezone.now())
    assert codes(destination) == ["302", "500", "200"]
    assert (len(receiver.got), Delivery.objects.get().state) == (3, DeliveryState.DELIVERED)


def test_several_pieces_of_news_go_into_one_message(
    team: Team, alice: User, receiver: Receiver, clock: time_machine.Traveller
) -> None:
    a_chat(team, at(receiver))
    for name in ("First", "Second"):
        an_ended_batch(team, alice, rows=1, name=name)
    work_for_a_while(clock)
    (one,) = receiver.got
    assert [name in one.body.decode() for name in ("First", "Second")] == [True, True]


def test_the_address_is_shown_nowhere(
    team: Team, alice: User, receiver: Receiver, client_of: Callable[[User], Client], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = client_of(alice)
    receiver.statuses = [500]
    made = browser.post(
        reverse("team-notification-new", args=["chat"]), {"url": at(receiver), "kinds": ["done"]}, follow=True
    )
    destination = Destination.objects.get()
    browser.post(reverse("team-notification-test", args=[destination.pk]))
    work()
    page = browser.get(reverse("team-notification", args=[destination.pk])).content.decode()
    assert "Chat: <bdi>ntfy, 127.0.0.1</bdi>" in " ".join(page.split())
    assert "<b>500</b>" in page
    kept = made.content.decode() + page + caplog.text + bytes(destination.address or b"").decode("latin-1")
    assert TOPIC not in kept


# ---- where a message may go ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("exec://rm", "file:///etc/passwd", "dbus://", "syslog://", "gnome://", "windows://", "rsyslog://10.0.0.1"),
        *("mailto://me:pass@example.org", "mailtos://me:pass@example.org", "smtp://example.org", "apprise://h/t"),
        *("json://example.org", "xml://example.org", "form://example.org", "mqtt://example.org/t", "kodi://10.0.0.1"),
        *("https://example.org/", "slack", "", "ntfy://example.org/topic", "gotify://example.org/token"),
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general?template=/etc/passwd",
        "ntfys://ntfy.example.org/topic?attach=file:///etc/passwd",
        "ntfys://ntfy.example.org/topic?verify=no",
        "ntfys://ntfy.example.org/topic?retry=9&wait=60",
        "gotifys://example.org/token?+X-Header=1",
        "gotifys://127.0.0.1/token",
        "gotifys://metadata.internal/token",
        "gotifys://example.org",
    ],
)
def test_other_addresses_are_refused_in_words(address: str, alice: User, client_of: Callable[[User], Client]) -> None:
    answer = client_of(alice).post(reverse("notification-new", args=["chat"]), {"url": address, "kinds": ["done"]})
    assert (answer.status_code, Destination.objects.count()) == (422, 0)
    assert "/etc/passwd" not in str(answer.context["form"].errors)


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack"),
        (
            f"https://discord.com/api/webhooks/417429632418316298/{'JHZ7lQml277CDHmQ' * 4}",
            "Discord",
        ),
        (
            FLOW,
            "Microsoft Teams",
        ),
        ("https://chat.googleapis.com/v1/spaces/abcd1234/messages?key=keykeykey&token=tokentoken", "Google Chat"),
        ("tgram://123456789:alphanumerickeytokenABCDEFGHIJKLMN/12315544/", "Telegram"),
        ("ntfys://s3cret-topic", "ntfy"),
        ("gotifys://push.example.org/abcdefghijklmno", "Gotify, push.example.org"),
        ("mmosts://chat.example.org/3ccdd113474722377935511fc85d3dd4", "Mattermost, chat.example.org"),
    ],
)
def test_addresses_of_services_are_read_as_they_show_them(address: str, hint: str) -> None:
    chat = read_chat(address, allow_plain=False)
    assert chat.hint == hint


def test_every_service_sends_by_guarded_requests_alone() -> None:
    for service in {**SERVICES, **PLAIN}.values():
        plugin = service.load()
        module: Any = inspect.getmodule(plugin)
        source = inspect.getsource(module)
        imported = set(re.findall(r"^\s*(?:import|from) ([\w.]+)", source, re.M))
        assert imported & {"socket", "subprocess", "smtplib", "ssl", "asyncio", "urllib3", "http.client"} == set()
        assert isinstance(module.requests, GuardedRequests), service
        used = set(re.findall(r"\brequests\.(\w+)\(", source))
        assert used <= {"get", "post", "request"}, service


def test_nothing_is_sent_outside_of_a_delivery() -> None:
    with pytest.raises(LookupError):
        GuardedRequests().post("https://example.org/")
    with pytest.raises(AttributeError):
        GuardedRequests().Session  # noqa: B018
    with pytest.raises(NoSuchChat, match="gotifys://"):
        read_chat("gotify://example.org/token", allow_plain=False)


def _resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    asked, left = [], [*answers]

    def look_up(host: str, port: int, *_: Any, **__: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (left.pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_a_private_address_is_refused_when_it_connects_and_a_name_cannot_change_its_mind(
    team: Team, receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, notify_private=False)
    reached: list[str] = []

    def connect(_: socket.socket, address: tuple[str, int]) -> None:
        reached.append(address[0])
        raise OSError("no internet in a test")

    monkeypatch.setattr(socket.socket, "connect", connect)
    hidden, shown = (a_chat(team, "gotifys://hooks.example.org/abcdefghijklmno") for _ in range(2))
    asked = _resolving(monkeypatch, "127.0.0.1", "93.184.216.34", "127.0.0.1")
    for one in (hidden, shown):
        destinations.send_test(one, team)
        work()
    assert [codes(hidden), codes(shown)] == [["private address"], ["unreachable"]]
    assert (asked, reached) == (["hooks.example.org"] * 2, ["93.184.216.34"])


def test_without_leave_of_the_operator_a_port_is_shut(team: Team, receiver: Receiver, settings: Settings) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, notify_private=False)
    odd = a_chat(team, "gotifys://hooks.example.org:8443/abcdefghijklmno")
    plain = a_chat(team, at(receiver))
    for one in (odd, plain):
        destinations.send_test(one, team)
    work()
    assert (codes(odd), codes(plain), receiver.got) == (["port"], ["address"], [])
