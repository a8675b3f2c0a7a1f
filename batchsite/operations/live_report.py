"""The report of an examination of a provider: a line a check, and the calls that were made, to be played again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from batchsite.operations.cassette import Player
from batchsite.operations.live_checks import CHECKS
from batchsite.operations.live_probe import Different, LiveProbe, NotAsked
from batchsite.xai.client import XaiClient
from batchsite.xai.errors import XaiError

AS_KNOWN, DIFFERENT, NOT_ASKED = "as we know it", "different", "not asked"
FORMAT = 1


@dataclass(frozen=True)
class Line:
    """What came of one check; `verdict` is one of the three above."""

    about: str
    verdict: str
    says: str


def most_ticks() -> int:
    """Returns what an examination costs at most, by the prices of our table."""
    return sum(check.ticks for check in CHECKS)


def examine(probe: LiveProbe) -> Iterator[Line]:
    """Yields the line of each check. Never raises what a provider may cause."""
    is_open = True
    for check in CHECKS:
        if not is_open:
            yield Line(check.about, NOT_ASKED, "the key does not work")
            continue
        line = _line(check.about, check.run, probe)
        is_open = check is not CHECKS[0] or line.verdict == AS_KNOWN
        yield line


def _line(about: str, run: Callable[[LiveProbe], str], probe: LiveProbe) -> Line:
    try:
        return Line(about, AS_KNOWN, run(probe))
    except Different as difference:
        return Line(about, DIFFERENT, str(difference))
    except NotAsked as reason:
        return Line(about, NOT_ASKED, str(reason))
    except XaiError as error:
        status = f" (HTTP {error.status})" if error.status else ""
        return Line(about, DIFFERENT, f"{error.what}{status}")


def report(lines: list[Line], calls: list[dict[str, Any]], *, model: str, at: str) -> dict[str, Any]:
    """Returns the report as JSON. It holds no key, no prompt and no answer."""
    return {"format": FORMAT, "at": at, "model": model, "lines": [asdict(line) for line in lines], "calls": calls}


def play(recorded: dict[str, Any]) -> list[Line]:
    """Returns the lines that the client makes of the recorded calls now. Raises UnexpectedCall if it makes others."""
    player = Player(recorded["calls"])
    client = XaiClient("recorded", "https://recorded.example/v1", transport=player, retries=0)
    return list(examine(LiveProbe(client, recorded["model"], "recorded", lambda _: None)))
