"""Expired addresses: reading the results again renews them. What is still dead then is lost, and reported by row."""

from __future__ import annotations

from batchsite.gallery.models import GeneratedPicture, Harvest, PictureState
from batchsite.processes.leases import Claim
from batchsite.teams.accounts import AccountMissing, account_of
from batchsite.teams.provider_client import client_for
from batchsite.timeouts import doubling, timeouts
from batchsite.xai.client import XaiClient
from batchsite.xai.errors import NotFound, XaiError
from batchsite.xai.results import read_result

MOST_REREADS = 3
MOST_FAULTS = 20
"""Consecutive steps without a reply from the provider, after which the pictures are given up."""
GONE = "Its address has expired, and xAI no longer has the results."


def read_again(claim: Claim[Harvest], harvest: Harvest) -> float | None:
    """Looks for new addresses of all dead pictures. Returns seconds until the next step, None at the end."""
    dead = GeneratedPicture.objects.filter(batch=harvest.batch, state=PictureState.WAITING, is_dead=True)
    with claim.locked():
        dead.filter(rereads__gte=MOST_REREADS).update(state=PictureState.LOST)
        dead.filter(submission=None).update(state=PictureState.LOST, problem=GONE)
    try:
        client = client_for(account_of(harvest.batch.team, harvest.batch.account, harvest.batch.key))
        for submission_id in set(dead.values_list("submission_id", flat=True)):
            _read(claim, client, list(dead.filter(submission_id=submission_id).select_related("submission")))
    except (AccountMissing, XaiError) as error:
        return _wait(claim, harvest, f"Its address has expired, and the results could not be read again: {error}")
    with claim.locked() as fresh:
        Harvest.objects.filter(pk=fresh.pk).update(faults=0)
    is_open = GeneratedPicture.objects.filter(batch=harvest.batch, state=PictureState.WAITING).exists()
    return 0.0 if is_open else None


def _read(claim: Claim[Harvest], client: XaiClient, dead: list[GeneratedPicture]) -> None:
    """Walks the results of a submission until all its dead pictures have new addresses. Raises XaiError."""
    wanted = {picture.request_id for picture in dead}
    addresses: dict[str, tuple[str, ...]] = {}
    try:
        for raw in client.iter_results(dead[0].submission.remote_id if dead[0].submission else ""):
            claim.extend()
            result = read_result(raw)
            if result.batch_request_id in wanted and result.pictures:
                addresses[result.batch_request_id] = result.pictures
            if addresses.keys() == wanted:
                break
    except (NotFound, ValueError):
        addresses = {}
    with claim.locked():
        for picture in dead:
            found = addresses.get(picture.request_id, ())
            again = GeneratedPicture.objects.filter(pk=picture.pk, address=picture.address)
            if len(found) >= picture.number:
                again.update(address=found[picture.number - 1], is_dead=False, tries=0, rereads=picture.rereads + 1)
            else:
                again.update(state=PictureState.LOST, problem=GONE)


def _wait(claim: Claim[Harvest], harvest: Harvest, words: str) -> float | None:
    with claim.locked() as fresh:
        faults = fresh.faults + 1
        Harvest.objects.filter(pk=fresh.pk).update(faults=faults)
        if faults >= MOST_FAULTS:
            waiting = GeneratedPicture.objects.filter(batch=harvest.batch, state=PictureState.WAITING, is_dead=True)
            waiting.update(state=PictureState.LOST, problem=words)
            return None
    return doubling(timeouts().first_look + 1, faults)
