"""Signed links that fetch a file without signing in, for one batch and one choice; they expire after a week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.core import signing

from batchsite.batches.models import Batch
from batchsite.batches.queries import batches_of
from batchsite.exports.download_choice import ROWS, DownloadChoice
from batchsite.exports.result_files import ALL_FORMS
from batchsite.teams.models import Membership, User

VALID = timedelta(days=7)
_SALT = "batchsite.exports.share_links"


@dataclass(frozen=True)
class Shared:
    """The file that a link fetches."""

    batch: Batch
    form: str
    choice: DownloadChoice


def sign(batch: Batch, user: User, form: str, choice: DownloadChoice) -> str:
    """Returns the token of a link. It contains nothing secret, and cannot be forged without our key."""
    return signing.dumps([batch.pk, user.pk, form, choice.as_json()], salt=_SALT, compress=True)


def opened(token: str) -> Shared | None:
    """Returns the file of a token. None if it was changed, has expired, or its maker or batch is gone."""
    try:
        batch_id, user_id, form, stored = signing.loads(token, salt=_SALT, max_age=VALID)
    except (signing.BadSignature, ValueError):
        return None
    memberships = Membership.objects.filter(user_id=user_id, team__batches=batch_id, user__is_active=True)
    membership = memberships.select_related("team").first()
    if membership is None:
        return None
    batch = batches_of(membership.team).select_related("dataset", "team").filter(pk=batch_id).first()
    choice = DownloadChoice.from_json(stored)
    if batch is None or form not in ALL_FORMS or choice.rows not in ROWS:
        return None
    return Shared(batch, form, choice)
