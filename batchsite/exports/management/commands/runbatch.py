"""`manage.py runbatch FILE --prompt "…"`: a whole batch without a browser, through the same steps as the pages."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error
from django.db.models import Q

from batchsite.batches.models import Batch, Repeats
from batchsite.batches.states import TERMINAL, State
from batchsite.datasets import importer
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.datasets.upload_limits import NotTaken
from batchsite.drafts import draft_store
from batchsite.drafts.draft_warnings import warnings_of
from batchsite.exports import console, result_files
from batchsite.exports.command_arguments import (
    ALL_WELL,
    BAD_INPUT,
    OTHER,
    SOME_FAILED,
    Stop,
    answers_of,
    cap_of,
    form_of,
    params_of,
    ranges_of,
    shape_of,
)
from batchsite.exports.table_writers import TooBig
from batchsite.processes import gc_tuning
from batchsite.processes.health import is_new, missing_migrations
from batchsite.processes.outages import is_disk_full
from batchsite.processes.startup import migrate
from batchsite.submission import actions
from batchsite.submission.local_run import drive
from batchsite.submission.restore import begin_anew
from batchsite.teams import security_log
from batchsite.teams.accounts import AccountKind
from batchsite.teams.key_choice import UnknownKey, key_named
from batchsite.teams.models import ProviderKey, Team


class Command(BaseCommand):
    """Exit status: 0 every row has an answer, 3 some have none, 2 the input is at fault, 1 anything else."""

    help = "Run a prompt on every row of a file, and write the answers next to the rows."

    batch: Batch | None = None

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="the table: CSV, Excel, JSON, Parquet")
        parser.add_argument("--prompt", help="the prompt, with {{column}} where a row’s value belongs")
        parser.add_argument("--system", default="", help="a system prompt; it may use {{column}}, too")
        parser.add_argument("--model", default="", help="default: the first model that takes batches")
        parser.add_argument("--name", default="", help="name of the batch; default: that of the file")
        parser.add_argument("--id-column", default="", help="column whose values are the ids of the requests")
        parser.add_argument("--limit", type=int, help="only the first N rows")
        parser.add_argument("--rows", default="", metavar="RANGES", help="only these rows, such as 1-100,205")
        parser.add_argument(
            "--skip-empty", action="store_true", help="skip rows with empty values in columns that are used"
        )
        parser.add_argument("--live", action="store_true", help="run it live, at list price: for any model, right away")
        parser.add_argument(
            "--cap", default="", metavar="DOLLARS", help="stop there; `--resume ID --cap MORE` continues with the rest"
        )
        parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="such as temperature=0")
        parser.add_argument(
            "--repeats", choices=Repeats.values, default="", help="send identical requests once, or each of them"
        )
        parser.add_argument("--schema", type=Path, help="a JSON Schema for the answers; its fields become columns")
        parser.add_argument("--output", type=Path, help="results.csv, .json or .jsonl")
        parser.add_argument(
            "--answer",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="how to read the file, if there are questions",
        )
        parser.add_argument("--key", default="", help="name of the team’s xAI key that pays; default: its default key")
        parser.add_argument("--team", default="", help="name of the team; default: the first one")
        parser.add_argument(
            "--resume",
            nargs="?",
            type=int,
            const=0,
            metavar="ID",
            help="resume a batch; without ID: list those that can be",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        arguments = argparse.Namespace(**options)
        console.log_to_file()
        gc_tuning.freeze()
        try:
            status = self._run(arguments)
        except Stop as stop:
            self.stderr.write(str(stop))
            status = stop.status
        except KeyboardInterrupt:
            self.stderr.write("\nStopped. Nothing is lost: `manage.py runbatch --resume` lists what can be resumed.")
            status = OTHER
        except Error as error:
            self.stderr.write(console.database_problem(error, self.batch))
            status = OTHER
        sys.exit(status)

    def _run(self, arguments: argparse.Namespace) -> int:
        form = form_of(arguments.output)
        if is_new():
            migrate()  # somebody may begin with this command, without `make run`
        elif missing_migrations():
            raise Stop(OTHER, "The database is not prepared for this version. Run: manage.py migrate")
        if begin_anew():
            self.stderr.write("This is a restored backup: what xAI has is looked for before anything is sent.")
        if arguments.resume == 0:
            return self._list()
        self.batch = batch = _to_resume(arguments.resume) if arguments.resume else self._begin(arguments)
        if arguments.resume and (cap := cap_of(arguments, batch)):
            actions.set_spend_cap(batch, cap, None)
        elif arguments.resume and batch.held_reason:
            actions.go_on(batch, None)
        self.stderr.write(f"Batch {batch.pk}. If this stops: manage.py runbatch --resume {batch.pk}")
        with console.sandbox_if_needed(batch.account == AccountKind.SANDBOX, self.stderr.write):
            progress = console.Progress(self.stderr)
            batch = drive(batch.pk, progress, progress.wait)
        if batch.state == State.DRAFT:
            raise Stop(BAD_INPUT, console.row_problems(batch))
        if form and arguments.output:
            self._write(batch, form, arguments.output)
        self.stdout.write(console.summary(batch, arguments.output))
        answered = batch.succeeded - batch.without_answer
        return ALL_WELL if answered + batch.skipped == batch.total else SOME_FAILED

    def _write(self, batch: Batch, form: result_files.AnyForm, output: Path) -> None:
        try:
            result_files.write_file(batch, form, output)
        except OSError as error:
            again = (
                f"The answers are safe. Once that is fixed: manage.py runbatch --resume {batch.pk} --output {output}"
            )
            raise Stop(OTHER, f"{output} cannot be written: {error.strerror}.\n{again}") from error
        except TooBig as error:
            raise Stop(OTHER, f"{output} is not written: {error}") from error

    def _list(self) -> int:
        """Lists the batches that can continue, one per line, number first. Standard output has nothing else."""
        for batch in _resumable().order_by("pk"):
            self.stdout.write(f"{batch.pk}  {batch.state}  {batch.done} of {batch.total} rows  {batch.name}")
        return ALL_WELL

    def _begin(self, arguments: argparse.Namespace) -> Batch:
        """Imports, plans, checks, shows the price, and queues."""
        if not arguments.file or (arguments.prompt is None and arguments.file.suffix.lower() != ".jsonl"):
            raise Stop(BAD_INPUT, 'Give a file and a prompt: manage.py runbatch FILE --prompt "… {{column}} …"')
        params, shape, answers = params_of(arguments), shape_of(arguments.schema), answers_of(arguments)
        team = _team(arguments.team)
        key = _key(team, arguments.key)
        batch = draft_store.new_draft(team, None, self._import(team, arguments, answers))
        batch.prompt, batch.system_prompt, batch.params = arguments.prompt or "", arguments.system, params
        batch.model = arguments.model or batch.model
        batch.name = arguments.name or arguments.file.stem
        batch.id_column, batch.row_limit, batch.skip_empty = arguments.id_column, arguments.limit, arguments.skip_empty
        batch.repeats = arguments.repeats
        batch.runs_live = arguments.live
        batch.shape, batch.ranges = shape, ranges_of(arguments, batch.dataset)
        batch.save()
        price = draft_store.estimate_of(batch)
        problems = draft_store.problems_with_price(batch, price)
        if problems:
            words = [f"{field or 'batch'}: {one}" for field, found in problems.items() for one in found]
            raise Stop(BAD_INPUT, "\n".join(words))
        self.stderr.write(console.plan(batch, price, key))
        for warning in warnings_of(batch):
            self.stderr.write(f"Note: {warning}")
        try:
            actions.start(batch, None, price, spend_cap=cap_of(arguments, batch), key=key)
        except actions.NotNow as refusal:
            raise Stop(BAD_INPUT, str(refusal)) from refusal
        security_log.record("batch_run", None, batch=batch.pk, team=team.pk)
        batch.refresh_from_db()
        return batch

    def _import(self, team: Team, arguments: argparse.Namespace, answers: dict[str, str]) -> Dataset:
        try:
            dataset = importer.receive_path(team, arguments.file, answers=answers)
        except NotTaken as error:
            raise Stop(BAD_INPUT, str(error)) from error
        except OSError as error:
            if is_disk_full(error):
                raise Stop(
                    OTHER, f"The data folder {settings.DATA} has no room for a copy of {arguments.file}."
                ) from error
            raise Stop(BAD_INPUT, f"{arguments.file} cannot be read: {error.strerror}.") from error
        console.finish_import(dataset, self.stderr)
        dataset.refresh_from_db()
        if dataset.state == DatasetState.ASKING:
            raise Stop(BAD_INPUT, console.file_questions(dataset))
        if dataset.state != DatasetState.READY:
            raise Stop(BAD_INPUT, console.file_problems(dataset))
        if dataset.left_out:
            self.stderr.write(console.left_out(dataset))
        return dataset


def _team(name: str) -> Team:
    """Returns the team of that name, else the first. A new installation gets one, for its first visitor."""
    found = Team.objects.filter(Q(name=name) if name else Q()).order_by("pk").first()
    if found is None and name:
        raise Stop(BAD_INPUT, f"There is no team “{name}”.")
    return found or Team.objects.create(name="My team")


def _key(team: Team, name: str) -> ProviderKey | None:
    try:
        return key_named(team, name)
    except UnknownKey as error:
        raise Stop(BAD_INPUT, str(error)) from error


def _resumable() -> Any:
    return Batch.objects.filter(deleted_at=None).exclude(state__in=[State.DRAFT, *TERMINAL])


def _to_resume(pk: int) -> Batch:
    batch = Batch.objects.filter(pk=pk, deleted_at=None).select_related("team").first()
    if batch is None or batch.state == State.DRAFT:
        raise Stop(BAD_INPUT, f"There is no batch {pk} to resume. `manage.py runbatch --resume` lists them.")
    return batch
