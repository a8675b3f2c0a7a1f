"""Documents of an archive are at xAI once, for all rows that name them, whatever happens on the way; and are paid."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from batchsite.batches.models import Batch, LiveRequest, LiveState, Result
from batchsite.datasets.models import Dataset
from batchsite.drafts import draft_store
from batchsite.media.models import SentFile
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.submission import actions
from batchsite.teams.accounts import account_of
from batchsite.teams.models import Team
from batchsite.teams.provider_client import client_for
from batchsite.trials import trial_start
from batchsite.xai.catalogue import CALL_FEES, DOCUMENTS
from batchsite.xai.client import XaiClient
from tests.cuts import Guillotine
from tests.factories import make_team
from tests.faults import FAULTS, WRITES
from tests.live import check_live_books
from tests.media.archives import uploaded
from tests.pipeline import check_books, drive, step_all, story
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 " + bytes(900)
TABLE = "question,paper\nWho?,a.pdf\nWhen?,b.pdf\nWhere?,a.pdf\nWhy?,\nHow?,a.pdf\n"
PAPERS = ["a", "b"]
LIVE: dict[str, Any] = {"runs_live": True}
WAYS = pytest.mark.parametrize("way", [{}, LIVE], ids=["in a batch", "live"])


def papers(team: Team) -> Dataset:
    return uploaded(team, {"t.csv": TABLE, "a.pdf": PDF, "b.pdf": PDF + b"b"})


def asked(team: Team, dataset: Dataset | None = None, **fields: Any) -> Batch:
    """A queued batch of five questions about two papers."""
    batch = draft_store.new_draft(team, None, dataset or papers(team))
    for name, value in {"prompt": "{{question}}", "name": "Papers", "picture_column": "paper", **fields}.items():
        setattr(batch, name, value)
    batch.save()
    assert draft_store.problems_of(batch) == {}
    actions.start(batch, None, draft_store.estimate_of(batch))
    return batch


def at_xai(team: Team) -> list[str]:
    """The names of all files there, as they were in the archive."""
    files = client_for(account_of(team, "sandbox", None)).iter_files()
    return sorted(file.filename.partition("-bs")[0] for file in files)


def check(batch: Batch, team: Team, sandbox: Sandbox) -> None:
    batch.refresh_from_db()
    if batch.runs_live:
        lost = check_live_books(batch, sandbox)
        assert (batch.state, batch.succeeded, lost) == ("completed", 5, []), story(batch)
    else:
        assert (batch.state, batch.succeeded) == ("completed", 5), story(batch)
        check_books(batch, sandbox)
    assert at_xai(team) == PAPERS


@WAYS
def test_rows_name_what_is_there_once_and_searching_it_is_estimated_and_billed(
    way: dict[str, Any], team: Team, sandbox: Sandbox
) -> None:
    batch = drive(asked(team, **way))
    check(batch, team, sandbox)
    answers = dict(Result.objects.filter(batch=batch).values_list("row", "answer"))
    assert ["a document" in answers[row] for row in range(1, 6)] == [True, True, True, False, True]
    assert batch.tool_calls >= 4
    assert batch.tool_ticks == batch.tool_calls * CALL_FEES[DOCUMENTS]
    price = batch.estimate or {}
    assert "searches of each document" in price["basis"]
    assert price["likely"] >= 4 * 2 * CALL_FEES[DOCUMENTS]
    assert price["low"] < batch.cost_ticks < price["high"]


@pytest.mark.slow
@WAYS
@pytest.mark.parametrize("fault", WRITES)
def test_whatever_happens_to_a_call_nothing_is_there_twice(
    fault: str, way: dict[str, Any], team: Team, sandbox: Sandbox, settings: Any
) -> None:
    settings.TIMEOUTS = replace(settings.TIMEOUTS, call=0.5)
    sandbox.fault(**{"times": 1, **FAULTS[fault], "call": "files"})
    batch = drive(asked(team, **way))
    assert sandbox.idle_faults() == []
    check(batch, team, sandbox)


@pytest.mark.slow
@WAYS
@pytest.mark.django_db(transaction=True)
def test_cut_at_every_boundary_nothing_is_there_twice(way: dict[str, Any], sandbox: Sandbox) -> None:
    def live(*cuts: int) -> Guillotine:
        sandbox.reset()
        team, guillotine = make_team(), Guillotine(*cuts)
        batch = asked(team, **way)
        with guillotine.over_everything():
            for _ in range(200):
                with guillotine.to_the_end(), contextlib.suppress(Busy, LeaseLost):
                    batch.refresh_from_db()
                    if batch.is_terminal:
                        break
                    step_all(batch)
        check(batch, team, sandbox)
        return guillotine

    whole = live()
    cuts = [cut for cut in whole.different_cuts() if whole.names[cut - 1].endswith("/v1/files")]
    near = sorted({at + beside for at in cuts for beside in (-1, 0, 1)})
    assert len(cuts) >= len(PAPERS), whole.names
    for cut in near:
        live(cut)


def test_another_batch_names_what_is_there_and_sends_again_what_is_not(team: Team, sandbox: Sandbox) -> None:
    dataset = papers(team)
    batches = [drive(asked(team, dataset)), drive(asked(team, dataset))]
    assert at_xai(team) == PAPERS
    [first, other] = SentFile.objects.order_by("held__name")
    client_for(account_of(team, "sandbox", None))._caller._http.delete(f"{sandbox.url}/v1/files/{first.file_id}")
    SentFile.objects.filter(pk=other.pk).update(sent_at=timezone.now() - timedelta(days=6))
    batches.append(drive(asked(team, dataset)))
    assert [batch.succeeded for batch in batches] == [5, 5, 5], story(batches[-1])
    assert sum(batch.cost_ticks for batch in batches) == sandbox.billed()
    assert Counter(at_xai(team)) == {"a": 1, "b": 2}, "one was deleted, and one is soon to be"


@WAYS
@pytest.mark.parametrize("at_once", [5, 1])
def test_a_file_that_xai_does_not_take_fails_its_rows_alone(
    at_once: int, way: dict[str, Any], team: Team, sandbox: Sandbox, settings: Any
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, chunk_rows=at_once)
    sandbox.fault("status", status=400, text="Unsupported file", call="files", times=1)
    batch = drive(asked(team, **way))
    assert (batch.failed, batch.succeeded) == (3, 2), story(batch)
    errors = Result.objects.filter(batch=batch, row__in=[1, 3, 5]).values_list("error", flat=True)
    assert all("does not take the file “a.pdf”" in error for error in errors), list(errors)
    assert at_xai(team) == ["b"]
    check_live_books(batch, sandbox) if way else check_books(batch, sandbox)


def test_nothing_is_uploaded_while_what_was_asked_is_on_its_way(
    team: Team, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload may take a minute; a process that died in it would lose replies that are paid."""
    open_asks = list[bool]()
    upload = XaiClient.upload_file

    def watched(*given: Any) -> str:
        open_asks.append(LiveRequest.objects.filter(state=LiveState.SENDING).exists())
        return upload(*given)

    monkeypatch.setattr(XaiClient, "upload_file", watched)
    batch = drive(asked(team, **LIVE))
    check(batch, team, sandbox)
    assert open_asks == [False, False]


