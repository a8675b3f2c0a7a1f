"""PDFs that came with a table: looked at by a worker, and sent as files, or page by page as text and pictures."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from batchsite.batches.batch_recipe import recipe_of
from batchsite.batches.models import Batch
from batchsite.drafts import draft_store
from batchsite.media import pdf_pages
from batchsite.media.file_reader import FileReader
from batchsite.media.models import FileIndex, HeldFile
from batchsite.recipes.attachments import MOST_PAGE_BYTES, MOST_PAGES, MOST_TOKENS
from batchsite.submission import actions
from batchsite.teams.models import Team
from batchsite.trials import trial_start
from tests.media.archives import uploaded
from tests.media.documents import LOCKED, nested_drawings, page_of_size, pdf
from tests.pipeline import check_books, drive
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
TEXTS = ("Invoice 7", "Total: 42 dollars")


def a_draft(team: Team, form: str, files: dict[str, bytes | str] | None = None) -> Batch:
    dataset = uploaded(team, files or {"a.pdf": pdf(*TEXTS), "b.pdf": pdf("Letter")})
    batch = draft_store.new_draft(team, None, dataset)
    values = {"name": "Papers", "prompt": "What is the total?", "model": "grok-4.3", "document_form": form}
    draft_store.save(batch, values)
    return batch


def parts_of(batch: Batch, row: int = 1) -> list[dict[str, Any]]:
    [body] = recipe_of(batch).request(row, batch.dataset.row(row))["batch_request"].values()
    content: list[dict[str, Any]] = body["messages"][-1]["content"]
    return content


def test_a_worker_counts_pages_and_makes_a_small_picture(team: Team) -> None:
    a_draft(team, "")
    held = HeldFile.objects.get(name="a.pdf")
    assert (held.pages, held.characters, held.problem) == (2, sum(map(len, TEXTS)), "")
    assert held.thumb


def test_by_itself_a_document_goes_as_it_is(team: Team) -> None:
    assert [part["type"] for part in parts_of(a_draft(team, ""))] == ["text", "file"]


def test_page_by_page_as_text(team: Team) -> None:
    _prompt, *pages = parts_of(a_draft(team, "text"))
    assert [page["text"] for page in pages] == [
        f"[a.pdf, page 1 of 2]\n{TEXTS[0]}",
        f"[a.pdf, page 2 of 2]\n{TEXTS[1]}",
    ]


def test_page_by_page_as_text_and_pictures_the_same_every_time(team: Team) -> None:
    batch = a_draft(team, "pages")
    parts = parts_of(batch)
    assert [part["type"] for part in parts] == ["text", "text", "image_url", "text", "image_url"]
    data = base64.b64decode(parts[2]["image_url"]["url"].partition(",")[2])
    assert len(data) <= MOST_PAGE_BYTES
    assert max(Image.open(io.BytesIO(data)).size) == pdf_pages.LONGEST_SIDE
    assert parts_of(batch) == parts


@pytest.mark.parametrize("form", ["text", "pages"])
def test_a_batch_of_them_runs_and_its_tokens_were_in_the_estimate(team: Team, sandbox: Sandbox, form: str) -> None:
    plain, batch = draft_store.estimate_of(a_draft(team, "")), a_draft(team, form)
    price = draft_store.estimate_of(batch)
    assert plain
    assert price
    assert price.likely < plain.likely, "xAI searches no document that is sent page by page"
    assert (price.prompt_tokens > MOST_TOKENS) == (form == "pages")
    actions.start(batch, None, price)
    batch = drive(batch)
    assert batch.succeeded == 2
    check_books(batch, sandbox)


def test_what_cannot_be_sent_page_by_page_is_said_by_row(team: Team) -> None:
    scan = io.BytesIO()
    Image.new("RGB", (60, 80)).save(scan, "PDF")
    files = {
        "a.pdf": (scan.getvalue(), "“a.pdf” holds no text"),
        "b.pdf": (
            b"%PDF-1.7 rubbish",
            "The pages of “b.pdf” cannot be read. It cannot be read as a PDF: it is damaged.",
        ),
        "c.pdf": (pdf(*["x"] * (MOST_PAGES + 1)), "“c.pdf” has 21 pages; 20 at most"),
        "d.pdf": (LOCKED, "The pages of “d.pdf” cannot be read. It is locked with a password."),
        "e.pdf": (
            nested_drawings(12),
            "“e.pdf” cannot be read. Drawing them takes more time or memory than a file may",
        ),
        "f.pdf": (page_of_size(1_000_000_000, 1), "“f.pdf” holds no text"),
        "g.pdf": (pdf("Invoice"), ""),
    }
    batch = a_draft(team, "text", {name: data for name, (data, _) in files.items()})
    recipe = recipe_of(batch)
    for (_, cells), (_, words) in zip(batch.dataset.rows(), files.values(), strict=True):
        assert words in recipe.fault(cells)
    assert FileIndex.objects.get(dataset=batch.dataset).given_up == 1
    assert recipe_of(a_draft(team, "", {"d.pdf": LOCKED})).fault(["d.pdf"]) == "", "as it is, it can be sent"


def test_a_page_of_any_size_is_drawn_within_its_bounds() -> None:
    with FileReader() as reader:
        for width, height in ((1_000_000_000, 1), (14_400, 14_400), (-5, 0)):
            drawn = Image.open(io.BytesIO(reader.page_jpeg(page_of_size(width, height), 0)))
            assert max(drawn.size) <= pdf_pages.LONGEST_SIDE


def test_a_page_that_became_too_much_holds_its_batch_and_names_the_file(
    team: Team, sandbox: Sandbox, monkeypatch: Any
) -> None:
    batch = a_draft(team, "pages")
    monkeypatch.setattr(FileReader, "page_jpeg", _refusing)
    actions.start(batch, None, draft_store.estimate_of(batch))
    held = drive(batch, until="held")
    assert "Page 1 of “a.pdf” cannot be read any more. Reading it takes more time" in held.held_reason


def _refusing(*_: Any) -> bytes:
    raise pdf_pages.NoPages("Reading it takes more time or memory than a file may take.")


def test_a_try_of_a_page_that_cannot_be_read_is_refused_in_words(team: Team, monkeypatch: Any) -> None:
    batch = a_draft(team, "text")
    monkeypatch.setattr(FileReader, "page_text", _refusing)
    with pytest.raises(trial_start.TrialRefused, match=r"Row 1 cannot be tried: Page 1 of “a.pdf” cannot be read"):
        trial_start.press(batch, None, [1])
