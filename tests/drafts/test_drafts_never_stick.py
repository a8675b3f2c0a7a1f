"""Whatever a draft holds and whatever an address asks for, its pages answer: no 500, no draft that cannot be opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batchsite.batches.models import Batch, ModelOffer
from batchsite.drafts import draft_store
from batchsite.drafts.draft_warnings import warnings_of
from batchsite.recipes.parameters import NAMES
from batchsite.teams.accounts import sandbox_url
from batchsite.teams.models import Team, User
from tests.factories import make_dataset
from tests.recipes.test_pasted_schemas import SCHEMAS, doubling
from tests.submission.stories import a_draft

CASES = Path(__file__).parents[1] / "cases"
PAGES = ("batch-edit", "batch-review", "try")
PARTS = ("batch-models", "try-panel", "batch-progress", "batch-summary")
OTHER_PAGES = (
    *("batch", "batch-again", "batch-rows", "batch-notes", "batch-course", "batch-cancel", "batch-finish"),
    *("batch-go-on", "batch-retry", "batch-rename", "batch-delete", "batch-compare", "batch-download"),
)
HTMX = {"HX-Request": "true"}
fuzzed = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture
def draft(team: Team, alice: User) -> Batch:
    return a_draft(team, alice)


@pytest.fixture
def site(alice: User, client_of: Callable[[User], Client]) -> Client:
    client = client_of(alice)
    client.raise_request_exception = False
    return client


def look(site: Client, draft: Batch, query: dict[str, str] | None = None) -> None:
    """Opens the pages of a draft, and their live parts if the address asks for something."""
    for name in (*PAGES, *(PARTS if query else ())):
        headers = HTMX if name in PARTS else {}
        answer = site.get(reverse(name, args=[draft.pk]), query or {}, headers=headers)
        assert answer.status_code < 500, f"{name} {query}"


def typed(site: Client, draft: Batch, **fields: Any) -> None:
    """Types into the form of a draft, in every way there is."""
    values = {"name": "Sorting", "prompt": "Sort {{text}}", "model": "grok-4.3", "row": "1"} | fields
    for name in ("batch-preview", "batch-check", "batch-fill", "batch-keep", "try"):
        headers = HTMX if name == "batch-preview" else {}
        answer = site.post(reverse(name, args=[draft.pk]), values, headers=headers)
        assert answer.status_code < 500, f"{name} {fields}"


@pytest.mark.parametrize(
    "values",
    [
        {"params": {"seed": 10**30}},
        {"params": {"seed": -(10**30), "max_completion_tokens": 10**400, "stop": [None, 5], "temperature": "hot"}},
        {"params": {"reasoning_effort": ["x"], "unknown": {"a": 1}}},
        {"prompt": "{{nobody}} {{text", "system_prompt": "{{}}"},
        {"prompt": "{{" * 20_000},
        {"examples": [{"user": "{{nobody}}", "assistant": ""}] * 200},
        {"id_column": "a column that was there before"},
        {"ranges": [[500, 900]], "row_limit": 10**9},
        {"shape": {"schema": "{"}},
        {"shape": {"schema": json.dumps(doubling(18))}},
        {"shape": {"schema": {"enum": [10**30]}}},
        {"shape": {"schema": '{"type":["string","null"],"properties":[]}'}},
        {"shape": {"fields": [{"name": "a", "type": "choice"}]}},
        {"shape": {"schema": (CASES / "nullable-schema" / "schema.json").read_text()}},
        {"shape": {"schema": (CASES / "schema-in-its-envelope" / "schema.json").read_text()}},
        {"model": "", "variants": [{"prompt": "{{nobody}}"}, {"model": "no such model"}]},
    ],
)
def test_no_draft_gets_stuck(values: dict[str, Any], draft: Batch, site: Client) -> None:
    draft_store.save(draft, values)
    look(site, draft)


@pytest.mark.parametrize(
    "values",
    [
        {"params": {"seed": 10**30}},
        {"prompt": "{{nobody}}", "shape": {"schema": "{"}},
        {"id_column": "a column that was there before", "ranges": [[500, 900]]},
    ],
)
def test_the_pages_of_a_batch_open_for_any_draft(values: dict[str, Any], draft: Batch, site: Client) -> None:
    draft_store.save(draft, values)
    for name in OTHER_PAGES:
        assert site.get(reverse(name, args=[draft.pk])).status_code < 500, name
    for name in ("batch-row", "batch-row-retry"):
        assert site.get(reverse(name, args=[draft.pk, 1])).status_code < 500, name
    assert site.get(reverse("batch-results", args=[draft.pk, "csv"])).status_code < 500
    typed(site, draft)


def test_a_row_of_a_table_of_requests_may_hold_anything(team: Team, alice: User, site: Client) -> None:
    bodies = ["5", "[]", '{"messages":5}', '{"messages":[5]}', '{"messages":{"a":1}}', '{"model":5}', "[" * 2000]
    bodies.append('{"messages":[{"content":' + "[" * 500 + "]" * 500 + "}]}")
    rows = [[f"r{n}", "POST", "/v1/chat/completions", body] for n, body in enumerate(bodies)]
    draft = a_draft(team, alice, make_dataset(team, ["custom_id", "method", "url", "body"], rows, form="requests"))
    for row in range(1, len(rows) + 1):
        assert site.get(reverse("batch-edit", args=[draft.pk]), {"row": row}).status_code == 200


NUMBERS = st.sampled_from(["9" * 5000, "1" + "0" * 30, "-1", "1e400", "nan", "inf", "٣", "1_000", "0x10", " 5 ", "1.5"])
TEXT = st.text(max_size=30) | st.sampled_from(["{{", "{{nobody}}", "\0", "\ud7ff", "}}{{text}}", "\r\n", "a" * 3000])
ANY = NUMBERS | TEXT
FIELDS = (
    *("prompt", "system_prompt", "row_limit", "ranges", "skip_empty", "shape_kind", "schema", "id_column", "model"),
    *("name", "auto_retries", "deadline_hours", "row", "step", "do", "params-of", "variants", "prompt-1", "model-1"),
    *("act", "how", "count", "picked", "undo", "version", "starter", "keep-name", "keep-comment"),
    *("examples-shown", "examples-user", "examples-assistant", "fields-shown", "fields-name", "fields-type"),
    *("fields-values", "fields-required", *NAMES),
)
BUTTONS = st.builds(
    lambda verb, number: f"{verb}-{number}",
    st.sampled_from(["values", "examples-up", "fields-remove", "row", "use", "keep", "stop", "remove", "use-1"]),
    ANY,
)


@fuzzed
@given(fields=st.dictionaries(st.sampled_from(FIELDS), ANY | BUTTONS, max_size=8))
def test_any_field_may_hold_anything(fields: dict[str, str], draft: Batch, site: Client) -> None:
    typed(site, draft, **{name: text.encode("utf-8", "replace").decode() for name, text in fields.items()})
    look(site, draft)


QUERY = ("row", "look", "shown", "model", "trial", "how", "count", "picked", "prompt", "search", "after", "page", "new")


@fuzzed
@given(query=st.dictionaries(st.sampled_from(QUERY), ANY, max_size=5))
def test_any_address_may_ask_for_anything(query: dict[str, str], draft: Batch, site: Client) -> None:
    look(site, draft, query)
    for name in ("batch-new", "prompts"):
        assert site.get(reverse(name), query).status_code < 500, f"{name} {query}"


@fuzzed
@given(schema=SCHEMAS)
def test_any_schema_may_be_pasted(schema: Any, draft: Batch, site: Client) -> None:
    values = {"name": "x", "prompt": "{{text}}", "model": "grok-4.3", "shape_kind": "schema"}
    answer = site.post(reverse("batch-check", args=[draft.pk]), values | {"schema": json.dumps(schema)})
    assert answer.status_code < 500
    look(site, draft)


@pytest.mark.parametrize("search", ["a" * 200_000, "%" * 60_000, "\0"])
def test_a_long_search_finds_nothing_and_breaks_nothing(search: str, team: Team, site: Client) -> None:
    assert site.get(reverse("prompts"), {"search": search, "after": search}).status_code < 500


# ---- what should be known before money is spent ---------------------------------------------------------


def test_an_envelope_is_said_on_the_page(draft: Batch, site: Client) -> None:
    text = (CASES / "schema-in-its-envelope" / "schema.json").read_text()
    answer = site.post(
        reverse("batch-preview", args=[draft.pk]),
        {"name": "x", "prompt": "{{text}}", "model": "grok-4.3", "shape_kind": "schema", "schema": text},
        headers=HTMX,
    )
    assert "only what is under “schema” is used" in answer.content.decode()


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("The same for all", "20 equal requests will be billed"),
        ("Sort {text}", "“{text}” is sent as it is. If you mean the column, write {{text}}."),
        ("Sort ${text} {{id}}", "“${text}” is sent as it is."),
    ],
)
def test_a_prompt_that_asks_the_same_again_is_a_warning(prompt: str, words: str, draft: Batch) -> None:
    draft_store.save(draft, {"prompt": prompt})
    assert any(words in warning for warning in warnings_of(draft))


def test_a_prompt_with_its_columns_is_no_warning(draft: Batch) -> None:
    draft_store.save(draft, {"prompt": "<text>{{text}}</text>"})
    assert warnings_of(draft) == []


def test_a_prompt_that_the_model_cannot_hold_is_a_warning(team: Team, alice: User) -> None:
    ModelOffer.objects.create(
        base_url=sandbox_url(),
        model="grok-4.3",
        aliases=[],
        input_price=1,
        cached_price=1,
        output_price=1,
        context_length=2000,
        refreshed_at=timezone.now(),
    )
    dataset = make_dataset(team, ["text"], [["short"], ["x" * 9000], ["brief"]])
    draft = a_draft(team, alice, dataset, prompt="Sort {{text}}")
    [warning] = warnings_of(draft)
    assert "The prompt of row 2 has about 2,44" in warning
    assert "grok-4.3 takes 2,000" in warning
    draft_store.save(draft, {"ranges": [[3, 3]]})
    assert warnings_of(draft) == []
    draft_store.save(draft, {"params": {"max_completion_tokens": 1900}})
    assert "1,900 of them for the answer" in warnings_of(draft)[0]


def test_every_row_that_the_model_cannot_hold_is_named(team: Team, alice: User) -> None:
    offer = {"aliases": [], "input_price": 1, "cached_price": 1, "output_price": 1, "refreshed_at": timezone.now()}
    ModelOffer.objects.create(base_url=sandbox_url(), model="grok-4.3", context_length=2000, **offer)
    rows = [["x" * (9000 + number if number % 2 else number)] for number in range(1, 18)]
    draft = a_draft(team, alice, make_dataset(team, ["text"], rows), prompt="Sort {{text}}")
    [warning] = warnings_of(draft)
    assert "The prompt of row 17 has about" in warning
    assert "it fails, and so do rows 1, 3, 5, 7, 9 and 3 more." in warning


def test_a_slip_with_another_case_or_spelling_is_found(team: Team, alice: User) -> None:
    draft = a_draft(team, alice, make_dataset(team, ["Subject line"], [["a"], ["b"]]), prompt="Sort {subject_line}")
    assert any("“{subject_line}” is sent as it is" in words for words in warnings_of(draft))
