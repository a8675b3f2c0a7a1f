"""Everything else that reads what people, browsers, providers and other servers send: its work and memory are bounded.

As in `test_work_is_proportional.py`, which has what reads files, prompts and schemas. Here each reader's calls are
counted, too: that is the same number on every machine. The memory it takes beside its input is limited.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from types import FrameType, SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from pytest_django import Settings

from batchsite.batches.causes import cause_of
from batchsite.batches.tags import tags_in
from batchsite.datasets import web_address
from batchsite.datasets.profile import Profiler
from batchsite.drafts import typed_parts
from batchsite.entry.passkey_forms import CredentialField
from batchsite.entry.sign_on import role_of
from batchsite.home.views_batches import view_query
from batchsite.http import client_address, day_of, page_shown, whole_numbers
from batchsite.provider.ownership import bare_name, token_of
from batchsite.recipes import tools
from batchsite.recipes.answer_shape import shape_of
from batchsite.recipes.download_columns import column_names
from batchsite.recipes.parameters import check_params
from batchsite.recipes.shape_fields import field_problems, fields_schema
from batchsite.results.answer_fields import values_in
from batchsite.results.row_filter import chips, filter_in, table_query, unknown_filter
from batchsite.results.sort_keys import sort_value
from batchsite.setup import JsonLines
from batchsite.tables.cell_values import is_datum
from batchsite.tables.excerpts import excerpt
from batchsite.teams.forms import BudgetForm
from batchsite.templatetags.words import breakable, marked
from batchsite.wording import plain_name
from batchsite.xai.classification import classify
from batchsite.xai.rate_limits import RateLimits
from batchsite.xai.result_page import read_page_of_results
from batchsite.xai.retry_after import parse_retry_after
from batchsite.xai.tool_turns import annotations_of, calls_counted, sources_of
from batchsite.xai.wire_json import decode_json, encode_json
from tests.pages.test_work_is_proportional import MOST, is_in_proportion

MOST_CALLS, A_FEW_CALLS = 6, 1_000
"""Times as many calls for four times as much; the square would be sixteen."""
BYTES_EACH, BYTES_ANYHOW = 40, 3_000_000
"""Memory for each byte of input, and besides."""
FIELDS: dict[str, Any] = {"fields": [{"name": "a", "type": "text", "values": [], "description": "", "required": True}]}


def request_with(**headers: str) -> HttpRequest:
    request = HttpRequest()
    request.META.update(
        {f"HTTP_{name.upper()}": value for name, value in headers.items()},
        REMOTE_ADDR="192.0.2.1",
    )
    request.method, request.path = "GET", "/join/" + headers.get("path", "")
    return request


def filtered(query: str) -> None:
    found = filter_in(given := QueryDict(query))
    chips(found, given)
    table_query(found)
    unknown_filter(given, found)


def logged(path: str) -> str:
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Gone: %s", (path,), None)
    record.__dict__["request"] = request_with(path=path)
    return JsonLines().format(record)


def claimed(groups: object) -> object:
    account = SimpleNamespace(extra_data={"id_token": {"groups": groups}})
    return role_of(SimpleNamespace(account=account))


def page_of_results(row: str, count: int) -> bytes:
    return ('{"results": [' + ", ".join([row] * count) + "]}").encode()


def answered(text: str) -> str:
    return json.dumps(
        {
            "batch_request_id": "a",
            "batch_result": {"response": {"chat_get_completion": {"a": text}}},
        }
    )


def typed(count: int) -> QueryDict:
    return QueryDict("fields-shown=1&" + "&".join(["fields-name=a&fields-values=b%0Ac"] * count))


def refused(status: int, body: str) -> object:
    return classify("POST", status, {"content-type": "text/html"}, body.encode())


def profiled(cells: list[str]) -> object:
    profiler = Profiler(["a"])
    profiler.add([[cell] for cell in cells])
    return profiler.profile()


def budget(text: str) -> object:
    return BudgetForm({"budget": text}).is_valid()


READERS: dict[str, tuple[int, Callable[[int], Any], Callable[[Any], object]]] = {
    # addresses and queries
    "address of a table: dots": (20_000, lambda n: "a." * n + "!", web_address.parse),
    "address of a table: path": (5_000, lambda n: "example.org/" + "a/" * n, web_address.parse),
    "address of a Google Sheet": (
        5_000,
        lambda n: "https://docs.google.com/spreadsheets/d/" + "a" * 40 + "/edit?" + "gid=1&" * n,
        lambda t: web_address.of_csv(web_address.parse(t)),
    ),
    "filter of rows: fields": (200, lambda n: "&".join(f"f.a{i}=b" for i in range(n)), filtered),
    "filter of rows: one value": (100_000, lambda n: "search=" + "a+" * n, filtered),
    "filter of rows: measures": (100_000, lambda n: "tokens=" + "1-" * n + "&sort=-c." + "a" * n, filtered),
    "view of a list": (200, lambda n: QueryDict("&".join(f"a{i}=b" for i in range(n))), view_query),
    "ids": (50_000, lambda n: ["1"] * n + ["9" * n], lambda t: whole_numbers(t)),
    "day": (100_000, lambda n: "2026-" * n, lambda t: day_of(t)),
    # headers
    "header: addresses of proxies": (20_000, lambda n: request_with(x_forwarded_for="[, " * n), client_address),
    "header: page of htmx": (50_000, lambda n: request_with(hx_current_url="//a?" + "&[" * n), page_shown),
    "line of the log": (20_000, lambda n: "/join/" * n, lambda t: logged(t)),
    # forms
    "tags": (50_000, lambda n: "a, # ," * n, lambda t: tags_in(t)),
    "domains": (20_000, lambda n: "https://a.b/c\n" * n, lambda t: tools.tidy("domains", t)),
    "accounts on X": (20_000, lambda n: "https://www.x.com/@a, " * n, lambda t: tools.tidy("handles", t)),
    "domains of a tool": (5_000, lambda n: {"web_search": {"allowed_domains": ["a-" * 120 + "!"] * n}}, tools.problems),
    "stop words": (5_000, lambda n: {"stop": [f"a{i}" for i in range(n)]}, lambda t: check_params("grok-4.3", t)),
    "fields typed": (100, lambda n: typed(n), lambda t: typed_parts.fields(typed_parts.rows_of(t, "fields") or [])),
    "button of a field": (100_000, lambda n: "fields-up-" + "1" * n, lambda t: typed_parts.after([1], "fields", t, 2)),
    "fields of an answer": (
        200,
        lambda n: [FIELDS["fields"][0] | {"name": f"a{i}"} for i in range(n)],
        lambda t: (field_problems(t), fields_schema(t)),
    ),
    "values of a field": (
        2_000,
        lambda n: [FIELDS["fields"][0] | {"type": "choice", "values": [f"v{i}" for i in range(n)]}],
        field_problems,
    ),
    "money": (100_000, lambda n: "1e" + "9" * n, lambda t: budget(t)),
    "money: an exponent": (1_000_000, lambda n: f"1e{n}", lambda t: budget(t)),
    "passkey": (20_000, lambda n: '{"a":' * n, lambda t: CredentialField().clean(t)),
    # cells, and what is shown of them
    "columns of a download": (
        400,
        lambda n: [f"answer_{i}" for i in range(n)],
        lambda t: column_names(["answer", *t], ["answer", "row"]),
    ),
    "cell: nearly a number": (100_000, lambda n: "1," * n + "x", lambda t: is_datum(t)),
    "cell: nearly a mail": (100_000, lambda n: "a@" * n, lambda t: is_datum(t)),
    "cell: blanks": (100_000, lambda n: " " * n + "x", lambda t: is_datum(t)),
    "profile: nearly numbers": (2_000, lambda n: ["1" * 500 + "x"] * n, profiled),
    "profile: one long cell": (500_000, lambda n: ["1." * n], profiled),
    "order of a text": (100_000, lambda n: "1" * n + "é", lambda t: sort_value(t)),
    "excerpt": (100_000, lambda n: "\0\u0301" * n, lambda t: excerpt(t, len(t))),
    "name in a mail": (100_000, lambda n: "www.\u202e://" * n, lambda t: plain_name(t)),
    "label that may wrap": (10_000, lambda n: "_" * n, lambda t: breakable(t)),
    "what was searched for": (50_000, lambda n: ("a" * n, "a" * (n // 50) + "b"), lambda t: marked(*t)),
    "what was searched for, often": (5_000, lambda n: "aß" * n, lambda t: marked(t, "ASS")),
    # what xAI replies
    "reply: depth": (50_000, lambda n: b"[" * n + b"]" * n, lambda t: decode_json(t)),
    "reply: half characters": (20_000, lambda n: b'["' + rb"\ud83d" * n + b'"]', decode_json),
    "reply: written again": (50_000, lambda n: [[]] * n, lambda t: encode_json(t, indent=True)),
    "reply: rows of results": (500, lambda n: page_of_results(answered("a"), n), read_page_of_results),
    "reply: a long row": (100_000, lambda n: page_of_results(answered("\\u0000" * n), 1), read_page_of_results),
    "reply: error as a page": (50_000, lambda n: "<html>" + "<title>" * n, lambda t: refused(500, t)),
    "reply: error in words": (
        50_000,
        lambda n: json.dumps({"error": "model key team " * n}),
        lambda t: refused(400, t),
    ),
    "reply: cause of an error": (20_000, lambda n: "time d out max " * n, cause_of),
    "reply: sources": (
        5_000,
        lambda n: {"citations": [f"https://a.b/{i}" for i in range(n)]},
        lambda t: sources_of(t, []),
    ),
    "reply: notes beside the text": (5_000, lambda n: {"content": [{"annotations": [{}] * 3}] * n}, annotations_of),
    "reply: calls of tools": (
        5_000,
        lambda n: {"usage": {"server_side_tool_usage": {f"a{i}": 1 for i in range(n)}}},
        calls_counted,
    ),
    "reply: when to come again": (20_000, lambda n: "(" * n + "1 Jan" * n, lambda t: parse_retry_after(t, None)),
    "reply: limits": (5_000, lambda n: {f"x-ratelimit-{i}": "9" * 50 for i in range(n)}, RateLimits.from_headers),
    "reply: name of a batch": (20_000, lambda n: " " * n + "x", lambda t: (token_of(t), bare_name(t))),
    "reply: marks in a name": (20_000, lambda n: "[bs-a" * n, lambda t: (token_of(t), bare_name(t))),
    "answer: depth": (20_000, lambda n: '{"a":' + "[" * n + "]" * n + "}", lambda t: values_in(shape_of(FIELDS), t)),
    "answer: many fields": (
        5_000,
        lambda n: json.dumps({f"a{i}": i for i in range(n)}),
        lambda t: values_in(shape_of(FIELDS), t),
    ),
    # what a provider of sign-on says
    "claims: groups": (20_000, lambda n: [f"g{i}" for i in range(n)], claimed),
    "claims: no list": (20_000, lambda n: {f"g{i}": 1 for i in range(n)}, claimed),
}
"""By name: a size, what makes the worst input of a size, and what reads it."""
EXPECTED = (ValueError, web_address.NotFetched, MemoryError, ValidationError)
"""What readers raise for what they refuse."""


@pytest.fixture(autouse=True)
def _options(settings: Settings) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, behind_proxy=True, proxies=1, oidc_roles=("leads=admin",))


def attempt(read: Callable[[Any], object], given: Any) -> None:
    with contextlib.suppress(*EXPECTED):
        read(given)


def calls(read: Callable[[Any], object], given: Any) -> int:
    count = 0

    def note(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        attempt(read, given)
    finally:
        sys.setprofile(None)
    return count


def memory(read: Callable[[Any], object], given: Any) -> int:
    tracemalloc.start()
    try:
        attempt(read, given)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", READERS)
def test_four_times_as_much_takes_about_four_times_the_work(name: str) -> None:
    size, make, read = READERS[name]
    attempt(read, make(10))  # imports and caches
    once, four = make(size // 4), make(size)
    assert calls(read, four) <= MOST_CALLS * calls(read, once) + A_FEW_CALLS
    assert memory(read, four) <= BYTES_EACH * len(str(four)) + BYTES_ANYHOW

    def timed(given: int) -> None:
        attempt(read, make(given))

    assert is_in_proportion(timed, size) or is_in_proportion(timed, size), f"more than {MOST} times as long"
