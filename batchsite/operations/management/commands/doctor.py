"""`manage.py doctor`: says what works, what does not, and what to do about it."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from batchsite.operations.doctor import examine
from batchsite.operations.findings import OK, PROBLEM, Finding


class Command(BaseCommand):
    """Exit status: 1 if there is a problem, else 0. Warnings do not count."""

    help = "Check database, queue, workers, provider, keys and disk, and say what to do."
    requires_system_checks = []  # the doctor reports their messages itself

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.disable(logging.WARNING)  # the findings say what matters
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

    def _print(self, finding: Finding) -> None:
        """Prints a finding as soon as it is known, as some examinations take seconds."""
        styles = {OK: self.style.SUCCESS, PROBLEM: self.style.ERROR}
        level = styles.get(finding.level, self.style.WARNING)(f"{finding.level:8}")
        self.stdout.write(f"{level} {finding.about:13} {finding.says}")
        if finding.do:
            self.stdout.write(f"{'':22} → {finding.do}")
        self.stdout.flush()
