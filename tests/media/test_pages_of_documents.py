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
from batchsite.media.models import HeldFile
from batchsite.recipes.attachments import MOST_PAGE_BYTES, MOST_PAGES, MOST_TOKENS
from batchsite.submission import actions
from batchsite.teams.models import Team
from batchsite.trials import trial_start
from tests.media.archives import uploaded
from tests.pipeline import check_books, drive
from tests.sandboxes import Sandbox

pytestmark = pytest.mark.django_db
TEXTS = ("Invoice 7", "Total: 42 dollars")


def pdf(*texts: str) -> bytes:
    """A PDF with a line of text on each page."""
    streams = [f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET".encode() for text in texts]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(texts)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(texts)}>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, stream in enumerate(streams):
        page = f"/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>/Contents {5 + 2 * number} 0 R"
        objects.append(f"<</Type/Page/Parent 2 0 R{page}>>".encode())
        objects.append(b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream))
    whole, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%b\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        whole
        + head
        + table
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
        % (
            len(objects) + 1,
            len(whole),
        )
    )


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
    long = pdf(*["x"] * (MOST_PAGES + 1))
    batch = a_draft(team, "text", {"a.pdf": scan.getvalue(), "b.pdf": b"%PDF-1.7 rubbish", "c.pdf": long})
    recipe = recipe_of(batch)
    faults = [recipe.fault(cells) for _, cells in batch.dataset.rows()]
    assert "holds no text" in faults[0]
    assert "cannot be read" in faults[1]
    assert "21 pages; 20 at most" in faults[2]


def test_pictures_of_pages_are_not_made_while_a_page_waits(team: Team) -> None:
    with pytest.raises(trial_start.Refused, match="submit a few rows first"):
        trial_start.press(a_draft(team, "pages"), None, [1])
