"""All examinations, in the order in which a person would make them, and what keeps one from being made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.db import connections

from batchsite.operations import database_checks, machine_checks, provider_checks, work_checks
from batchsite.operations.findings import PROBLEM, Finding, first_line, problem, warning

Examination = Callable[[], Iterable[Finding]]

WITHOUT_DATABASE: tuple[Examination, ...] = (
    machine_checks.examine_settings,
    machine_checks.examine_disk,
    machine_checks.examine_processes,
    provider_checks.examine_provider,
)
OF_THE_DATABASE: tuple[Examination, ...] = (database_checks.examine_database, database_checks.examine_migrations)
WITH_DATABASE: tuple[Examination, ...] = (
    work_checks.examine_queue,
    work_checks.examine_workers,
    work_checks.examine_ticker,
    work_checks.examine_due_work,
    work_checks.examine_held,
    provider_checks.examine_accounts_in_use,
    provider_checks.examine_stored_keys,
)


def examine() -> Iterator[Finding]:
    """Every finding. Never raises."""
    for examination in WITHOUT_DATABASE:
        yield from _made(examination)
    for examination in OF_THE_DATABASE:
        bad = False
        for finding in _made(examination):
            bad = bad or finding.level == PROBLEM
            yield finding
        if bad:
            says = "Queue, workers, due work and stored keys were not looked at, as they need the database."
            yield warning("work", says, "Mend the database, then ask again.")
            return
    for examination in WITH_DATABASE:
        yield from _made(examination)
    connections.close_all()


def _made(examination: Examination) -> Iterator[Finding]:
    name = examination.__name__.removeprefix("examine_").replace("_", " ")
    try:
        yield from examination()
    except Exception as error:  # noqa: BLE001  the doctor reports what fails, and goes on
        does = "Ask again in a moment; if it stays, this may be a mistake in batchsite."
        yield problem(name, f"Could not be examined: {type(error).__name__}: {first_line(error)}", does)
