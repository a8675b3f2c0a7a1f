"""Synthetic tables: id, customer, text of about 300 characters with quotes, commas, line ends and other letters."""

from __future__ import annotations

import csv
import random
from pathlib import Path

TEXT = (
    "account agree card cash declined deposit delivery exchange fee payment pending refund statement top-up "
    "transfer verify withdrawal whether because however yesterday Zürich naïve façade 現金 перевод señor ½ €20 "
    "“quoted” it's"
)


def table(path: Path, rows: int) -> Path:
    """Write `rows` rows to `path`, the same ones every time; an existing file of that name is kept."""
    if path.exists():
        return path
    chance = random.Random(11)
    draft = path.with_suffix(".part")
    with draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "customer", "text"])
        for number in range(1, rows + 1):
            words = chance.choices(TEXT.split(), k=38)
            words[10] += ","
            words[20] += "\n" if number % 7 == 0 else ";"
            words[30] = f'"{words[30]}"'
            writer.writerow([str(number), f"customer {chance.randrange(10_000)}", " ".join(words)])
    draft.rename(path)
    return path
