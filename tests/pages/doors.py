"""Every URL of the project, and one of everything that a URL can name."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import ec
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

from batchsite.asks.models import Ask
from batchsite.batches.models import Batch, SavedView
from batchsite.exports import share_links
from batchsite.exports.download_choice import DownloadChoice
from batchsite.exports.models import Export
from batchsite.notifications.models import Delivery, Destination, News
from batchsite.prompts.models import Prompt
from batchsite.teams.models import Invitation, Membership, ProviderKey, Team, ToolServer, User
from batchsite.trials.models import Trial, TrialAnswer
from batchsite.trials.trial_start import variants_of
from tests.factories import make_dataset, make_member


@dataclass(frozen=True)
class Door:
    name: str
    route: str
    numbers: tuple[str, ...]
    words: tuple[str, ...]

    def url(self, **known: int) -> str:
        """The address with ids where they are known, and something plausible for the rest."""
        values = {name: str(known.get(name, 1)) for name in self.numbers} | dict.fromkeys(self.words, "csv")
        path = self.route
        for name, value in values.items():
            start, rest = path.split("<", 1)
            inside, end = rest.split(">", 1)
            assert inside.split(":")[-1] == name
            path = start + value + end
        return "/" + path


def _doors(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[Door]:
    for one in patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _doors(one.url_patterns, route)
            continue
        kinds = one.pattern.converters
        numbers = tuple(name for name, kind in kinds.items() if isinstance(kind, IntConverter))
        yield Door(str(one.name), route, numbers, tuple(name for name in kinds if name not in numbers))


DOORS = list(_doors(get_resolver().url_patterns))


def things_of(team: Team, alice: User) -> dict[str, int]:
    """Makes one of everything for Alice. Returns the ids, by the names that URLs give them."""
    dataset = make_dataset(team)
    bob = make_member(team)
    batch = Batch.objects.create(team=team, dataset=dataset, name="Languages", total=2)
    trial = Trial.objects.create(batch=batch, rows=[1], variants=variants_of(batch))
    link, _ = share_links.make(batch, alice, "csv", DownloadChoice(), days=1, with_comments=False)
    destination = Destination.objects.create(team=team, channel="webhook", hint="example.org", kinds=["done"])
    news = News.objects.create(team=team, kind="test", event="test")
    return {
        "destination_id": destination.pk,
        "delivery_id": Delivery.objects.create(news=news, destination=destination, webhook_id="msg_1").pk,
        "dataset_id": dataset.pk,
        "batch_id": batch.pk,
        "other_id": Batch.objects.create(team=team, dataset=dataset, name="Languages again", total=2).pk,
        "trial_id": trial.pk,
        "answer_id": TrialAnswer.objects.create(
            trial=trial, batch=batch, row=1, variant=0, request=zlib.compress(b"{}")
        ).pk,
        "prompt_id": _a_prompt(team).pk,
        "export_id": Export.objects.create(batch=batch, form="xlsx").pk,
        "link_id": link.pk,
        "view_id": SavedView.objects.create(team=team, place=SavedView.Place.BATCHES, name="Mine").pk,
        "team_id": team.pk,
        "user_id": bob.pk,
        "membership_id": Membership.objects.get(user=bob).pk,
        "ask_id": Ask.objects.create(team=team, by=alice, account="sandbox", model="grok-4.3", prompt="Why?").pk,
        "pk": a_passkey(alice).pk,
        "session_id": UserSession.objects.create(user=alice, ip="192.0.2.1", session_key="of-alice").pk,
        "key_id": ProviderKey.objects.create(team=team, secret=b"x", hint="abcd", is_default=True).pk,
        "server_id": ToolServer.objects.create(team=team, label="docs", url="https://example.org/mcp").pk,
        "invitation_id": Invitation.objects.create(team=team, created_by=alice).pk,
    }


def a_passkey(user: User) -> Authenticator:
    """A passkey as a browser would have registered it."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    described = AttestedCredentialData.create(b"\0" * 16, b"id of a passkey", ES256.from_cryptography_key(public))  # type: ignore[no-untyped-call]
    said = AuthenticatorData.create(b"\0" * 32, AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.AT, 0, described)
    client = CollectedClientData.create(CollectedClientData.TYPE.CREATE, b"challenge", "http://testserver")
    response = {
        "clientDataJSON": websafe_encode(client),
        "attestationObject": websafe_encode(AttestationObject.create("none", said, {})),
    }
    credential = {
        "id": websafe_encode(b"id of a passkey"),
        "rawId": websafe_encode(b"id of a passkey"),
        "type": "public-key",
        "response": response,
        "clientExtensionResults": {},
    }
    data = {"name": "Laptop", "credential": credential}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)


def _a_prompt(team: Team) -> Prompt:
    prompt = Prompt.objects.create(team=team, name="Language")
    prompt.versions.create(number=1, text="Which language? {{text}}")
    return prompt
