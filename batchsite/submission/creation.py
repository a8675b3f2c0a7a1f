"""Creating the batch at xAI, once.

A create call with an unknown outcome is never simply repeated: the batch is first searched for by its unique name
(facts 1.6), twice with time in between, as the list may lag. The same goes for every batch of a restored database,
whatever its row says.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from batchsite.batches import generation
from batchsite.batches.models import ChunkState, Submission
from batchsite.batches.timeline import note
from batchsite.batches.transitions import update
from batchsite.submission.provider_calls import reserve
from batchsite.submission.provider_teams import team_of_key
from batchsite.submission.restore import must_be_confirmed
from batchsite.submission.step_context import StepContext
from batchsite.teams.accounts import AccountKind
from batchsite.timeouts import timeouts
from batchsite.xai.errors import XaiError

IN_LINE = 2
"""Places in the limit of create calls that a team waits for at a time."""


def create(context: StepContext) -> float | None:
    """Makes sure that the batch exists at xAI. Returns seconds to wait until then, None once its id is known."""
    if may_exist(context.submission):
        wait = look(context)
        if wait is not None:
            return wait
        if context.submission.remote_id:
            return None
        if must_be_confirmed(context.submission) and not context.submission.absent_rows:
            with context.locked() as submission:
                update(submission, absent_rows=submission.total)
            return 0  # the next step waits for a person
    wait = _wait_for_slot(context)
    if wait > 0:
        return wait
    team = team_of_key(context.account, context.client)
    with context.locked() as submission:
        generation.advance()
        values = {"create_tried_at": timezone.now(), "create_turn_at": None, "create_slot_at": None, "missed_at": None}
        update(submission, remote_name=remote_name(submission), provider_team=team, **values)
    try:
        remote = context.client.create_batch(submission.remote_name)
    except XaiError as error:
        if not error.unknown_outcome:
            with context.locked() as submission:
                update(submission, create_tried_at=None, provider_team="")
        raise
    simulated = context.submission.batch.account == AccountKind.SANDBOX
    _created(context, remote.batch_id, f"created {'in the sandbox' if simulated else 'at xAI'}")
    return None


def may_exist(submission: Submission) -> bool:
    """Whether a submission without a remote id may have a batch at xAI."""
    return bool(submission.create_tried_at or submission.batch.restored_at)


def remote_name(submission: Submission) -> str:
    """Returns its name at the provider: readable, and unique by its token."""
    return f"{submission.batch.name[:200]} {_mark(submission)}"


def find(context: StepContext) -> str:
    """Returns the id of the batch at xAI with our token in its name; "" if there is none.

    The list is newest first, so the walk ends at the days before ours.
    """
    submission = context.submission
    since: datetime = submission.create_tried_at or timezone.now()
    if submission.batch.restored_at:
        since = submission.batch.created_at
    for number, remote in enumerate(context.client.iter_batches()):
        if number % 100 == 0:
            context.claim.extend()
        if remote.name.rstrip().endswith(_mark(submission)):
            return remote.batch_id
        if remote.create_time and remote.create_time < since.date() - timedelta(days=2):
            break
    return ""


def adopt_found(context: StepContext, remote_id: str, how: str) -> None:
    """Continues with a batch that was found at xAI. The key can see it, so that key's xAI team created it.

    What a restored database says about its rows is not trusted.
    """
    if team := team_of_key(context.account, context.client):
        with context.locked() as submission:
            update(submission, provider_team=team)
    if context.submission.batch.restored_at:
        with context.locked() as submission:
            planned = submission.chunks.filter(state=ChunkState.PLANNED)
            planned.update(state=ChunkState.SENDING, sent_at=timezone.now())
    _created(context, remote_id, how)


def _mark(submission: Submission) -> str:
    return f"[bs-{submission.token}]"


def look(context: StepContext) -> float | None:
    """Searches for the batch by its name. Returns seconds until the next look; None once found, or missed twice."""
    submission, now = context.submission, timezone.now()
    since_tried = (now - submission.create_tried_at).total_seconds() if submission.create_tried_at else float("inf")
    if since_tried < timeouts().after_unknown:
        return timeouts().after_unknown - since_tried
    if submission.missed_at:
        wait = timeouts().look_twice - (now - submission.missed_at).total_seconds()
        if wait > 0:
            return wait
    if submission.create_turn_at or submission.create_slot_at:
        return None  # missed twice: it only waits for its place
    if remote_id := find(context):
        adopt_found(context, remote_id, "found again by its name")
        return None
    if submission.missed_at:
        return None
    with context.locked() as submission:
        update(submission, missed_at=timezone.now())
    return timeouts().look_twice


def _wait_for_slot(context: StepContext) -> float:
    """Returns seconds until this submission's place in the limit of create calls, which it keeps once it has one.

    Teams that share a key share its limit. Each team has its own queue, and the head of the queue takes a place in the
    common line, unless the team already waits for enough places. So two hundred batches of one team are never all
    ahead of another team's, and nobody polls for a place.
    """
    submission, now = context.submission, timezone.now()
    if submission.create_slot_at is not None:
        return _until(submission.create_slot_at, now)
    turn, team = submission.create_turn_at, submission.batch.team_id
    wait = reserve(context.account, "create", team=team) if turn is None else _until(turn, now)
    if wait > 0 and turn is not None:
        return wait
    kept = "create_turn_at"
    if wait <= 0:
        if in_line := _in_line(submission, now):
            wait = max(in_line, reserve(context.account, "create", team=team))
        else:
            kept, wait = "create_slot_at", reserve(context.account, "create")
    if wait > 0:
        with context.locked() as submission:
            update(submission, **{kept: now + timedelta(seconds=wait)})
    return wait


def _in_line(submission: Submission, now: datetime) -> float:
    """Returns seconds until earlier ones of the team have had their place, 0 if it may take one."""
    alive = Submission.objects.filter(next_look_at__isnull=False, ended_at=None)
    others = alive.filter(batch__team=submission.batch.team_id, remote_id="", create_slot_at__gt=now)
    places = list(others.order_by("create_slot_at").values_list("create_slot_at", flat=True)[:IN_LINE])
    return _until(places[0], now) if len(places) == IN_LINE and places[0] else 0.0


def _until(moment: datetime, now: datetime) -> float:
    return (moment - now).total_seconds()


def _created(context: StepContext, remote_id: str, how: str) -> None:
    with context.locked() as submission:
        update(submission, remote_id=remote_id, missed_at=None)
        note(submission.batch_id, "created_remote", f"Batch {how}", submission=submission, detail=remote_id)
