"""Addresses that lead somewhere: the ids and words of things that are there, and what a door needs before it opens."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_from_bytes

from allauth.account.forms import default_token_generator
from allauth.account.internal.userkit import user_id_to_str
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.core.files.base import ContentFile
from django.utils import timezone

from batchsite import batch_urls
from batchsite.asks.models import Ask, AskState
from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.datasets.models import DatasetState
from batchsite.drafts.starter_prompts import STARTERS
from batchsite.exports import share_links
from batchsite.exports.download_choice import DownloadChoice
from batchsite.exports.models import Export
from batchsite.gallery.models import GeneratedPicture, PictureState
from batchsite.notifications.models import Delivery, Destination, News
from batchsite.results import judgements
from batchsite.takeout.models import Takeout
from batchsite.teams.models import Invitation, Team, User
from batchsite.trials.models import Trial, TrialAnswer
from tests.factories import make_dataset
from tests.gallery.stories import MODEL
from tests.media.archives import picture, uploaded
from tests.pages.doors import Door, things_of
from tests.submission.stories import a_draft, a_running_batch, an_ended_batch

Known = dict[str, bytes]
Pairs = list[tuple[str, bytes]]
SHAPE = {"fields": [{"name": "kind", "type": "text", "values": [], "description": "", "required": True}]}
OF_A_DRAFT = {str(pattern.name) for pattern in batch_urls.of_a_draft}
OF_ONE_THAT_RUNS = {"batch-cancel", "batch-end-here", "batch-go-on", "batch-cap", "batch-progress", "batch-key"}
CODES = ("mfa_reauthenticate", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_download_recovery_codes")


def known_things(team: Team, alice: User) -> Known:
    """The ids of things that are there, by the names that addresses give them; batches at every stage of their life."""
    things: dict[str, Any] = dict(things_of(team, alice))
    dataset = make_dataset(team, ["id", "text"], [["1", "Hello"], ["2", "Bye"]])
    ended = an_ended_batch(team, alice, failed=2, shape=SHAPE)
    judgements.correct(ended, 1, alice, verdict="bad", corrected={}, comment="Hm")
    draft = a_draft(team, alice, dataset)
    variant = {"prompt": "Sort {{text}}", "system_prompt": "", "model": "grok-4.3"}
    trial = Trial.objects.create(batch=draft, rows=[1], variants=[variant])
    answer = TrialAnswer.objects.create(trial=trial, batch=draft, row=1, variant=0, request=zlib.compress(b"{}"))
    link, token = share_links.make(ended, alice, "csv", DownloadChoice(), days=1, with_comments=False)
    things |= {
        "dataset_id": dataset.pk,
        "batch_id": ended.pk,
        "other_id": an_ended_batch(team, alice).pk,
        "draft_id": draft.pk,
        "running_id": a_running_batch(team, alice).pk,
        "asking_id": make_dataset(team, state=DatasetState.IMPORTING).pk,
        "trial_id": trial.pk,
        "answer_id": answer.pk,
        "export_id": Export.objects.create(batch=ended, form="xlsx").pk,
        "link_id": link.pk,
        "video_of_id": _a_batch_with_a_video(team).pk,
        "files_id": _a_dataset_of_files(team),
        "answered_id": _an_answered_ask(team, alice).pk,
        "row": 1,
        "number": 1,
    }
    return {name: str(value).encode() for name, value in things.items()} | {"token": token.encode()}


def _a_batch_with_a_video(team: Team) -> Batch:
    dataset = make_dataset(team, ["animal"], [["cat"]])
    batch = Batch.objects.create(team=team, dataset=dataset, name="Cats", model=MODEL, total=1, state=State.COMPLETED)
    made = GeneratedPicture(batch=batch, request_id="cats-row-1", row=1, number=1, state=PictureState.KEPT)
    made.mime, made.size, made.thumb = "video/mp4", 4, picture()
    made.file.save("cat.mp4", ContentFile(b"cats"))
    return batch


def _a_dataset_of_files(team: Team) -> int:
    """A zip of pictures; rows of it were skipped, too."""
    dataset = uploaded(team, {"cat.png": picture()})
    dataset.file.storage.save(dataset.skipped_name, ContentFile(b"name\n"))
    return dataset.pk


def _an_answered_ask(team: Team, alice: User) -> Ask:
    told = {"account": "sandbox", "model": "grok-4.3", "prompt": "Why?", "answer": "So.", "state": AskState.ANSWERED}
    return Ask.objects.create(team=team, by=alice, ended_at=timezone.now(), **told)


def words_of(alice: User, known: Known) -> dict[str, Known]:
    """What an address is filled with besides what is known, by the name of the URL."""
    team = alice.memberships.earliest("pk").team
    own = Destination.objects.create(person=alice, channel="webhook", hint="example.org", kinds=["done"])
    news = News.objects.create(team=team, kind="test", event="test")
    delivery = Delivery.objects.create(news=news, destination=own, webhook_id="msg_2")
    told = {"destination_id": str(own.pk), "delivery_id": str(delivery.pk)}
    email = EmailAddress.objects.get_or_create(user=alice, email=alice.email, defaults={"primary": True})[0]
    reset = {"uidb36": user_id_to_str(alice), "key": default_token_generator.make_token(alice)}
    pictures = ("batch-pictures", "batch-pictures-zip", "batch-picture", "batch-picture-file", "batch-video")
    words = {
        **{f"notification{what}": told for what in ("", "-test", "-secret", "-remove", "-again")},
        "join": {"token": Invitation.objects.order_by("pk")[0].token},
        "notification-new": {"channel": "webhook"},
        "team-notification-new": {"channel": "webhook"},
        "batch-starter": {"name": STARTERS[0].name},
        "account_confirm_email": {"key": EmailConfirmationHMAC(email).key},
        "account_reset_password_from_key": reset,
        "openid_connect_login": {"provider_id": "sso"},
        "openid_connect_callback": {"provider_id": "sso"},
        **{name: {"batch_id": known["video_of_id"].decode()} for name in pictures},
        **{f"dataset-{what}": {"dataset_id": known["files_id"].decode()} for what in ("thumb", "file", "skipped")},
        "ask-as-example": {"ask_id": known["answered_id"].decode()},
    }
    return {name: {key: word.encode() for key, word in own.items()} for name, own in words.items()}


def asked_with(known: Known) -> dict[str, Pairs]:
    """What a door has to be asked with, to find anything."""
    file = [("name", b"cat.png")]
    return {
        "dataset-thumb": file,
        "dataset-file": file,
        "ask-as-example": [("batch", known["draft_id"])],
        "batch-new": [("dataset", known["dataset_id"])],
    }


def before(alice: User) -> dict[str, Callable[[], object]]:
    """What has to be there or gone for a door only, as it would stand in the way of others."""
    team = alice.memberships.earliest("pk").team

    def an_app_for_codes() -> None:
        TOTP.activate(alice, "A" * 32)
        RecoveryCodes.activate(alice)

    return {
        **dict.fromkeys(CODES, an_app_for_codes),
        "takeout-file": lambda: Takeout.objects.create(team=team, asked_by=alice, ready_at=timezone.now()),
        "setup": lambda: User.objects.all().delete(),
    }


def filled(route: str, values: Known) -> str:
    """The path of a route, quoted."""
    path = b"/"
    while "<" in route:
        before, rest = route.split("<", 1)
        inside, route = rest.split(">", 1)
        path += before.encode() + values.get(inside.split(":")[-1], b"csv")
    return quote_from_bytes(path + route.encode(), safe="/%")


def stages(door: Door, known: Known, words: dict[str, Known]) -> list[Known]:
    """What the address of a door is filled with: a batch at every stage of its life, the likeliest first."""
    here = known | words.get(door.name, {})
    if "batch_id" not in door.numbers or "batch_id" in words.get(door.name, {}):
        return [here]
    first = "draft_id" if door.name in OF_A_DRAFT else "running_id" if door.name in OF_ONE_THAT_RUNS else "batch_id"
    others = [stage for stage in ("draft_id", "running_id", "batch_id") if stage != first]
    return [here | {"batch_id": known[stage]} for stage in (first, *others)]
