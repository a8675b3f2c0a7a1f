"""Who did what, to what, when, from where: every change that a page made, sign-ins, what was taken away, commands."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from batchsite.audit.models import AppendOnly, AuditEvent
from batchsite.audit.phrases import EVENTS, NOT_RECORDED, WORDS
from batchsite.permissions import RULES
from batchsite.teams.models import Team, User
from tests.submission.stories import a_draft, an_ended_batch

pytestmark = pytest.mark.django_db

Browser = Callable[[User], Client]


def last() -> AuditEvent:
    return AuditEvent.objects.latest("pk")


def test_every_url_that_takes_a_form_has_words_or_a_reason_why_it_is_left_out() -> None:
    takes_forms = {name for name, rule in RULES.items() if rule.write is not None}
    assert not takes_forms - WORDS.keys() - NOT_RECORDED.keys(), "say in audit/phrases.py what they are called"
    assert not WORDS.keys() & NOT_RECORDED.keys()
    assert not (WORDS.keys() | NOT_RECORDED.keys()) - RULES.keys(), "no such URL"


def test_a_change_is_recorded_with_what_it_was_done_to(team: Team, alice: User, client_of: Browser) -> None:
    batch = an_ended_batch(team, alice, rows=2)
    client_of(alice).post(reverse("batch-rename", args=[batch.pk]), {"name": "Tickets of May"})
    event = last()
    assert (event.words, event.team_id, event.user_id) == ("Renamed a batch", team.pk, alice.pk)
    assert event.about == f"batch {batch.pk} “{batch.name}”", "as it was called before"
    assert alice.email in event.who
    assert (event.by, event.address) == ("page", "127.0.0.1")


def test_what_was_made_is_named_and_what_the_page_said_is_kept(team: Team, alice: User, client_of: Browser) -> None:
    client_of(alice).post(reverse("team-budget"), {"budget": "12"})
    assert (last().words, last().detail) == ("Set the team’s budget", "The budget is set.")


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_changed_nothing_is_not_recorded(method: str, team: Team, alice: User, client_of: Browser) -> None:
    draft, site = a_draft(team, alice), client_of(alice)
    count = AuditEvent.objects.count()
    if method == "get":
        site.get(reverse("batch-delete", args=[draft.pk]))
    else:
        site.post(reverse("batch-cancel", args=[draft.pk]))  # refused: it does not run
        site.post(reverse("team-budget"), {"budget": "many"})  # has errors
    assert AuditEvent.objects.count() == count


def test_who_is_sent_to_sign_in_or_to_confirm_has_changed_nothing(
    team: Team, alice: User, client: Client, client_of: Browser
) -> None:
    site = client_of(alice)
    session = site.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = []  # the sign-in is long ago
    session.save()
    count = AuditEvent.objects.count()
    assert site.post(reverse("key-set"), {"key": "xai-1"})["Location"].startswith(reverse("account_reauthenticate"))
    assert client.post(reverse("team-budget"), {"budget": "12"})["Location"].startswith(reverse("sign-in"))
    assert AuditEvent.objects.count() == count


def test_a_price_that_is_asked_for_while_somebody_types_is_no_try(team: Team, alice: User, client_of: Browser) -> None:
    draft = a_draft(team, alice)
    site, count = client_of(alice), AuditEvent.objects.count()
    for act, recorded in (("price", 0), ("save", 0), ("try", 1)):
        site.post(reverse("try", args=[draft.pk]), {"act": act, "how": "first", "count": "2"})
        assert AuditEvent.objects.count() == count + recorded, act
    assert last().words == "Tried a draft on a few rows"


def test_a_key_is_never_in_it(team: Team, alice: User, client_of: Browser, settings: Any, sandbox: Any) -> None:
    client_of(alice).post(reverse("key-set"), {"key": "xai-very-secret-key-1234"})
    row = list(AuditEvent.objects.values())
    assert "very-secret" not in repr(row)


def test_sign_ins_downloads_and_commands_are_recorded(
    team: Team, alice: User, client_of: Browser, client: Client
) -> None:
    client.force_login(alice)
    assert (last().words, last().user_id) == ("Signed in", alice.pk)
    batch = an_ended_batch(team, alice, rows=2)
    answer: Any = client_of(alice).get(reverse("batch-download", args=[batch.pk]), {"form": "csv"})
    b"".join(answer.streaming_content)
    assert (last().words, last().about) == ("Downloaded results", f"batch {batch.pk} “{batch.name}”")
    call_command("rotatekeys")
    assert (last().words, last().by, last().who) == (EVENTS["keys_rotated"], "command", "Command line")


@pytest.mark.databases
def test_it_only_grows(team: Team) -> None:
    event = AuditEvent.objects.create(team_id=team.pk, who="Alice", action="x", words="Did it")
    event.words = "Did nothing"
    for change in (event.save, event.delete, AuditEvent.objects.all().delete):
        with pytest.raises(AppendOnly):
            change()
    with pytest.raises(AppendOnly):
        AuditEvent.objects.update(words="Did nothing")
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_auditevent SET words = 'Did nothing'")


def test_admins_search_it_and_take_it_away_and_see_no_other_team(
    team: Team, alice: User, bob: User, client_of: Browser
) -> None:
    other = Team.objects.create(name="Others")
    for number in range(150):
        AuditEvent.objects.create(team_id=team.pk, who="=Alice", action="x", words=f"Did thing {number}")
    AuditEvent.objects.create(team_id=other.pk, who="Mallory", action="x", words="Did thing 7")
    site = client_of(alice)
    page = site.get(reverse("audit"), {"q": "thing 149"}).content.decode()
    assert "Did thing 149" in page
    assert "Did thing 14<" not in page
    first = site.get(reverse("audit")).content.decode()
    assert "before=" in first
    answer: Any = site.get(reverse("audit-file", args=["csv"]), {"q": "thing"})
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert {line["who"] for line in lines} == {"'=Alice"}, "no formula runs, and no other team's"
    assert len(lines) == 150
    assert client_of(bob).get(reverse("audit")).status_code == 403


def test_where_a_form_leads_to_names_nothing_of_another_team(
    team: Team, alice: User, charlie: User, client_of: Browser
) -> None:
    """A person writes that address: the trail must not tell them what stands behind it."""
    theirs = a_draft(charlie.teams.get(), charlie, name="Secret takeover")
    ours = a_draft(team, alice, name="Ours")
    for batch, name in ((theirs, ""), (ours, " “Ours”")):
        client_of(alice).post(
            reverse("batches-selected"), {"action": "archive", "pk": ours.pk, "next": f"/batches/{batch.pk}"}
        )
        assert last().about == f"batch {batch.pk}{name}"


@pytest.mark.parametrize(
    "address", ["/audit/?to=9999-12-31", "/audit/file/csv?from=0001-01-01", "/ledger?month=9999-12"]
)
def test_a_day_beyond_all_days_is_no_fault(address: str, alice: User, client_of: Browser) -> None:
    assert client_of(alice).get(address).status_code in {200, 404}
