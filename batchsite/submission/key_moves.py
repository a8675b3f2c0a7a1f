"""Moving a batch to another key of the xAI team that made it: other keys could not see it (facts 1.1, 7.5)."""

from __future__ import annotations

from django.db import transaction

from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import lock_batch, resume
from batchsite.submission.actions import NotNow, look_now
from batchsite.teams.accounts import Account, AccountKind, AccountMissing, account_of
from batchsite.teams.models import User

NAMES = {AccountKind.ENVIRONMENT: "the key of this installation", AccountKind.TEAM: "the key of the team"}


def other_account(batch: Batch) -> Account | None:
    """Returns the account at xAI that the batch does not use. None if the team has none, or the batch is simulated."""
    others = [kind for kind in NAMES if kind != batch.account]
    if batch.account not in NAMES:
        return None
    try:
        return account_of(batch.team, others[0])
    except AccountMissing:
        return None


def move_to_key(batch: Batch, user: User | None, kind: AccountKind, provider_team: str) -> None:
    """Let the team's account of that kind run the batch, and try again now.

    `provider_team` is the xAI team of that account's key, as xAI named it; empty if it did not. Raises NotNow if the
    key could not see what was made, or nobody can tell.
    """
    with transaction.atomic():
        batch = lock_batch(batch.pk)
        if batch.state == State.DRAFT or batch.account not in NAMES:
            raise NotNow("This batch has no key that could be changed.")
        if batch.account == kind:
            raise NotNow(f"The batch uses {NAMES[kind]} already.")
        if words := _why_not(batch, provider_team):
            raise NotNow(f"{words} Nothing was changed.")
        batch.account = kind
        batch.save(update_fields=["account"])
        note(batch.pk, "key", f"Moved to {NAMES[kind]}", by=user)
        resume(batch.pk, by=user)
        look_now(batch)


def _why_not(batch: Batch, provider_team: str) -> str:
    """Returns why a key of that xAI team cannot take over, as a sentence. Empty if it can."""
    at_xai = batch.submissions.exclude(remote_id="", create_tried_at=None)
    made = batch.submissions.all() if batch.restored_at else at_xai
    teams = set(made.values_list("provider_team", flat=True))
    if "" in teams:
        return "xAI never said which of its teams made this batch, so no other key can be known to see it."
    if teams and not provider_team:
        return "xAI does not say which of its teams the other key belongs to, so it may not see this batch."
    if others := sorted(teams - {provider_team}):
        return (
            f"The other key belongs to the xAI team {provider_team}. This batch was made by the team {others[0]}, and "
            "only keys of that team can see it."
        )
    return ""
