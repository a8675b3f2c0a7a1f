"""Excel workbooks and Parquet: what is in them, what does not fit, and big ones that a worker builds."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.test import Client
from django.utils import timezone
from pyarrow import parquet

from batchsite.batches.models import Batch
from batchsite.exports import export_build, table_writers
from batchsite.exports.models import Export
from batchsite.exports.table_writers import TooBig, build_parquet, build_xlsx
from batchsite.exports.text_writers import Row, RowOutcome
from batchsite.teams.models import Team, User
from tests.submission.stories import an_ended_batch

pytestmark = pytest.mark.databases

Browser = Callable[[User], Client]
ANSWERED = RowOutcome("tickets-row-1", "succeeded", "Card", "", "stop", "grok-4.3", 287, 42, 58, 2_148_000)
PENDING = RowOutcome("tickets-row-2", "pending")


def _nothing(_: int) -> None: ...


def sheet_of(path: Path | io.BytesIO) -> list[tuple[Any, ...]]:
    return list(openpyxl.load_workbook(path, read_only=True)["Results"].iter_rows(values_only=True))


# ---- what is in them ----------------------------------------------------------------------------------------


def test_cells_of_a_workbook_are_text_and_tokens_are_numbers(tmp_path: Path) -> None:
    rows: list[Row] = [(["007", "=1+1"], ANSWERED), (["1e5", "https://example.org"], PENDING)]
    build_xlsx(tmp_path / "a.xlsx", ["id", "text"], iter(rows), None, None, _nothing)
    head, first, second = sheet_of(tmp_path / "a.xlsx")
    assert head[:4] == ("id", "text", "batch_request_id", "state")
    assert first[:5] == ("007", "=1+1", "tickets-row-1", "succeeded", "Card")
    assert first[-4:] == (287, 42, 58, 0.0002148)
    assert second[:2] == ("1e5", "https://example.org")
    kinds = [cell.data_type for cell in openpyxl.load_workbook(tmp_path / "a.xlsx")["Results"][2]]
    assert kinds[:2] == ["s", "s"]


def test_a_cell_that_excel_cannot_hold_is_cut_and_says_so(tmp_path: Path) -> None:
    rows: list[Row] = [(["🙂" * 20_000], ANSWERED)]
    build_xlsx(tmp_path / "a.xlsx", ["text"], iter(rows), None, None, _nothing)
    cell = sheet_of(tmp_path / "a.xlsx")[1][0]
    assert cell.endswith("(cut: Excel takes no more in a cell; the CSV has all of it)")
    assert len(cell.encode("utf-16-le")) // 2 <= 32_767
    assert cell.startswith("🙂" * 16_000)


def test_more_rows_than_a_sheet_has_are_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_writers, "MOST_EXCEL_ROWS", 3)
    rows: list[Row] = [(["x"], PENDING)] * 2
    build_xlsx(tmp_path / "fits.xlsx", ["text"], iter(rows), None, None, _nothing)
    with pytest.raises(TooBig, match="room for 2 rows below its head"):
        build_xlsx(tmp_path / "a.xlsx", ["text"], iter(rows * 2), None, None, _nothing)


def test_parquet_has_types_and_exact_costs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_writers, "GROUP_ROWS", 500)
    rows: list[Row] = [([str(number), "007"], ANSWERED if number % 2 else PENDING) for number in range(1_700)]
    seen: list[int] = []
    build_parquet(tmp_path / "a.parquet", ["id", "cost_usd"], iter(rows), None, None, seen.append)
    file = parquet.ParquetFile(tmp_path / "a.parquet")
    assert file.num_row_groups == 4
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert (types["id"], types["cost_usd"], types["cost_usd_2"]) == ("string", "string", "decimal128(20, 10)")
    assert types["prompt_tokens"] == "int64"
    second, third = file.read().to_pylist()[1:3]
    assert (second["id"], second["cost_usd"], second["cost_usd_2"]) == ("1", "007", Decimal("0.0002148"))
    assert (third["prompt_tokens"], third["cost_usd_2"]) == (None, None)
    assert seen[-1] == 1_700


def test_only_chosen_columns_are_written_in_the_order_of_the_file(tmp_path: Path) -> None:
    rows: list[Row] = [(["a", "b"], ANSWERED)]
    only = frozenset({"cost_usd", "two", "label"})
    build_parquet(tmp_path / "a.parquet", ["one", "two"], iter(rows), None, only, _nothing)
    assert parquet.read_table(tmp_path / "a.parquet").to_pylist() == [{"two": "b", "cost_usd": Decimal("0.0002148")}]


# ---- on the page --------------------------------------------------------------------------------------------


@pytest.fixture
def batch(team: Team, alice: User) -> Batch:
    """20 rows, the last two of them failed."""
    return an_ended_batch(team, alice, failed=2, name="sorting")


@pytest.fixture
def site(alice: User, client_of: Browser) -> Client:
    return client_of(alice)


@pytest.fixture
def big(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> Batch:
    """As if it were too big for a request."""
    monkeypatch.setattr(export_build, "AT_ONCE", 1)
    return batch


def body_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_small_workbook_comes_at_once(batch: Batch, site: Client) -> None:
    answer = site.get(f"/batches/{batch.pk}/download?form=xlsx")
    assert answer["Content-Disposition"] == f'attachment; filename="sorting-{batch.pk}.xlsx"'
    assert len(sheet_of(io.BytesIO(body_of(answer)))) == 21
    assert not Export.objects.exists()


def test_few_rows_of_a_big_batch_come_at_once(batch: Batch, site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_build, "AT_ONCE", 2)
    for few in ("rows=failed", "rows=filter&state=failed", "rows=filter&search=Question&ranges=1-2", "ranges=19-20"):
        answer = site.get(f"/batches/{batch.pk}/download?form=xlsx&{few}")
        assert len(sheet_of(io.BytesIO(body_of(answer)))) == 3, few
    assert site.get(f"/batches/{batch.pk}/download?form=xlsx&rows=filter&search=Question").status_code == 302


def test_a_big_one_is_built_by_a_worker_and_then_served(big: Batch, site: Client) -> None:
    address = f"/batches/{big.pk}/download?form=parquet&rows=failed"
    page = site.get(address, follow=True)
    assert "Building the file" in page.content.decode()
    export = Export.objects.get()
    export_build.build_step(export.pk)
    waiting = site.get(f"/batches/{big.pk}/exports/{export.pk}", headers={"HX-Request": "true"}).content.decode()
    assert "Ready" in waiting
    assert "hx-get" not in waiting
    answer = site.get(waiting.split('btn main" href="')[1].split('"')[0].replace("&amp;", "&"))
    assert parquet.read_table(io.BytesIO(body_of(answer))).num_rows == 2
    assert body_of(site.get(address))
    assert Export.objects.count() == 1


def test_it_is_built_anew_when_the_batch_has_changed(big: Batch, site: Client) -> None:
    site.get(f"/batches/{big.pk}/download?form=parquet")
    Batch.objects.filter(pk=big.pk).update(succeeded=19, failed=1)
    site.get(f"/batches/{big.pk}/download?form=parquet")
    assert Export.objects.count() == 2


def test_more_rows_than_a_sheet_has_are_refused_before_anything_is_built(
    big: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_writers, "MOST_EXCEL_ROWS", 10)
    assert (
        "room for 9 rows below its header, and there are 20" in site.get(f"/batches/{big.pk}/download").content.decode()
    )
    for address in (f"/batches/{big.pk}/download?form=xlsx", f"/batches/{big.pk}/results.xlsx"):
        refused = site.get(address)
        assert (refused.status_code, b"there are 20. Choose a range" in refused.content) == (422, True)
    assert not Export.objects.exists()
    assert site.get(f"/batches/{big.pk}/download?form=xlsx&rows=failed").status_code == 302, "two rows do fit"
    assert site.get(f"/batches/{big.pk}/download?form=xlsx&ranges=1-9").status_code == 302


def test_what_turns_out_not_to_fit_is_said_on_its_page(
    big: Batch, site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_writers, "MOST_EXCEL_ROWS", 10)
    address = f"/batches/{big.pk}/download?form=xlsx&rows=succeeded&ranges=1-15"  # only looking at them tells how many
    site.get(address)
    export_build.build_step(Export.objects.get().pk)
    assert "room for 9 rows" in site.get(address, follow=True).content.decode()
    monkeypatch.setattr(export_build, "AT_ONCE", 5_000)
    refused = site.get(address)
    assert (refused.status_code, b"room for 9 rows" in refused.content) == (422, True)


def test_a_worker_that_dies_at_it_is_not_asked_for_ever(big: Batch, site: Client) -> None:
    site.get(f"/batches/{big.pk}/download?form=xlsx")
    Export.objects.update(tries=20)
    export_build.build_step(Export.objects.get().pk)
    assert "Choose fewer rows" in Export.objects.get().problem


def test_files_go_after_a_day_and_with_their_batch(big: Batch, site: Client) -> None:
    site.get(f"/batches/{big.pk}/download?form=parquet")
    export_build.build_step(Export.objects.get().pk)
    export = Export.objects.get()
    path = Path(export.file.path)
    assert path.exists()
    Export.objects.update(created_at=timezone.now() - export_build.KEPT * 2)
    assert "clear_old" in str(list(export_build.due(timezone.now())))
    export_build.clear_old()
    assert not path.exists()
    site.get(f"/batches/{big.pk}/download?form=parquet")
    export_build.build_step(Export.objects.get().pk)
    path = Path(Export.objects.get().file.path)
    big.delete()
    assert not path.exists()


def test_nobody_else_sees_what_is_built(big: Batch, site: Client, charlie: User, client_of: Browser) -> None:
    site.get(f"/batches/{big.pk}/download?form=parquet")
    assert client_of(charlie).get(f"/batches/{big.pk}/exports/{Export.objects.get().pk}").status_code == 404
