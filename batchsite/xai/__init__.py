"""A small typed client of the xAI REST Batch API.

It knows httpx, orjson and the standard library, and nothing of Django or of the rest of batchsite.
Start at `client.XaiClient`; what can go wrong is drawn at the top of `errors`.
"""

from __future__ import annotations
