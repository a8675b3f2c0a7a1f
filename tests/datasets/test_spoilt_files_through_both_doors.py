"""Spoilt files of every format through the pages and through the command: each ends as a table or as a refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from batchsite.datasets.models import Dataset, DatasetState
from batchsite.teams.models import Team, User
from tests.datasets.steps import filled, guesses, imported
from tests.sandboxes import Sandbox
from tests.tables.spoilt_files import BYTES, FORMS, ROWS, Spoilt, spoilt_files

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]
ENDINGS = {"json lines": "jsonl", "excel": "xlsx", "excel, shared texts": "xlsx"}
MOST_STEPS = 7


def one_of_each() -> list[Spoilt]:
    """A file for each form and for each kind of damage."""
    chosen: dict[tuple[str, str], Spoilt] = {}
    for number, spoilt in enumerate(spoilt_files(range(1))):
        forms, kinds = [form for form, _ in chosen], [kind for _, kind in chosen]
        if spoilt.kind not in kinds or (spoilt.form not in forms and number % 3):
            chosen[spoilt.form, spoilt.kind] = spoilt
    return list(chosen.values())


CHOSEN = one_of_each()


def filename(spoilt: Spoilt) -> str:
    return f"table.{ENDINGS.get(spoilt.form, spoilt.form)}"


def test_they_are_of_every_form_and_kind() -> None:
    assert {spoilt.kind for spoilt in CHOSEN} == {*ROWS, *BYTES}
    assert {spoilt.form for spoilt in CHOSEN} == FORMS.keys()


@pytest.mark.parametrize("spoilt", CHOSEN, ids=lambda spoilt: spoilt.name)
def test_by_the_pages(spoilt: Spoilt, alice: User, client_of: Browser) -> None:
    site = client_of(alice)
    site.post("/datasets/upload", {"file": SimpleUploadedFile(filename(spoilt), spoilt.data)})
    dataset = imported(Dataset.objects.get())
    rows = 0
    for _ in range(MOST_STEPS):
        page = site.get(reverse("dataset", args=[dataset.pk])).content.decode()
        if dataset.state == DatasetState.ASKING:
            values = guesses(dataset)
            assert all(f'name="answer-{key}" value="{escape(value)}"' in page for key, value in values.items())
            site.post(reverse("dataset-answer", args=[dataset.pk]), filled(values))
        elif dataset.state == DatasetState.REFUSED and dataset.can_leave:
            assert reverse("dataset-leave", args=[dataset.pk]) in page
            rows = dataset.file_rows
            site.post(reverse("dataset-leave", args=[dataset.pk]))
        else:
            break
        dataset = imported(dataset)
    assert dataset.state in {DatasetState.READY, DatasetState.REFUSED}
    if dataset.state == DatasetState.REFUSED:
        assert dataset.problems
        assert all(escape(problem["message"]) in page for problem in dataset.problems[:3])
        return
    taken = [dataset.columns, *(list(cells) for _, cells in dataset.rows())]
    if rows:
        assert dataset.row_count + dataset.left_out == rows
        left = iter(spoilt.cells if len(dataset.answers) == 1 else taken)
        assert all(any(row == other for other in left) for row in taken)
    else:
        assert taken == spoilt.cells


ONE_A_FORM = list({spoilt.form: spoilt for spoilt in CHOSEN}.values())


@pytest.mark.parametrize("spoilt", ONE_A_FORM, ids=lambda spoilt: spoilt.name)
def test_by_the_command(
    spoilt: Spoilt, team: Team, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / filename(spoilt)
    path.write_bytes(spoilt.data)
    words = ["runbatch", str(path), "--prompt", f"Say {{{{{spoilt.cells[0][0]}}}}}", "--limit", "1"]
    words += ["--output", str(tmp_path / "results.csv")]
    for _ in range(MOST_STEPS):
        with pytest.raises(SystemExit) as ended:
            call_command(*words)
        said = capsys.readouterr().err
        if ended.value.code != 2 or "--answer" not in said:
            break
        answer = said.split("--answer ")[1].splitlines()[0].strip().strip("'")
        words += ["--answer", answer]
    if ended.value.code == 2:
        assert not Dataset.objects.filter(state=DatasetState.READY).exists()
        return
    assert ended.value.code == 0, said
    [dataset] = Dataset.objects.filter(state=DatasetState.READY)
    left = iter(spoilt.cells[1:])
    assert all(any(list(row) == other for other in left) for _, row in dataset.rows())