def test_what_was_uploaded_for_a_batch_is_named_by_what_runs_live(team: Team, sandbox: Sandbox) -> None:
    dataset = papers(team)
    check(drive(asked(team, dataset)), team, sandbox)
    live = drive(asked(team, dataset, **LIVE))
    assert live.succeeded == 5, story(live)
    assert at_xai(team) == PAPERS


def test_a_live_run_that_is_cancelled_before_it_asks_uploads_nothing(team: Team, sandbox: Sandbox) -> None:
    batch = asked(team, **LIVE)
    actions.cancel(batch, None)
    batch = drive(batch)
    assert (batch.state, batch.cancelled) == ("cancelled", 5), story(batch)
    assert at_xai(team) == []


def test_a_document_that_is_too_large_for_a_try_is_uploaded_when_its_row_is_submitted(
    team: Team, sandbox: Sandbox, settings: Any
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, request_bytes=1_200)
    batch = draft_store.new_draft(team, None, papers(team))
    batch.prompt, batch.picture_column = "{{question}}", "paper"
    batch.save()
    with pytest.raises(
        trial_start.TrialRefused, match="A try carries its documents inside the request; a submitted row"
    ):
        trial_start.press(batch, None, [1])
    actions.start(batch, None, draft_store.estimate_of(batch))
    assert drive(batch).succeeded == 5, story(batch)
