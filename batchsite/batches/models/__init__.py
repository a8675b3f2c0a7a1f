"""The tables of batches. What must survive a crash is a column here."""

from __future__ import annotations

from batchsite.batches.models.batch import Batch, Repeats
from batchsite.batches.models.batch_end import BatchEnd
from batchsite.batches.models.live_requests import LiveRequest, LiveState
from batchsite.batches.models.row_records import Event, ExtraAnswer, RawPage, RequestDigest, RequestId, Result
from batchsite.batches.models.side_records import (
    LONGEST_TAG,
    ROWS_AT_ONCE,
    CallBudget,
    DailySpend,
    FlawCount,
    Generation,
    ModelAnswer,
    ModelOffer,
    Pace,
    Renewal,
    SavedView,
    Tagging,
)
from batchsite.batches.models.submissions import (
    Chunk,
    ChunkState,
    EndedBy,
    Submission,
    _submission_token,
    submission_token,
)

__all__ = [
    "LONGEST_TAG",
    "ROWS_AT_ONCE",
    "Batch",
    "BatchEnd",
    "CallBudget",
    "Chunk",
    "ChunkState",
    "DailySpend",
    "EndedBy",
    "Event",
    "ExtraAnswer",
    "FlawCount",
    "Generation",
    "LiveRequest",
    "LiveState",
    "ModelAnswer",
    "ModelOffer",
    "Pace",
    "RawPage",
    "Renewal",
    "Repeats",
    "RequestDigest",
    "RequestId",
    "Result",
    "SavedView",
    "Submission",
    "Tagging",
    "_submission_token",
    "submission_token",
]
