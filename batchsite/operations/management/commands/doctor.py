"""`manage.py doctor`: what works, what does not, and what to do about it; `--live`: whether xAI is as we know it."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from batchsite.operations.doctor import examine
from batchsite.operations.findings import OK, PROBLEM, Finding
from batchsite.operations.live_doctor import TooDear, run_live, run_recorded


class Command(BaseCommand):
    """Exit status: 1 if there is a problem, else 0. Warnings do not count."""

    help = "Check database, queue, workers, provider, keys and disk, and say what to do."
    requires_system_checks = []  # the doctor reports their messages itself

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
        parser.add_argument(
            "--live", action="store_true", help="check, for a few cents, that the real xAI API behaves as expected"
        )
        parser.add_argument("--max-cost", type=float, default=0.05, metavar="USD", help="what --live may cost")
        parser.add_argument("--report", type=Path, help="where --live writes what it saw, without keys and prompts")
        parser.add_argument("--replay", type=Path, metavar="REPORT", help="play a report again: a test of the client")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.disable(logging.WARNING)  # the findings say what matters
        if options["live"] or options["replay"]:
            sys.exit(0 if self._live(**options) else 1)
        findings = []
        for finding in examine():
            findings.append(finding)
            if not options["json"]:
                self._print(finding)
        healthy = all(finding.level != PROBLEM for finding in findings)
        if options["json"]:
            report = {"ok": healthy, "findings": [asdict(finding) for finding in findings]}
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=2))
        sys.exit(0 if healthy else 1)

    def _live(self, *, max_cost: float, report: Path | None, replay: Path | None, **_: Any) -> bool:
        """Returns whether the provider, or the client with a recorded one, is as expected."""
        try:
            return run_recorded(replay, self._say) if replay else run_live(max_cost, report, self._say)
        except TooDear as error:
            self.stderr.write(str(error))
            return False

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()

    def _print(self, finding: Finding) -> None:
        """Prints a finding as soon as it is known, as some examinations take seconds."""
        styles = {OK: self.style.SUCCESS, PROBLEM: self.style.ERROR}
        level = styles.get(finding.level, self.style.WARNING)(f"{finding.level:8}")
        self.stdout.write(f"{level} {finding.about:13} {finding.says}")
        if finding.do:
            self.stdout.write(f"{'':22} → {finding.do}")
        self.stdout.flush()
