"""What Slack, Discord, Microsoft Teams and Google Chat are sent: their makers' servers, played by one of ours."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import time_machine

from batchsite.teams.models import Team, User
from tests.notifications.receiver import Receiver
from tests.notifications.stories import codes
from tests.notifications.test_chats import FLOW, a_chat, work_for_a_while
from tests.submission.stories import an_ended_batch

pytestmark = pytest.mark.django_db
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
GOOGLE = "https://chat.googleapis.com/v1/spaces/AAAAq5D2k4M/messages?key=AIzaSyDdI0hCZtE6vySjM&token=xyz-123_abc"
HOSTILE = "@everyone <@4174216298> <!channel> <at>Bob</at> [x](https://evil.example)"
HEADLINE = "Completed: ＠everyone ‹＠4174216298› ‹!channel› ‹at›Bob‹/at› (x)(https:/ /evil.example)"


@pytest.fixture
def asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were asked for; the receiver answers in their places, as Slack does."""
    real, found = requests.Session.request, list[str]()

    def at_the_receiver(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
        found.append(url)
        return real(session, method, f"http://{urlsplit(receiver.url).netloc}{urlsplit(url).path}", **options)

    monkeypatch.setattr(requests.Session, "request", at_the_receiver)
    receiver.says = b"ok"
    return found


def slack(sent: dict[str, Any]) -> tuple[str, str]:
    (shown,) = sent["attachments"]
    assert sent["mrkdwn"] is False
    return shown["title"], shown["text"]


def discord(sent: dict[str, Any]) -> tuple[str, str]:
    title, _, text = sent["content"].partition("\r\n")
    return title, text


def teams(sent: dict[str, Any]) -> tuple[str, str]:
    (card,) = sent["attachments"]
    assert (sent["type"], card["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    title, text = card["content"]["body"]
    return title["text"], text["text"]


def google(sent: dict[str, Any]) -> tuple[str, str]:
    title, _, text = sent["text"].partition("\n")
    return title.strip("*"), text


@pytest.mark.parametrize(
    ("address", "read"),
    [(SLACK, slack), (DISCORD, discord), (FLOW, teams), (GOOGLE, google)],
    ids=["Slack", "Discord", "Teams", "Google Chat"],
)
def test_a_message_has_one_headline_a_whole_link_and_no_mention(
    address: str,
    read: Any,
    team: Team,
    alice: User,
    receiver: Receiver,
    asked: list[str],
    clock: time_machine.Traveller,
) -> None:
    destination = a_chat(team, address)
    batch = an_ended_batch(team, alice, rows=3, name=HOSTILE)
    work_for_a_while(clock)
    (one,) = receiver.got
    assert one.headers["content-type"].startswith("application/json")
    assert [urlsplit(url).hostname for url in asked] == [urlsplit(address).hostname]
    assert urlsplit(asked[0]).path == urlsplit(address).path
    title, text = read(json.loads(one.body))
    assert title == HEADLINE
    assert [line for line in text.split("\n") if line] == [
        "Team Support research",
        "3 succeeded.",
        "Cost: $0.0006, simulated",
        f"https://batches.example.org/batches/{batch.pk}",
    ]
    assert codes(destination) == ["200"]
