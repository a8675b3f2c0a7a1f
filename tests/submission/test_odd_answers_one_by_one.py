"""Whatever a reply holds, rows that run live, tries and asks end: nothing is asked twice, and what is wrong is said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from batchsite.asks.models import AskState
from batchsite.batches.answer_flaws import CUT_BEFORE_ANSWER, DECLINED, NO_ANSWER, TRUNCATED, WARNINGS
from batchsite.batches.causes import LOST_ANSWER
from batchsite.batches.models import DailySpend, Result
from batchsite.teams.models import Team, User
from batchsite.trials.models import AnswerState
from tests.asks.test_asked_once import asked, to_the_end
from tests.pipeline import drive, make_batch, story
from tests.sandboxes import Sandbox
from tests.trials.stories import a_draft, tried

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "cost_in_usd_ticks": 1234}


def reply(message: Any = None, finish: Any = "stop", **fields: Any) -> bytes:
    """A completion with that message, and these fields changed."""
    said = {"role": "assistant", **message} if isinstance(message, dict) else message
    choice = {"index": 0, "message": said, "finish_reason": finish}
    body = {"id": "1", "object": "chat.completion", "model": "grok-4.7", "choices": [choice], "usage": USAGE}
    return json.dumps(body | fields).encode()


def fine(**fields: Any) -> bytes:
    return reply({"content": "fine"}, **fields)


def billed(**usage: Any) -> bytes:
    return fine(usage=USAGE | usage)


CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
ANSWERS: dict[str, tuple[bytes, str]] = {
    "as ever": (fine(), ""),
    "an empty text": (reply({"content": ""}), NO_ANSWER),
    "null": (reply({"content": None}), NO_ANSWER),
    "blanks": (reply({"content": " \n"}), NO_ANSWER),
    "a call alone": (reply({"content": None, "tool_calls": [CALL]}, "tool_calls"), NO_ANSWER),
    "no choices": (fine(choices=[]), NO_ANSWER),
    "null for choices": (fine(choices=None), NO_ANSWER),
    "a text for a message": (reply("hi"), NO_ANSWER),
    "a number for a text": (reply({"content": 7}), NO_ANSWER),
    "an error, with 200": (b'{"error":{"message":"Internal"}}', NO_ANSWER),
    "nothing": (b"{}", NO_ANSWER),
    "cut off": (reply({"content": "The ans"}, "length"), TRUNCATED),
    "cut off, in other words": (reply({"content": "The ans"}, "MAX_TOKENS"), TRUNCATED),
    "cut off before it began": (reply({"content": ""}, "length"), CUT_BEFORE_ANSWER),
    "a refusal": (reply({"content": None, "refusal": "I cannot help."}), DECLINED),
    "a filter": (reply({"content": ""}, "content_filter"), DECLINED),
    "another id": (fine(id="someone-else"), ""),
    "texts for tokens": (billed(prompt_tokens="many", completion_tokens=None), ""),
    "a list for usage": (fine(usage=[1]), ""),
    "no usage": (fine(usage=None), ""),
    "a negative cost": (billed(cost_in_usd_ticks=-5), ""),
    "a part of a tick": (billed(cost_in_usd_ticks=12.7), ""),
    "a cost beyond all": (billed(cost_in_usd_ticks=10**18), ""),
    "a cost without an end": (fine().replace(b"1234", b"1e999"), ""),
    "a cost that is no number": (fine().replace(b"1234", b"NaN"), ""),
    "tokens beyond all": (billed(prompt_tokens=10**15, completion_tokens=10**15), ""),
    "3 MB": (reply({"content": "long answer, " * 250_000}), ""),
    "3 MB of reasoning": (reply({"content": "x", "reasoning_content": "r" * 3_000_000}), ""),
    "bytes that are no UTF-8": (fine().replace(b"fine", b"caf\xe9 \xff"), ""),
    "a NUL": (reply({"content": "a\0b"}), ""),
    "half of a character": (reply({"content": "a\ud83d b"}), ""),
    "a deep answer": (reply({"content": "[" * 5000}), ""),
    "control characters": (reply({"content": "\x1b[31mred\x07 \u202e back"}), ""),
    "a number for a model": (fine(model=5), ""),
    "a number for a reason": (reply({"content": "fine"}, 7), ""),
    "long names": (reply({"content": "fine"}, "f" * 5000, model="m" * 5000), ""),
}
NO_ANSWERS = {
    "a page of a proxy": b"<html><body>Sign in</body></html>",
    "no body": b"",
    "a list": b"[1]",
    "a text": b'"hi"',
    "null alone": b"null",
    "half of a reply": fine()[:60],
    "too deep": fine()[:-1] + b',"x":' + b"[" * 3000 + b"]" * 3000 + b"}",
}
"""Replies with 200 that nobody can read: whether there was an answer, nobody knows."""
ODD = {name: body for name, (body, _) in ANSWERS.items()} | NO_ANSWERS


class Liar:
    """Between us and the sandbox: answers of models come back as `bodies` says, by the order of their prompts."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self._numbers: dict[str, int] = {}
        self._send = httpx.HTTPTransport.handle_request

    def handle(self, transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        real = self._send(transport, request)
        path, is_post = request.url.path, request.method == "POST"
        if real.status_code != 200 or "/chat/" not in path:
            return real
        said = json.loads(real.read())
        real.close()
        number = self._number(request, said) if is_post else self._numbers[path.rsplit("/", 1)[-1]]
        headers = {"content-type": real.headers["content-type"]}
        return httpx.Response(
            200, headers=headers, content=self.bodies[number] if "choices" in said else json.dumps(said)
        )

    def _number(self, request: httpx.Request, said: dict[str, Any]) -> int:
        """The place of a prompt: the number at the end of its id, or the place of its call."""
        found = re.search(r"row-(\d+)$", request.headers.get("x-client-request-id", ""))
        number = int(found[1]) - 1 if found else len(self._numbers)
        self._numbers[said.get("request_id", f"direct {number}")] = number
        return number


@pytest.fixture
def liar(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> Liar:
    made = Liar()
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda *given: made.handle(*given))
    return made


def words(page: bytes) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.decode()).split())


