"""Runs all examinations, in the order in which a person would."""

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
        yield from _run(examination)
    for examination in OF_THE_DATABASE:
        has_problem = False
        for finding in _run(examination):
            has_problem = has_problem or finding.level == PROBLEM
            yield finding
        if has_problem and not database_checks.can_be_read():
            says = "Queue, workers, due work and stored keys were not checked, because they need the database."
            yield warning("work", says, "Repair the database, then run the doctor again.")
            return
    for examination in WITH_DATABASE:
        yield from _run(examination)
    connections.close_all()


def _run(examination: Examination) -> Iterator[Finding]:
    name = examination.__name__.removeprefix("examine_").replace("_", " ")
    try:
        yield from examination()
    except Exception as error:  # noqa: BLE001  the doctor reports what fails, and goes on
        advice = "Run the doctor again in a moment. If it keeps happening, it may be a bug in batchsite."
        yield problem(name, f"Could not be checked: {type(error).__name__}: {first_line(error)}", advice)
