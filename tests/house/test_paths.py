"""The repository stands alone: no file of it names a path that leads out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tests.house.source import ROOT, texts

OF_A_MACHINE = re.compile(r"(?<![\w.)}\]/:])/(?:home|Users|root|work|workspace|mnt|media)/\w[\w./-]*")
"""An absolute path that only one computer has. Where Debian puts programs, and `/tmp`, `/etc`, `/var`, are no such."""
UPWARDS = re.compile(r"(?:\.\./)+[\w.-]*(?:/[\w.-]+)*")
ATTACKS = ("../../admin", "../../../etc")
"""What tests send to prove that it leads nowhere."""
ABOVE_ROOT = re.compile(r"\bROOT\.(?:parent|joinpath\(\"\.\.)|\bROOT\s*/\s*[\"']\.\.")
FROM_FILE = re.compile(r"Path\(__file__\)((?:\.resolve\(\)|\.absolute\(\)|\.parents\[\d+\]|\.parent\b)*)")


def _leads_out(place: PurePosixPath, path: str) -> bool:
    """Whether `path`, seen from the folder of the file at `place`, is outside of the repository."""
    return not (ROOT / place.parent / path).resolve().is_relative_to(ROOT)


def _levels(steps: str) -> int:
    """How far up `.parent` and `.parents[…]` lead."""
    return sum(int(number) + 1 if number else 1 for number in re.findall(r"\.parent(?:s\[(\d+)\])?", steps))


def _outward(place: PurePosixPath, text: str) -> Iterator[str]:
    """The paths in a file's text that lead out."""
    for attack in ATTACKS:
        text = text.replace(attack, "")
    yield from OF_A_MACHINE.findall(text)
    yield from ABOVE_ROOT.findall(text)
    yield from (path for path in UPWARDS.findall(text) if _leads_out(place, path))
    yield from (found[0] for found in FROM_FILE.finditer(text) if _levels(found[1]) > len(place.parts))


def test_no_path_leads_out_of_the_repository() -> None:
    here = PurePosixPath(Path(__file__).relative_to(ROOT))
    assert {str(place): paths for place, text in texts() if place != here and (paths := [*_outward(place, text)])} == {}


def test_a_path_that_leads_out_would_be_found() -> None:
    lines = {
        'FILE = ROOT.parent / "data"': ["ROOT.parent"],
        "see ../data/questions.csv": [],
        "see ../../data/questions.csv": ["../../data/questions.csv"],
        'open("/home/ann/questions.csv")': ["/home/ann/questions.csv"],
        "/dev/sda, server:/home, /tmp/filled, /var/lib/batchsite": [],
        "Path(__file__).parent": [],
        "Path(__file__).resolve().parents[1]": [],
        "Path(__file__).parents[1].parent": ["Path(__file__).parents[1].parent"],
    }
    place = PurePosixPath("docs/page.md")
    assert {line: list(_outward(place, line)) for line in lines} == lines
