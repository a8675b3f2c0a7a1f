"""Which xAI team a key belongs to: only keys of the team that made a batch can see it (facts 1.1, 7.5).

Any other key gets a 404 for it, which says nothing about the batch.
"""

from __future__ import annotations

import logging
import time

from batchsite.batches.models import Submission
from batchsite.submission.step_context import StepContext
from batchsite.teams.accounts import Account, AccountKind
from batchsite.xai.client import XaiClient
from batchsite.xai.errors import XaiError

log = logging.getLogger(__name__)
ASK_AGAIN = 60.0
"""Seconds after which xAI is asked again about a key that it said nothing about."""
_teams: dict[str, tuple[str, float]] = {}


def team_of_key(account: Account, client: XaiClient) -> str:
    """Returns the id of the key's xAI team; "" in the sandbox, and where xAI does not say. Asked once a process."""
    if account.kind == AccountKind.SANDBOX:
        return ""
    team, asked_at = _teams.get(account.fingerprint, ("", -ASK_AGAIN))
    if not team and time.monotonic() - asked_at > ASK_AGAIN:
        try:
            team = client.check_key().team_id[:100]
        except XaiError as error:  # a restricted key may not ask; that keeps nothing from being sent
            log.info("the team of the key is not known: %s", error.what)
        _teams[account.fingerprint] = (team, time.monotonic())
    return team


def mismatch(context: StepContext) -> str:
    """Returns why a submission must wait for another key, in words; "" if the key is of its team, or may be."""
    made_by = _made_by(context.submission)
    team = _team_unlike(made_by, context.account, context.client)
    if not team:
        return ""
    return _of_another(context.account, made_by, team, "see this batch")


def cannot_read(account: Account, client: XaiClient, asked_by: str) -> str:
    """Returns why answers requested with a key of the team `asked_by` wait for another key; "" if they need not."""
    team = _team_unlike(asked_by, account, client)
    return _of_another(account, asked_by, team, "read what was asked") if team else ""


def is_ours_to_see(context: StepContext) -> bool:
    """Whether the present key is known to be of the team that made the batch: only then a 404 says anything."""
    if context.account.kind == AccountKind.SANDBOX:
        return True
    made_by = context.submission.provider_team
    return bool(made_by) and team_of_key(context.account, context.client) == made_by


def cannot_tell(context: StepContext) -> str:
    """Returns the words for a 404 that says nothing."""
    return (
        "xAI doesn’t find this batch with the current key, and doesn’t say whether the key belongs to the xAI team "
        f"that made it. {_where_to_set(context.account)} a key of that team."
    )


def _made_by(submission: Submission) -> str:
    """Returns the xAI team that the submission belongs to; for one that a restored database has not created, its
    siblings' team."""
    if submission.provider_team or submission.remote_id or not submission.batch.restored_at:
        return submission.provider_team
    siblings = Submission.objects.filter(batch_id=submission.batch_id).exclude(provider_team="")
    return siblings.values_list("provider_team", flat=True).first() or ""


def _team_unlike(team: str, account: Account, client: XaiClient) -> str:
    """Returns the team of the key; "" if it is that one, or if one of them is not known."""
    present = team_of_key(account, client) if team else ""
    return "" if present == team else present


def _of_another(account: Account, made_by: str, team: str, what: str) -> str:
    return (
        f"it was made with a key of another xAI team. {_where_to_set(account)} a key of the team {made_by}; "
        f"the current key is of {team}, which can’t {what}. Until then nothing is sent again."
    )


def _where_to_set(account: Account) -> str:
    if account.kind == AccountKind.ENVIRONMENT:
        return "Set XAI_API_KEY and restart batchsite, with"
    return f"On the Team page, replace {account.words} with"
