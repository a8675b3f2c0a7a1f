"""What stands in the place of a passkey's answer is refused, whatever it is: at the sign-in by anybody at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from fido2.utils import websafe_encode
from fido2.webauthn import AuthenticatorData, CollectedClientData

from batchsite.teams.models import User
from tests.entry.test_second_step import turn_on
from tests.factories import PASSWORD
from tests.pages.doors import a_passkey

ClientOf = Callable[[User], Client]
SAID = websafe_encode(b'{"type": "webauthn.get", "challenge": "YQ", "origin": "x"}')


def answered(**response: str) -> str:
    given = {"id": "YQ", "rawId": "YQ", "type": "public-key", "response": response, "clientExtensionResults": {}}
    return json.dumps(given)


ODD = [
    "1",
    '"a"',
    "[1]",
    '{"id": 1}',
    '{"id": "a", "rawId": "a", "response": {}, "type": "public-key"}',
    '{"id": "YQ", "rawId": "YQ", "response": [], "type": "public-key"}',
    answered(clientDataJSON="!", attestationObject="!", authenticatorData="!", signature="!", userHandle="!"),
    answered(clientDataJSON="e30", attestationObject="oA", authenticatorData="oA", signature="YQ", userHandle="YQ"),
    answered(clientDataJSON=SAID, attestationObject=websafe_encode(b"\x81" * 5_000)),
    answered(
        clientDataJSON=SAID, attestationObject=websafe_encode(b"\xa3cfmtdnonegattStmt\xa0hauthDataXA" + b"a" * 65)
    ),
    answered(clientDataJSON=SAID, authenticatorData=websafe_encode(b"a" * 37), signature="YQ", userHandle="__8"),
    "[" * 5_000,
    '{"a":' * 3_000,
    "null",
    "1e999",
]


@pytest.mark.parametrize("odd", ODD)
def test_what_is_no_answer_of_a_passkey_is_refused(odd: str, alice: User, client_of: ClientOf) -> None:
    at_home, stranger = client_of(alice), Client()
    turn_on(at_home)
    a_passkey(alice)
    cache.clear()
    stranger.get(reverse("mfa_login_webauthn"), headers={"X-Requested-With": "XMLHttpRequest"})
    assert stranger.post(reverse("mfa_login_webauthn"), {"credential": odd}).status_code in {302, 422}
    assert at_home.get(reverse("mfa_add_webauthn")).status_code == 200
    adds = {"credential": odd, "name": "x", "passwordless": "on"}
    assert at_home.post(reverse("mfa_add_webauthn"), adds).status_code == 422
    at_home.get(reverse("mfa_reauthenticate_webauthn"))
    assert at_home.post(reverse("mfa_reauthenticate_webauthn"), {"credential": odd}).status_code in {302, 422}
    second = Client()
    second.post(reverse("sign-in"), {"email": alice.email, "password": PASSWORD})
    second.get(reverse("mfa_authenticate"))
    assert second.post(reverse("mfa_authenticate"), {"credential": odd}).status_code in {200, 302, 422}
    assert second.get("/team").status_code == 302


def test_a_signature_of_somebody_else_is_refused(alice: User, client_of: ClientOf) -> None:
    """Right in all but the signature."""
    a_passkey(alice)
    browser = Client()
    browser.post(reverse("sign-in"), {"email": alice.email, "password": PASSWORD})
    browser.get(reverse("mfa_authenticate"))
    state: dict[str, Any] = browser.session["mfa.webauthn.state"]
    client = CollectedClientData.create(CollectedClientData.TYPE.GET, state["challenge"], "http://testserver")
    said = AuthenticatorData.create(sha256(b"testserver").digest(), AuthenticatorData.FLAG.UP, 1)
    response = {
        "clientDataJSON": websafe_encode(client),
        "authenticatorData": websafe_encode(said),
        "signature": websafe_encode(b"0" * 70),
    }
    key = websafe_encode(b"id of a passkey")
    sent = {"id": key, "rawId": key, "type": "public-key", "response": response, "clientExtensionResults": {}}
    answer = browser.post(reverse("mfa_authenticate"), {"credential": json.dumps(sent)})
    assert answer.status_code in {200, 422}
    assert browser.get("/team").status_code == 302