@pytest.mark.databases
def test_rows_that_run_live(team: Team, alice: User, client_of: Browser, sandbox: Sandbox, liar: Liar) -> None:
    liar.bodies = list(ODD.values())
    batch = drive(make_batch(team, len(ODD), runs_live=True, model="grok-4.7"), seconds=60)
    results = dict(zip(ODD, Result.objects.filter(batch=batch).order_by("row"), strict=True))
    for name, result in results.items():
        cause = ANSWERS[name][1] if name in ANSWERS else LOST_ANSWER
        assert (name, result.state, result.cause) == (name, "succeeded" if name in ANSWERS else "missing", cause)
    assert batch.missing == len(NO_ANSWERS), story(batch)
    assert batch.no_answer + batch.truncated + batch.declined == sum(bool(cause) for _, cause in ANSWERS.values())
    assert all(0 <= result.cost_ticks < 10**12 for result in results.values())
    assert batch.cost_ticks == sum(result.cost_ticks for result in results.values())
    assert DailySpend.objects.get(team=team).ticks == batch.cost_ticks
    assert len(sandbox.direct()) == len(ODD), "nothing is asked twice"
    site = client_of(alice)
    assert site.get(reverse("batch", args=[batch.pk])).status_code == 200
    for number in range(1, len(ODD) + 1):
        assert site.get(reverse("batch-row", args=[batch.pk, number])).status_code == 200
    for form in ("csv", "excel", "jsonl", "xlsx", "parquet"):
        assert site.get(reverse("batch-download", args=[batch.pk]), {"form": form}, follow=True).status_code == 200


@pytest.mark.parametrize("model", ["grok-4.3", "grok-4.7"], ids=["at once", "deferred"])
def test_tries(model: str, team: Team, alice: User, client_of: Browser, sandbox: Sandbox, liar: Liar) -> None:
    draft, site, spent = a_draft(team, alice, model=model), client_of(alice), 0
    for row, (name, body) in enumerate(list(ODD.items())[:30], 1):
        liar.bodies = [body] * 99
        [answer] = tried(draft, (row,), alice).answers.all()
        spent += answer.cost_ticks
        page = site.get(reverse("try", args=[draft.pk]))
        assert page.status_code == 200
        flaw = ANSWERS[name][1]
        assert (name, answer.state, answer.flaw) == (name, AnswerState.ANSWERED, flaw)
        assert WARNINGS.get(flaw, "") in words(page.content)
    assert DailySpend.objects.get(team=team).ticks == spent
    assert len(sandbox.direct()) == 30, "nothing is asked twice"


@pytest.mark.parametrize("model", ["grok-4.3", "grok-4.7"], ids=["at once", "deferred"])
def test_tries_whose_reply_cannot_be_read(
    model: str, team: Team, alice: User, client_of: Browser, sandbox: Sandbox, liar: Liar
) -> None:
    draft = a_draft(team, alice, model=model)
    for row, body in enumerate(NO_ANSWERS.values(), 1):
        liar.bodies = [body] * 99
        [answer] = tried(draft, (row,), alice).answers.all()
        assert answer.state == AnswerState.UNKNOWN
    assert "Unknown" in words(client_of(alice).get(reverse("try", args=[draft.pk])).content)
    assert len(sandbox.direct()) == len(NO_ANSWERS), "nothing is asked twice"


def test_asks(team: Team, alice: User, client_of: Browser, sandbox: Sandbox, liar: Liar) -> None:
    site, spent = client_of(alice), 0
    for name, body in ODD.items():
        liar.bodies = [body] * 99
        ask = to_the_end(asked(team))
        spent += ask.cost_ticks
        page = site.get(reverse("ask", args=[ask.pk]))
        assert page.status_code == 200
        flaw = ANSWERS[name][1] if name in ANSWERS else ""
        assert (name, ask.state, ask.flaw) == (name, AskState.ANSWERED if name in ANSWERS else AskState.LOST, flaw)
        assert WARNINGS.get(flaw, "") in words(page.content)
    assert DailySpend.objects.get(team=team).ticks == spent
    assert len(sandbox.direct()) == len(ODD), "nothing is asked twice"


@pytest.mark.parametrize(("name", "status"), [("as ever", 0), ("cut off", 0), ("null", 3), ("a refusal", 0)])
def test_the_command_says_what_is_wrong(
    name: str, status: int, team: Team, liar: Liar, capsys: pytest.CaptureFixture[str]
) -> None:
    liar.bodies = [ODD[name]] * 99
    ended = 0
    try:
        call_command("ask", "Capital of Peru?", "--model", "grok-4.7", "--team", team.name)
    except SystemExit as stopped:
        ended = int(str(stopped.code))
    assert ended == status
    assert WARNINGS.get(ANSWERS[name][1], "") in capsys.readouterr().err
