"""Forms of files beside delimited text. The first that recognises a file opens it."""

from __future__ import annotations

from batchsite.datasets.reading.formats import json_files, others, packed, parquet
from batchsite.datasets.reading.types import Format

FORMATS: tuple[Format, ...] = (
    Format("gzip", packed.recognises_gzip, packed.open_gzip),
    Format("zip", packed.recognises_zip, packed.open_zip),
    Format("parquet", parquet.recognises, parquet.open_parquet),
    Format("other", others.recognises, others.open_other),
    Format("json", json_files.recognises, json_files.open_json),
)
