"""What a provider is asked, one function a line of the report. Each follows a section of docs/xai-facts.md.

A check returns what it saw, raises Different if that is not what the facts say, NotAsked if it cannot be made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from batchsite.operations.live_probe import PAUSE, ROWS, Different, LiveProbe, NotAsked, file_line
from batchsite.xai.bodies import RESPONSES
from batchsite.xai.catalogue import BATCH_MODELS, batch_cost, list_price
from batchsite.xai.errors import (
    ContentDiffers,
    ModelNotBatchable,
    ModelUnknown,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    XaiError,
)

IDS = [f"doctor-{number}" for number in range(1, ROWS + 1)]
FAILING, CACHED = "doctor-failing", ("doctor-cached-1", "doctor-cached-2")
LONG_TEXT = "The same long beginning of two requests. " * 150
MOST_LOOKS = 24
_TYPICAL, _SEARCH = 12_000_000, 250_000_000
"""Ticks of a short request, and of one that searches the web, both with room to spare."""


@dataclass(frozen=True)
class Check:
    about: str
    run: Callable[[LiveProbe], str]
    ticks: int = 0
    """What it may cost at most."""


def key(probe: LiveProbe) -> str:
    info = probe.client.check_key()
    if info.blocked:
        raise Different(info.reason)
    return "the key works, and asking is free (facts 7.5)"


def models(probe: LiveProbe) -> str:
    listed = {model.id: model for model in probe.client.language_models()}
    wrong = [model.id for model in BATCH_MODELS if model.id not in listed]
    if wrong:
        raise Different(f"not listed: {', '.join(wrong)}")
    for known in BATCH_MODELS:
        seen, price = listed[known.id], known.price
        now = (seen.input_ticks, seen.cached_ticks, seen.output_ticks)
        if now != (price.input_ticks, price.cached_ticks, price.output_ticks):
            raise Different(f"{known.id} costs {now} ticks a token")
    return f"{len(listed)} models, prices as in the table (facts 7.3)"


def create(probe: LiveProbe) -> str:
    made = probe.client.create_batch(f"{probe.name} rows")
    probe.batch_id = made.batch_id
    if made.counters and made.counters.num_requests:
        raise Different(f"a new batch has {made.counters.num_requests} requests")
    return "named, empty, with an id (facts 2.1)"


def add(probe: LiveProbe) -> str:
    batch_id = probe.need_batch()
    probe.client.add_requests(batch_id, probe.body(IDS))
    probe.client.add_requests(batch_id, probe.body([FAILING], max_tokens=-5))
    return "taken with an empty reply (facts 2.5)"


def listed(probe: LiveProbe) -> str:
    seen = {meta.batch_request_id for meta in probe.client.iter_requests(probe.need_batch())}
    if seen != {*IDS, FAILING}:
        raise Different(f"{len(seen)} of {ROWS + 1} requests are listed right after they were added")
    return "all requests are listed at once (facts 2.6)"


def added_again(probe: LiveProbe) -> str:
    batch_id = probe.need_batch()
    try:
        probe.client.add_requests(batch_id, probe.body(IDS))
    except XaiError as error:
        raise Different(f"refused with HTTP {error.status}") from error
    count = sum(1 for _ in probe.client.iter_requests(batch_id))
    if count != ROWS + 1:
        raise Different(f"listed again: {count} requests instead of {ROWS + 1}")
    return "taken, and not listed again (facts 2.5)"


def added_changed(probe: LiveProbe) -> str:
    try:
        probe.client.add_requests(probe.need_batch(), probe.body(IDS[:1], words="Reply with NO."))
    except ContentDiffers:
        return "refused with 412 (facts 2.5)"
    except XaiError as error:
        raise Different(f"refused with HTTP {error.status}") from error
    raise Different("taken")


def refused_model(probe: LiveProbe) -> str:
    batch_id = probe.need_batch()
    try:
        probe.client.add_requests(batch_id, probe.body(["doctor-other"], model="grok-4.6"))
    except ModelUnknown as error:
        raise NotAsked("the team has no access to grok-4.6") from error
    except ModelNotBatchable:
        return "grok-4.6 is refused, and nothing is admitted (facts 7.3)"
    raise Different("grok-4.6 is taken into a batch")


def pages(probe: LiveProbe) -> str:
    batch_id = probe.need_batch()
    probe.rows = probe.results_of(batch_id, ROWS + 1)
    seen: list[str] = []
    token: str | None = None
    for _ in range(3 * (ROWS + 1)):
        page = probe.client.list_results(batch_id, 2, token)
        seen += [str(raw.get("batch_request_id")) for raw in page.items]
        token = page.next_token
        if token is None:
            break
    if sorted(seen) != sorted({*IDS, FAILING}):
        raise Different(f"pages of two gave {len(seen)} rows, {len(set(seen))} of them different, of {ROWS + 1}")
    return "pages of two lead through all rows once (facts 2.7)"


def counters(probe: LiveProbe) -> str:
    if not probe.rows:
        raise NotAsked("there are no results")
    failed = sum(row.outcome == "failed" for row in probe.rows.values())
    answered = len(probe.rows) - failed
    for _ in range(MOST_LOOKS):
        seen = probe.client.get_batch(probe.need_batch()).counters
        if seen and (seen.num_requests, seen.num_success, seen.num_error, seen.num_pending) == (
            len(probe.rows),
            answered,
            failed,
            0,
        ):
            return "agree with the results (facts 2.4)"
        probe.wait(PAUSE)
    raise Different(f"{seen} beside {answered} answers and {failed} errors, for two minutes")


def cost(probe: LiveProbe) -> str:
    usages = [row.usage for row in probe.rows.values() if row.usage]
    price = list_price(probe.model)
    if not usages or price is None:
        raise NotAsked("there are no answers of a model with a known price")
    for usage in usages:
        if usage.cost_ticks is None:
            raise Different("an answer has no cost")
        output = usage.completion_tokens + usage.reasoning_tokens
        expected = batch_cost(
            price, prompt_tokens=usage.prompt_tokens, cached_tokens=usage.cached_tokens, output_tokens=output
        )
        if usage.cost_ticks != expected:
            raise Different(f"{usage.cost_ticks} ticks for tokens that make {expected}")
    return "80 % of the list price, to the tick (facts 2.13)"


def failing_row(probe: LiveProbe) -> str:
    row = probe.rows.get(FAILING)
    if row is None:
        raise NotAsked("there is no result")
    if row.outcome != "failed":
        raise Different(f"max_tokens below zero: {row.outcome}")
    if row.usage and row.usage.cost_ticks:
        raise Different(f"an error was billed with {row.usage.cost_ticks} ticks")
    return f"an error{' with the code ' + row.error_code if row.error_code else ''}, not billed (facts 2.7)"


def cancel(probe: LiveProbe) -> str:
    batch_id = probe.new_batch("cancelled")
    probe.client.add_requests(batch_id, probe.body(IDS[:1]))
    if probe.client.cancel_batch(batch_id).cancel_time is None:
        raise Different("the batch has no cancel_time")
    try:
        probe.client.add_requests(batch_id, probe.body(IDS[1:2]))
    except PermissionDenied:
        return "cancelled, and closed with 403 (facts 2.9)"
    except XaiError as error:
        raise Different(f"a cancelled batch refuses rows with HTTP {error.status}") from error
    raise Different("a cancelled batch takes rows")


def deferred(probe: LiveProbe) -> str:
    body = {"model": probe.model, "messages": [{"role": "user", "content": "Reply with OK."}]}
    request_id = probe.client.start_deferred(body).request_id
    for _ in range(MOST_LOOKS):
        if probe.client.get_deferred(request_id) is not None:
            break
        probe.wait(PAUSE)
    else:
        raise Different("no answer in two minutes")
    try:
        again = probe.client.get_deferred(request_id)
    except NotFound:
        return "its answer can be read once (facts 5)"
    except XaiError as error:
        raise Different(f"read again: HTTP {error.status}") from error
    raise Different("its answer can be read again" if again else "read again, it counts as running")


def tools(probe: LiveProbe) -> str:
    batch_id = probe.new_batch("tools")
    body = probe.body(
        ["doctor-search"], words="Which day is it? Search once.", kind=RESPONSES, tools=[{"type": "web_search"}]
    )
    probe.client.add_requests(batch_id, body)
    row = probe.results_of(batch_id, 1)["doctor-search"]
    if row.outcome != "succeeded" or row.usage is None:
        raise Different(f"{row.outcome}: {row.error[:200]}")
    if not row.sources:
        raise Different(f"{row.usage.tool_calls} calls and no sources")
    return f"{row.usage.tool_calls} calls, {len(row.sources)} sources (facts 6.5)"


def cached_share(probe: LiveProbe) -> str:
    batch_id = probe.new_batch("cached")
    probe.client.add_requests(batch_id, probe.body(CACHED, words=LONG_TEXT))
    rows = probe.results_of(batch_id, len(CACHED)).values()
    cached = sum(row.usage.cached_tokens for row in rows if row.usage)
    prompt = sum(row.usage.prompt_tokens for row in rows if row.usage)
    if not cached:
        raise Different("nothing was cached")
    return f"{100 * cached // prompt} % of the input was cached (facts 7.3: nothing is promised)"


def file_batch(probe: LiveProbe) -> str:
    file_id = probe.client.upload_file("doctor.jsonl", file_line("doctor-file", probe.model))
    batch_id = probe.new_batch("file", input_file_id=file_id)
    probe.results_of(batch_id, 1)
    try:
        probe.client.add_requests(batch_id, probe.body(IDS[:1]))
    except PreconditionFailed:
        return "answered, and closed with 412 (facts 3)"
    except XaiError as error:
        raise Different(f"a batch of a file refuses rows with HTTP {error.status}") from error
    raise Different("a batch of a file takes rows")


CHECKS = (
    Check("key", key),
    Check("models", models),
    Check("create", create),
    Check("add", add, (ROWS + 1) * _TYPICAL),
    Check("list of requests", listed),
    Check("identical add", added_again, ROWS * _TYPICAL),
    Check("changed add", added_changed),
    Check("model without batches", refused_model, _TYPICAL),
    Check("pages of results", pages),
    Check("counters", counters),
    Check("cost", cost),
    Check("failing row", failing_row),
    Check("cancel", cancel, 2 * _TYPICAL),
    Check("deferred", deferred, _TYPICAL),
    Check("tools", tools, _SEARCH),
    Check("cached share", cached_share, 2 * 2 * _TYPICAL),
    Check("batch of a file", file_batch, 2 * _TYPICAL),
)
