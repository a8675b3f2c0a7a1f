"""Moving a batch to another key of the xAI team that created it: other keys could not see it (facts 1.1, 7.5)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from django.db import transaction

from batchsite.batches.models import Batch
from batchsite.batches.states import State
from batchsite.batches.timeline import note
from batchsite.batches.transitions import lock_batch, resume
from batchsite.submission.actions import NotNow, look_now
from batchsite.teams.accounts import Account, AccountKind, AccountMissing, account_of, keys_of
from batchsite.teams.models import User

AT_XAI = (AccountKind.ENVIRONMENT, AccountKind.TEAM)


def other_accounts(batch: Batch) -> Sequence[Account]:
    """Returns the accounts at xAI that could run the batch instead. Empty if there is none, or it is simulated.

    Keys that are known to be of another xAI team than the one that made it are left out.
    """
    if batch.account not in AT_XAI:
        return []
    made_by, found = _makers(batch), list[Account]()
    for key in keys_of(batch.team):
        is_foreign = bool(made_by - {""}) and key.provider_team_id not in {"", *made_by}
        if key.pk != batch.key_id and not is_foreign:
            with contextlib.suppress(AccountMissing):
                found.append(account_of(batch.team, AccountKind.TEAM, key))
    if batch.account != AccountKind.ENVIRONMENT:
        with contextlib.suppress(AccountMissing):
            found.append(account_of(batch.team, AccountKind.ENVIRONMENT, None))
    return found


def move_to_key(batch: Batch, user: User | None, account: Account, provider_team: str) -> None:
    """Lets that account of the team run the batch, and continues now.

    `provider_team` is the xAI team of that account's key, as xAI named it; empty if it did not. Raises NotNow if the
    key could not see what was made, or nobody can tell.
    """
    with transaction.atomic():
        batch = lock_batch(batch.pk)
        if batch.state == State.DRAFT or batch.account not in AT_XAI:
            raise NotNow("This batch has no key that could be changed.")
        if (batch.account, batch.key_id) == (account.kind, account.key_id):
            raise NotNow(f"The batch uses {account.words} already.")
        if words := _why_not(batch, provider_team):
            raise NotNow(f"{words} Nothing was changed.")
        batch.account, batch.key_id = account.kind, account.key_id
        batch.save(update_fields=["account", "key"])
        note(batch.pk, "key", f"Moved to {account.words}", by=user)
        resume(batch.pk, by=user)
        look_now(batch)


def _makers(batch: Batch) -> set[str]:
    """Returns the xAI teams that made what there may be at xAI; "" among them where xAI never said."""
    at_xai = batch.submissions.exclude(remote_id="", create_tried_at=None)
    made = batch.submissions.all() if batch.restored_at else at_xai
    return set(made.values_list("provider_team", flat=True))


def _why_not(batch: Batch, provider_team: str) -> str:
    """Returns why a key of that xAI team cannot take over, as a sentence. Empty if it can."""
    teams = _makers(batch)
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
