"""Locks of rows: never stronger than needed, as foreign keys of others' inserts would wait for them, and deadlock."""

from __future__ import annotations

import re

from batchsite.options import ROOT


def test_no_row_is_locked_against_the_foreign_keys_of_others() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}: {call}"
        for path in sorted((ROOT / "batchsite").rglob("*.py"))
        for call in re.findall(r"select_for_update\(.*", path.read_text())
        if "no_key=True" not in call
    ]
    assert offenders == []
