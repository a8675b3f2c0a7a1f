"""What happens to accounts, roles, keys and links is logged, without a token in any line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from batchsite.entry.sign_in import MOST_FAILURES
from batchsite.exports.models import ShareLink
from batchsite.setup import JsonLines
from batchsite.teams.models import Invitation, Membership, Team, User
from tests.factories import PASSWORD
from tests.submission.stories import an_ended_batch

ClientOf = Callable[[User], Client]


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [json.loads(JsonLines().format(entry)) for entry in caplog.records if entry.name == "batchsite.security"]


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line["event"] for line in lines(caplog)]


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_sign_ins_and_failures(alice: User, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(MOST_FAILURES + 1):
        client.post(reverse("sign-in"), {"email": alice.email, "password": "a-wrong-password"})
    assert events(caplog) == ["sign_in_failed"] * MOST_FAILURES + ["too_many_tries"]
    assert lines(caplog)[0]["person"] == alice.pk
    assert lines(caplog)[0]["address"] == "127.0.0.1"
    assert "a-wrong-password" not in caplog.text
    client.post(reverse("sign-in"), {"email": alice.email, "password": PASSWORD}, REMOTE_ADDR="192.0.2.1")
    client.post(reverse("sign-out"))
    assert events(caplog)[-2:] == ["signed_in", "signed_out"]


def test_a_changed_role_and_a_removed_person_are_logged(
    alice: User, bob: User, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    membership = Membership.objects.get(user=bob)
    browser = client_of(alice)
    browser.post(reverse("member-role", args=[membership.pk]), {"role": "owner"})
    browser.post(reverse("member-remove", args=[membership.pk]))
    changed, removed = lines(caplog)[-2:]
    assert (changed["event"], changed["person"], changed["role"]) == ("role_changed", bob.pk, "owner")
    assert (removed["event"], removed["person"], removed["user"]) == ("member_removed", bob.pk, alice.pk)


def test_the_token_of_an_invitation_is_in_no_line(
    alice: User, team: Team, client: Client, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    client_of(alice).post(reverse("invitation-new"), {"role": "member"})
    token = Invitation.objects.get().token
    Invitation.objects.update(used_at="2020-01-01T00:00:00Z")
    client.get(reverse("join", args=[token]))  # 410: Django logs the path, and the request beside it
    assert events(caplog)[-1] == "invitation_made"
    formatted = [JsonLines().format(entry) for entry in caplog.records]
    assert any("/join/" in line for line in formatted)
    assert not any(token in line for line in formatted)


def test_links_and_downloads_are_logged_and_the_token_of_a_link_is_in_no_line(
    team: Team, alice: User, client: Client, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    batch = an_ended_batch(team, alice)
    site = client_of(alice)
    made = site.post(reverse("batch-links", args=[batch.pk]), {"query": "form=csv", "days": "1"}).content.decode()
    path = made.split('id="shared-link" value="http://testserver')[1].split('"')[0]
    token, link = path.split("/shared/")[1].split("/")[0], ShareLink.objects.get().pk
    b"".join(client.get(path).streaming_content)  # type: ignore[attr-defined]
    site.get(reverse("batch-results", args=[batch.pk, "csv"]))
    site.post(reverse("link-revoke", args=[batch.pk, link]))
    assert client.get(path).status_code == 410
    shown = [(line["event"], line.get("link", line.get("by_link"))) for line in lines(caplog)]
    expected = [("link_made", link), ("results_downloaded", link), ("results_downloaded", None), ("link_revoked", link)]
    assert [each for each in shown if each[0] != "signed_in"] == expected
    formatted = [JsonLines().format(entry) for entry in caplog.records]
    assert any("/shared/" in line for line in formatted), "the refusal is logged with its path"
    assert not any(token in line for line in formatted)


def test_no_secret_is_in_any_line(
    alice: User, client: Client, client_of: ClientOf, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    site, key = client_of(alice), "xai-a-key-that-nobody-may-see"
    session = site.cookies["sessionid"].value
    site.post(reverse("key-set"), {"key": key})
    typed = {"old_password": PASSWORD, "new_password1": "n3w-secret-words", "new_password2": "other-words-yet"}
    site.post(reverse("account-password"), typed)
    client.post(reverse("setup"), {"code": "a-setup-code", "password": "first-password-typed"})
    client.get(reverse("sign-in"), {"next": "/join/a-token-of-somebody"})
    client.get("/join/a-token-that-does-not-exist")
    client.get("/team/key", {"token": "a-token-in-a-query"})
    for query in ("next=%2Fjoin%2Fa-token-of-an-invitation", "code=a-token-of-a-provider"):  # refused: Django logs it
        assert Client(enforce_csrf_checks=True).post(f"{reverse('sign-in')}?{query}").status_code == 403
    formatted = "".join(JsonLines().format(entry) for entry in caplog.records)
    secrets = [key, session, *typed.values(), "a-setup-code", "first-password-typed", "a-token-"]
    assert [secret for secret in secrets if secret in formatted] == []
