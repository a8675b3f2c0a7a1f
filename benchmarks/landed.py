"""Figures beside their aims and the last landed ones, which are kept in `landed.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

KEPT = Path(__file__).with_name("landed.json")
AIMS = {
    "10,000 rows: whole run / plain script": 1.2,
    "100,000 rows: whole run / plain script": 0.7,
    "100,000 rows: whole run / optimised script": 1.0,
    "100,000 rows: whole run / optimised script, CPU": 1.5,
    "100,000 rows: import / csv.reader": 3.0,
    "100,000 rows: export / csv-to-csv copy": 1.5,
    "100,000 rows: peak of memory, MB": 250,
    "1,000,000 rows: peak of memory, MB": 250,
}
SCATTER = 1.15
"""A figure that grew by more became slower; less is how much figures scatter on a quiet machine."""


def report(figures: Mapping[str, float], *, land: bool) -> None:
    """Prints the table and what got slower. With `land`, keeps the figures."""
    landed: dict[str, float] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    print(f"{'':<52} measured    aim             landed")
    for name, figure in figures.items():
        aim, before = AIMS.get(name), landed.get(name)
        said = "" if aim is None else f"{aim:6.4g} {'reached' if figure <= aim else 'MISSED'}"
        print(f"{name:<52} {figure:8.2f} {said:<15}{'' if before is None else f'{before:9.2f}'}")
    for name, figure in figures.items():
        if name in landed and figure > SCATTER * landed[name]:
            print(f"SLOWER than landed, {figure / landed[name]:.2f} of it: {name}")
    if land:
        kept = landed | {name: round(figure, 2) for name, figure in figures.items()}
        KEPT.write_text(json.dumps(kept, indent=2) + "\n")
