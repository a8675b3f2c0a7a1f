"""Links that fetch a file without signing in: signed, for one batch and one choice, and void after a week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core import signing

from batchsite.batches.models import Batch
from batchsite.batches.queries import batches_of
from batchsite.exports.download_choice import ROWS, Choice
from batchsite.exports.result_files import ALL_FORMS
from batchsite.teams.models import Membership, User

VALID = timedelta(days=7)
_SALT = "batchsite.exports.share_links"


@dataclass(frozen=True)
class Shared:
    """What a link stands for."""

    batch: Batch
    form: str
    choice: Choice


def sign(batch: Batch, user: User, form: str, choice: Choice) -> str:
    """The token of a link. It holds nothing secret, and cannot be made without our key."""
    return signing.dumps([batch.pk, user.pk, form, choice.as_json()], salt=_SALT, compress=True)


def opened(token: str) -> Shared | None:
    """What the token stands for; None where it is void: changed, out of date, or its maker or batch is gone."""
    try:
        batch_id, user_id, form, kept = signing.loads(token, salt=_SALT, max_age=VALID)
    except (signing.BadSignature, ValueError):
        return None
    membership = Membership.objects.filter(user_id=user_id, team__batches=batch_id, user__is_active=True)
    found = membership.select_related("team").first()
    batch = batches_of(found.team).select_related("dataset", "team").filter(pk=batch_id).first() if found else None
    choice = Choice.from_json(kept)
    if batch is None or form not in ALL_FORMS or choice.rows not in ROWS:
        return None
    return Shared(batch, form, choice)
