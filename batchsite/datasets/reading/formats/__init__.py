"""Forms of files beside delimited text. The first that recognises a file opens it."""

from __future__ import annotations

from batchsite.datasets.reading.formats import json_files
from batchsite.datasets.reading.types import Format

FORMATS: tuple[Format, ...] = (Format("json", json_files.recognises, json_files.open_json),)
