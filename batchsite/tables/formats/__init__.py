"""File formats beside delimited text. The first one that recognises a file opens it."""

from __future__ import annotations

from batchsite.tables.formats import json_file, json_lookalike, packed_file, parquet_file, unsupported
from batchsite.tables.table_types import Format

FORMATS: tuple[Format, ...] = (
    Format("gzip", packed_file.recognises_gzip, packed_file.open_gzip),
    Format("zip", packed_file.recognises_zip, packed_file.open_zip),
    Format("parquet", parquet_file.recognises, parquet_file.open_parquet),
    Format("other", unsupported.recognises, unsupported.open_other),
    Format("lookalike", json_lookalike.recognises, json_lookalike.open_lookalike),
    Format("json", json_file.recognises, json_file.open_json),
)
