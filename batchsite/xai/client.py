"""The xAI REST Batch API as typed calls. Network failures are always raised as XaiError."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import orjson

from batchsite.xai.base_url import normalise_base
from batchsite.xai.caller import MAX_BODY, Call, Caller, Reply
from batchsite.xai.page_walk import read_page, read_results_page, walk
from batchsite.xai.rate_limits import RateLimits, StartedDeferred
from batchsite.xai.result_page import RawRow, read_page_of_results
from batchsite.xai.transfer import DEFAULT_TIMEOUTS, Timeouts
from batchsite.xai.types import KeyInfo, LanguageModel, Page, RemoteBatch, RemoteFile, RequestMeta
from batchsite.xai.wire_json import is_table, table, text

T = TypeVar("T")
MOST_FILES = 100
"""Files on a page (facts 3)."""

__all__ = ["Timeouts", "XaiClient", "normalise_base"]


class XaiClient:
    """A client for one key. Threads may share it. Close it, or use it as a context manager.

    Retries are few and safe (facts 1.5). `total_timeout` limits a call with its retries and waits, in seconds; a
    step that has begun (see Timeouts) may run past it. Tests pass `transport`, `sleep` and `clock`.
    """

    def __init__(
        self,
        api_key: str,
        base_url: str = "https://api.x.ai/v1",
        *,
        transport: httpx.BaseTransport | None = None,
        timeout: Timeouts = DEFAULT_TIMEOUTS,
        retries: int = 2,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        total_timeout: float = 40.0,
        max_body: int = MAX_BODY,
    ) -> None:
        """Raises ValueError for an invalid address, KeyRejected for a key that no header can carry."""
        self._caller = Caller(
            api_key,
            base_url,
            transport=transport,
            timeouts=timeout,
            retries=retries,
            sleep=sleep,
            clock=clock,
            total_timeout=total_timeout,
            max_body=max_body,
        )

    def __enter__(self) -> XaiClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"XaiClient({self.base_url!r})"

    @property
    def base_url(self) -> str:
        return self._caller.base_url

    def close(self) -> None:
        self._caller.close()

    # ---- batches --------------------------------------------------------------------------------

    def create_batch(self, name: str, *, input_file_id: str | None = None) -> RemoteBatch:
        """Creates an empty batch, or one from an uploaded file.

        After an unknown outcome, look for the name in `iter_batches` before creating it again (facts 1.6).
        """
        body = {"name": name} if input_file_id is None else {"name": name, "input_file_id": input_file_id}
        return self._post("/batches", orjson.dumps(body), _batch)

    def get_batch(self, batch_id: str) -> RemoteBatch:
        return self._get(_path("/batches/{}", batch_id), _batch)

    def list_batches(self, limit: int = 100, token: str | None = None) -> Page[RemoteBatch]:
        """Returns the team's batches, newest first, including those of other keys and programs (facts 1.1)."""
        return self._get(
            "/batches",
            lambda reply: read_page(reply.data, "batches", RemoteBatch.from_wire),
            _page_params(limit, token),
        )

    def iter_batches(self) -> Iterator[RemoteBatch]:
        return walk(lambda token: self.list_batches(token=token))

    def cancel_batch(self, batch_id: str) -> RemoteBatch:
        """Asks for a cancel. Finished rows stay, and counters may still decrease (facts 2.9).

        Cancelling twice, or cancelling a finished batch, is undocumented: if it is refused, check `get_batch`.
        """
        return self._post(_path("/batches/{}", batch_id) + ":cancel", None, _batch)

    # ---- requests and results -------------------------------------------------------------------

    def add_requests(self, batch_id: str, body: bytes) -> None:
        """Adds the requests of a body made by `encode_requests`, sent byte for byte. All or none are admitted.

        xAI replies `null`; any 2xx with JSON or an empty body counts as success. After an unknown outcome, compare
        with `iter_requests` before sending again (facts 1.6).
        """
        self._post(_path("/batches/{}/requests", batch_id), body, lambda _reply: None)

    def list_requests(self, batch_id: str, limit: int = 1000, token: str | None = None) -> Page[RequestMeta]:
        """Returns the admitted requests, at most 1000 a page (facts 2.6)."""
        return self._get(
            _path("/batches/{}/requests", batch_id),
            lambda reply: read_page(reply.data, "batch_request_metadata", RequestMeta.from_wire),
            _page_params(limit, token),
        )

    def iter_requests(self, batch_id: str) -> Iterator[RequestMeta]:
        return walk(lambda token: self.list_requests(batch_id, token=token))

    def list_results(self, batch_id: str, limit: int = 1000, token: str | None = None) -> Page[dict[str, Any]]:
        """Returns raw result rows, at most 1000 a page. Store them raw, and read them with `read_result`.

        They are not in the order of submission. While the batch runs, rows that finish later may sort before the
        cursor, so read everything again from page one after completion (facts 2.7).
        """
        return self._get(
            _path("/batches/{}/results", batch_id),
            lambda reply: read_results_page(reply.data),
            _page_params(limit, token),
        )

    def read_results(self, batch_id: str, limit: int = 1000, token: str | None = None) -> Page[RawRow]:
        """Returns the same page with each row read, five times faster than one by one."""
        return self._caller.call(
            Call("GET", _path("/batches/{}/results", batch_id), params=_page_params(limit, token), decode=bytes),
            lambda reply: read_page_of_results(reply.data or b""),
        )

    def iter_results(self, batch_id: str, limit: int = 1000, token: str | None = None) -> Iterator[dict[str, Any]]:
        return walk(lambda at: self.list_results(batch_id, limit, at), token)

    def upload_file(
        self, name: str, data: bytes, mime: str = "application/jsonl", expires_after: int | None = None
    ) -> str:
        """Uploads a file and returns its id: for `create_batch(input_file_id=…)`, or for a part of a message.

        At most 50 MB; xAI deletes it after `expires_after` seconds (facts 3). After an unknown outcome, look for its
        name in `iter_files`.
        """
        fields = {"expires_after": str(expires_after)} if expires_after else None
        call = Call("POST", "/files", files={"file": (name, data, mime)}, fields=fields)
        return self._caller.call(call, lambda reply: _required(reply, "id"))

    def get_file(self, file_id: str) -> RemoteFile:
        """Returns what xAI knows of a file. Raises NotFound if it was deleted, or has expired."""
        return self._get(_path("/files/{}", file_id), lambda reply: RemoteFile.from_wire(reply.data))

    def iter_files(self) -> Iterator[RemoteFile]:
        """Yields the team's files, newest first. Every page has a token: a short one is the last (facts 3)."""

        def fetch(token: str | None) -> Page[RemoteFile]:
            params = _page_params(MOST_FILES, token)
            page = self._get("/files", lambda reply: read_page(reply.data, "data", RemoteFile.from_wire), params)
            return page if len(page.items) == MOST_FILES else Page(page.items, None)

        return walk(fetch)

    # ---- the account ----------------------------------------------------------------------------

    def check_key(self) -> KeyInfo:
        """Returns what xAI knows about the key. Free of charge, and the best test of a key (facts 7.5)."""
        return self._get("/api-key", lambda reply: KeyInfo.from_wire(reply.data))

    def language_models(self) -> list[LanguageModel]:
        """Returns the team's text models at list prices. xAI does not say which run in batches (facts 7.2)."""
        return self._get(
            "/language-models",
            lambda reply: read_page(reply.data, "models", LanguageModel.from_wire).items,
        )

    # ---- one request in real time ---------------------------------------------------------------

    # `call_id` goes along as the name of the call: no idempotency key, but it can be traced (facts 1.1).

    def chat_completion(self, body: Mapping[str, Any], call_id: str = "") -> dict[str, Any]:
        """Returns the completion for a body made by `chat_body`, at list price. Read it with `read_completion`.

        Reasoning may take longer than the default time-outs allow: use a client with longer ones.
        """
        return self._post("/chat/completions", orjson.dumps(body), _object, call_id)

    def response(self, body: Mapping[str, Any], call_id: str = "") -> dict[str, Any]:
        """Returns the reply of /responses, which may use tools, at list price. `read_completion` reads it, too."""
        return self._post("/responses", orjson.dumps(body), _object, call_id)

    def start_deferred(self, body: Mapping[str, Any], call_id: str = "") -> StartedDeferred:
        """Starts a completion without waiting for it; its id is for `get_deferred` (facts 5).

        After an unknown outcome nobody can look whether it was started: xAI has no list of them.
        """
        return self._post("/chat/completions", orjson.dumps({**body, "deferred": True}), _started, call_id)

    def get_deferred(self, request_id: str) -> dict[str, Any] | None:
        """Returns the completion, None while it runs. It can be read only once, within 24 hours: store it first."""
        return self._get(
            _path("/chat/deferred-completion/{}", request_id),
            lambda reply: None if reply.status == 202 else _object(reply),
        )

    # ---- helpers -------------------------------------------------------------------------------

    def _get(self, path: str, read: Callable[[Reply], T], params: dict[str, str | int] | None = None) -> T:
        return self._caller.call(Call("GET", path, params=params), read)

    def _post(self, path: str, content: bytes | None, read: Callable[[Reply], T], call_id: str = "") -> T:
        call = Call("POST", path, content=content)
        return self._caller.call(replace(call, id=call_id) if call_id else call, read)


def _path(pattern: str, part: str) -> str:
    """Returns the path with the quoted id in it. Raises ValueError for an empty id, which would ask for the list."""
    if not part:
        raise ValueError(f"An id is missing for {pattern.format('…')}.")
    return pattern.format(quote(part, safe=""))


def _page_params(limit: int, token: str | None) -> dict[str, str | int]:
    return {"limit": limit} if token is None else {"limit": limit, "pagination_token": token}


def _batch(reply: Reply) -> RemoteBatch:
    return RemoteBatch.from_wire(reply.data)


def _object(reply: Reply) -> dict[str, Any]:
    if not is_table(reply.data):
        raise ValueError("it holds no JSON object")
    return reply.data


def _started(reply: Reply) -> StartedDeferred:
    return StartedDeferred(_required(reply, "request_id"), RateLimits.from_headers(reply.headers))


def _required(reply: Reply, name: str) -> str:
    value = text(table(reply.data).get(name))
    if not value:
        raise ValueError(f"it holds no {name}")
    return value
