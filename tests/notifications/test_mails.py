"""Mails arrive at a real SMTP server: bundled, without a line or a link that a name could smuggle in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
import time_machine
from aiosmtpd.controller import Controller
from pytest_django import Settings

from batchsite.notifications import destinations
from batchsite.notifications.models import Audience, Channel, Destination
from batchsite.setup import mail as mail_settings
from batchsite.teams.models import Team, User
from batchsite.wording import plain_name
from tests.notifications.stories import ALL_KINDS, codes, work
from tests.submission.stories import an_ended_batch

pytestmark = pytest.mark.django_db


class PostOffice:
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuses: list[str] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, EmailMessage, policy=policy.default)
        self.mails.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


class OnAFreePort(Controller):
    """Controller knows its port only if it was given one."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@pytest.fixture
def post_office(settings: Settings) -> Iterator[PostOffice]:
    office = PostOffice()
    controller = OnAFreePort(office, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        url = f"smtp://127.0.0.1:{controller.port}"
        for name, value in mail_settings(url).items():
            setattr(settings, name, value)
        settings.OPTIONS = replace(settings.OPTIONS, email_url=url, site_url="https://batches.example.org")
        yield office
    finally:
        controller.stop()


def by_mail(team: Team | None = None, person: User | None = None, **fields: Any) -> Destination:
    one = Destination(team=team, person=person, channel=Channel.MAIL, kinds=ALL_KINDS, **fields)
    destinations.create(one, "")
    return one


def test_a_mail_says_what_became_of_a_batch_and_where_it_is(
    team: Team, alice: User, post_office: PostOffice, clock: time_machine.Traveller
) -> None:
    by_mail(person=alice)
    batch = an_ended_batch(team, alice, rows=3, failed=1, name="Tickets")
    work()
    assert post_office.mails == [], "what follows soon goes along"
    clock.shift(30)
    work()
    (mail,) = post_office.mails
    assert (mail["Subject"], mail["To"]) == ("Completed with missing answers: Tickets", "alice@example.org")
    text = mail.get_content()
    for words in ("2 succeeded, 1 failed.", "Cost: $0.0004", f"https://batches.example.org/batches/{batch.pk}"):
        assert words in text
    assert "Answer 1" not in text


def test_what_happens_within_ten_minutes_goes_into_one_mail(
    team: Team, alice: User, post_office: PostOffice, clock: time_machine.Traveller
) -> None:
    destination = by_mail(person=alice)
    for number in range(3):
        an_ended_batch(team, alice, rows=1, name=f"First {number}")
    work()
    clock.shift(30)
    work()
    for number in range(32):
        an_ended_batch(team, alice, rows=1, name=f"Later {number}")
        clock.shift(5)
        work()
    clock.shift(timedelta(minutes=11))
    work()
    assert [mail["Subject"] for mail in post_office.mails] == [
        "3 notifications from batchsite",
        "32 notifications from batchsite",
    ]
    assert "Later 0" in post_office.mails[1].get_content()
    assert "And 2 more" in post_office.mails[1].get_content()
    assert set(codes(destination)) == {"sent"}


def test_a_name_adds_no_header_no_mention_and_no_link(
    team: Team, alice: User, post_office: PostOffice, clock: time_machine.Traveller
) -> None:
    by_mail(person=alice)
    an_ended_batch(
        team, alice, rows=1, name="A\r\nBcc: evil@example.org\n\n<!channel> @everyone [x](https://evil.test)"
    )
    work()
    clock.shift(30)
    work()
    (mail,) = post_office.mails
    assert mail["Bcc"] is None
    assert post_office.recipients == [["alice@example.org"]]
    assert mail["Subject"].strip().startswith("Completed: A Bcc: evil＠example.org ‹!channel› ＠everyone (x)(")
    assert "https://evil" not in mail.get_content()
    assert plain_name("x" * 200 + "\u202e") == "x" * 79 + "…"


def test_a_mail_of_the_team_goes_to_whom_it_was_chosen_for(
    team: Team, alice: User, bob: User, post_office: PostOffice, clock: time_machine.Traveller
) -> None:
    managers, everyone = by_mail(team), by_mail(team, audience=Audience.EVERYONE)
    for one in (managers, everyone):
        destinations.send_test(one, team)
    work()
    assert sorted(map(sorted, post_office.recipients)) == [
        ["alice@example.org"],
        ["alice@example.org", "bob@example.org"],
    ]
    assert "bob" not in str(post_office.mails[0]["To"]) + str(post_office.mails[1]["To"])


def test_what_a_mail_server_refuses_is_in_the_log_and_tried_again(
    team: Team, alice: User, post_office: PostOffice, clock: time_machine.Traveller
) -> None:
    destination = by_mail(person=alice)
    post_office.refuses = ["alice@example.org"]
    destinations.send_test(destination, team)
    work()
    post_office.refuses = []
    clock.shift(10)
    work()
    assert codes(destination) == ["550", "sent"]
    assert len(post_office.mails) == 1
