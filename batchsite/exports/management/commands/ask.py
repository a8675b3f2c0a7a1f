"""`manage.py ask "…"`: one prompt, asked once, without a browser and without a dataset."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from batchsite.asks.ask_start import Refused, press
from batchsite.asks.ask_step import advance
from batchsite.asks.models import Ask, AskState
from batchsite.batches.answer_flaws import COUNTERS
from batchsite.exports import console
from batchsite.pricing.model_prices import prices_for
from batchsite.pricing.single_prompts import likely_cost
from batchsite.processes.health import is_new, missing_migrations
from batchsite.processes.leases import Busy, LeaseLost
from batchsite.processes.startup import migrate
from batchsite.teams import security_log
from batchsite.teams.accounts import AccountKind, account_kind
from batchsite.teams.key_choice import UnknownKey, key_named
from batchsite.teams.models import Team
from batchsite.wording import dollars

ALL_WELL, OTHER, BAD_INPUT, NO_ANSWER = 0, 1, 2, 3
BLINK = 0.25
"""Seconds between two looks at the database."""


class Command(BaseCommand):
    """Exit status: 0 answered, 3 no answer, 2 the input is at fault, 1 anything else."""

    help = "Ask one prompt once. The answer alone goes to standard output, and is kept in the team’s list."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("prompt", nargs="?", default="", help="the prompt; - reads it from standard input")
        parser.add_argument("--system", default="", help="a system prompt")
        parser.add_argument("--model", default="", help="default: the first model that takes batches")
        parser.add_argument("--effort", default="", help="reasoning effort, such as low")
        parser.add_argument("--key", default="", help="name of the team’s xAI key that pays; default: its default key")
        parser.add_argument("--team", default="", help="name of the team; default: the first one")
        parser.add_argument("--resume", type=int, metavar="ID", help="wait for the answer of an earlier ask")

    def handle(self, *args: Any, **options: Any) -> None:
        arguments = argparse.Namespace(**options)
        console.log_to_file()
        if is_new():
            migrate()
        elif missing_migrations():
            self._stop(OTHER, "The database is not prepared for this version. Run: manage.py migrate")
        ask = self._earlier(arguments.resume) if arguments.resume else self._press(arguments)
        self.stderr.write(f"Ask {ask.pk}. If this stops: manage.py ask --resume {ask.pk}")
        try:
            with console.sandbox_if_needed(ask.account == AccountKind.SANDBOX, self.stderr.write):
                ask = self._wait(ask)
        except KeyboardInterrupt:
            self._stop(OTHER, f"\nStopped. Nothing is lost: manage.py ask --resume {ask.pk}")
        if ask.state != AskState.ANSWERED:
            self._stop(NO_ANSWER, f"{ask.get_state_display()}: {ask.error}")
        self.stdout.write(ask.answer)
        self.stderr.write(f"{ask.model}, {dollars(ask.cost_ticks)}. {ask.warning}".strip())
        if COUNTERS.get(ask.flaw) == "no_answer":
            sys.exit(NO_ANSWER)

    def _press(self, arguments: argparse.Namespace) -> Ask:
        """Checks, shows the price, and stores what is to be asked."""
        found = Team.objects.filter(name=arguments.team) if arguments.team else Team.objects.all()
        team = found.order_by("pk").first()
        if team is None and arguments.team:
            self._stop(BAD_INPUT, f"There is no team “{arguments.team}”.")
        team = team or Team.objects.create(name="My team")
        prompt = sys.stdin.read() if arguments.prompt == "-" else arguments.prompt
        model = arguments.model or prices_for(team)[0].model
        cost = likely_cost(team, model, len(prompt) + len(arguments.system))
        simulated = account_kind(team) == AccountKind.SANDBOX
        where = "simulated by the sandbox, costs nothing" if simulated else "at list price"
        price = f"about {dollars(cost)}" if cost else "its price is not known"
        self.stderr.write(f"{model}: {price}, {where}.")
        security_log.record("asked", None, team=team.pk)
        try:
            key, effort = key_named(team, arguments.key), arguments.effort or None
            texts = {"model": model, "prompt": prompt, "system": arguments.system}
            return press(team, None, key=key, reasoning_effort=effort, **texts)
        except (Refused, UnknownKey) as refusal:
            self._stop(BAD_INPUT, str(refusal))

    def _earlier(self, pk: int) -> Ask:
        ask = Ask.objects.filter(pk=pk).first()
        if ask is None:
            self._stop(BAD_INPUT, f"There is no ask {pk}.")
        return ask

    def _wait(self, ask: Ask) -> Ask:
        """Takes its steps, beside the workers if they run, until it has ended."""
        said = ""
        while True:
            ask = Ask.objects.select_related("team").get(pk=ask.pk)
            if ask.ended_at:
                return ask
            if ask.held_reason and ask.held_reason != said:
                said = ask.held_reason
                self.stderr.write(f"Waits: {said}")
            if ask.next_look_at and ask.next_look_at <= timezone.now():
                with contextlib.suppress(Busy, LeaseLost):
                    advance(ask.pk)
            else:
                time.sleep(BLINK)

    def _stop(self, status: int, words: str) -> NoReturn:
        self.stderr.write(words)
        sys.exit(status)
