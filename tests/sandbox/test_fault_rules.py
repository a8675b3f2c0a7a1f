"""Which calls a scripted fault hits, and what is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from batchsite.sandbox.fault_kinds import CALLS, KINDS, BadRule, parse_rule
from tests.sandbox.calls import INSTANT, LocalSandbox, chat_requests


def statuses(sandbox: LocalSandbox, count: int) -> list[int]:
    return [sandbox.get("/v1/batches").status for _ in range(count)]


MATCHERS: list[tuple[dict[str, Any], list[int]]] = [
    ({}, [503, 503, 503, 503, 503, 503]),
    ({"nth": 2}, [200, 503, 200, 200, 200, 200]),
    ({"every": 3}, [200, 200, 503, 200, 200, 503]),
    ({"times": 2}, [503, 503, 200, 200, 200, 200]),
    ({"after": 4}, [200, 200, 200, 200, 503, 503]),
    ({"after": 1, "times": 1}, [200, 503, 200, 200, 200, 200]),
    ({"every": 2, "times": 2}, [200, 503, 200, 503, 200, 200]),
    ({"probability": 0.0}, [200, 200, 200, 200, 200, 200]),
]


@pytest.mark.parametrize(("matcher", "expected"), MATCHERS, ids=[str(matcher) for matcher, _ in MATCHERS])
def test_matchers_choose_calls(sandbox: LocalSandbox, matcher: dict[str, Any], expected: list[int]) -> None:
    number = sandbox.fault("status", call="list", **matcher)
    assert statuses(sandbox, 6) == expected
    assert sandbox.hits(number) == expected.count(503)


def test_probability_depends_only_on_the_seed(sandbox: LocalSandbox) -> None:
    seen = []
    for seed in (1, 1, 2):
        sandbox.call("DELETE", "/admin/faults")
        sandbox.fault("status", call="list", probability=0.5, seed=seed)
        seen.append(statuses(sandbox, 40))
    assert seen[0] == seen[1] != seen[2]
    assert 8 < seen[0].count(503) < 32


def test_only_the_named_call_is_hit(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.filled()
    sandbox.fault("status", call="get", status=500)
    assert sandbox.get(f"/v1/batches/{batch_id}").status == 500
    assert sandbox.get(f"/v1/batches/{batch_id}/results").status == 200


def test_batch_is_matched_by_part_of_its_name_or_its_id(sandbox: LocalSandbox) -> None:
    mine, other, third = sandbox.create("mine [bs-1]"), sandbox.create("other [bs-2]"), sandbox.create("third")
    sandbox.fault("status", call="get", batch="[bs-1]")
    sandbox.fault("status", call="get", batch=third)
    assert [sandbox.get(f"/v1/batches/{batch_id}").status for batch_id in (mine, other, third)] == [503, 200, 503]


def test_rule_for_a_batch_does_not_hit_calls_without_one(sandbox: LocalSandbox) -> None:
    sandbox.fault("status", batch="mine")
    assert sandbox.get("/v1/models").status == 200
    assert sandbox.post("/v1/batches", {"name": "mine too"}).status == 503


def test_key_is_matched_by_a_part_of_it(sandbox: LocalSandbox) -> None:
    sandbox.fault("key_revoked", key="bob")
    assert sandbox.get("/v1/models").status == 200
    assert sandbox.get("/v1/models", key="sandbox-bob").status == 400


def test_first_of_two_faults_takes_the_reply_and_the_second_waits(sandbox: LocalSandbox) -> None:
    first = sandbox.fault("status", call="list", status=500, times=1)
    second = sandbox.fault("status", call="list", status=502, times=1)
    assert statuses(sandbox, 3) == [500, 502, 200]
    assert (sandbox.hits(first), sandbox.hits(second)) == (1, 1)


def test_call_that_is_not_applied_uses_up_no_other_fault(sandbox: LocalSandbox) -> None:
    batch_id = sandbox.create()
    sandbox.fault("status", call="add", times=1)
    dropped = sandbox.fault("drop_add", times=1)
    assert sandbox.add(batch_id, chat_requests(1)).status == 503
    assert sandbox.hits(dropped) == 0
    assert sandbox.add(batch_id, chat_requests(1)).raw == b"null"
    assert (sandbox.hits(dropped), sandbox.requests(batch_id)) == (1, [])


def test_faults_are_listed_with_counts_and_all_kinds(sandbox: LocalSandbox) -> None:
    sandbox.fault("status", call="list", nth=3)
    statuses(sandbox, 4)
    listed = sandbox.get("/admin/faults").json
    [rule] = listed["faults"]
    assert (rule["what"], rule["nth"], rule["seen"], rule["hits"]) == ("status", 3, 4, 1)
    assert set(listed["kinds"]) == set(KINDS)


def test_one_fault_or_all_can_be_removed(sandbox: LocalSandbox) -> None:
    first = sandbox.fault("status", call="list")
    sandbox.fault("status", call="models")
    sandbox.call("DELETE", f"/admin/faults/{first}")
    assert (sandbox.get("/v1/batches").status, sandbox.get("/v1/models").status) == (200, 503)
    sandbox.call("DELETE", "/admin/faults")
    assert sandbox.get("/v1/models").status == 200
    assert sandbox.get("/admin/faults").json["faults"] == []


def test_several_faults_are_added_all_or_none(sandbox: LocalSandbox) -> None:
    good, bad = {"what": "status"}, {"what": "flood"}
    assert sandbox.post("/admin/faults", [good, bad]).status == 400
    assert sandbox.get("/admin/faults").json["faults"] == []
    assert len(sandbox.post("/admin/faults", [good, good]).json["numbers"]) == 2


def test_faults_and_their_counts_survive_a_restart(tmp_path: Path) -> None:
    sandbox = LocalSandbox(tmp_path)
    number = sandbox.fault("status", call="list", nth=3)
    statuses(sandbox, 2)
    sandbox.store.close()
    again = LocalSandbox(tmp_path, INSTANT)
    assert statuses(again, 2) == [503, 200]
    assert again.hits(number) == 1


def test_faults_from_the_environment_are_installed_once_and_removed_with_it(tmp_path: Path) -> None:
    rules = [{"what": "status", "call": "list", "times": 1}, {"what": "status", "call": "models"}]
    for expected in ([503, 200], [200, 200]):
        sandbox = LocalSandbox(tmp_path)
        sandbox.world.faults.install(rules)
        assert statuses(sandbox, 2) == expected
        sandbox.store.close()
    sandbox = LocalSandbox(tmp_path)
    sandbox.world.faults.install(rules[:1])
    assert sandbox.get("/v1/models").status == 200
    assert len(sandbox.get("/admin/faults").json["faults"]) == 1


BAD: list[tuple[Any, str]] = [
    ({"what": "flood"}, "'flood' is not a fault. Set what to one of"),
    ({}, "None is not a fault"),
    ("status", "'status' is not a fault"),
    ({"what": "status", "colour": 1}, "status has no member 'colour'; it takes"),
    ({"what": "status", "nth": "2"}, "status: nth must be int, not '2'"),
    ({"what": "status", "status": True}, "status: status must be int, not True"),
    ({"what": "fail_rows", "envelope": "z"}, "fail_rows: envelope must be one of a, b"),
    ({"what": "fail_rows", "call": "get"}, "fail_rows happens on add, create, not on 'get'"),
    ({"what": "status", "call": "flood"}, "not on 'flood'"),
    ({"what": "hang_rows", "ids": "r1"}, "hang_rows: ids must be list"),
]


@pytest.mark.parametrize(("raw", "expected"), BAD, ids=[expected for _, expected in BAD])
def test_bad_rule_is_refused_with_a_reason(sandbox: LocalSandbox, raw: Any, expected: str) -> None:
    with pytest.raises(BadRule) as refused:
        parse_rule(raw)
    assert expected in str(refused.value)
    response = sandbox.post("/admin/faults", raw)
    assert (response.status, response.json["error"]) == (400, str(refused.value))


@pytest.mark.parametrize("what", KINDS)
def test_every_fault_works_without_options(sandbox: LocalSandbox, what: str) -> None:
    rule = parse_rule({"what": what})
    assert [call for call in CALLS if rule.wants(call)] == [call for call in CALLS if call in KINDS[what].calls]
    assert sandbox.fault(what)


def test_integers_are_accepted_as_floats_and_numbers_as_text() -> None:
    rule = parse_rule({"what": "status", "retry_after": 3, "probability": 1})
    assert (rule.option("retry_after"), rule.probability) == ("3", 1.0)
