"""Forms of files beside delimited text. The first that recognises a file opens it."""

from __future__ import annotations

from batchsite.datasets.reading.types import Format

FORMATS: tuple[Format, ...] = ()
