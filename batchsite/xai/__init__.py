"""A small typed client for the xAI REST Batch API.

It uses only httpx, orjson and the standard library; nothing of Django, and nothing else of batchsite.
Start at `client.XaiClient`. The head of `errors` lists what can go wrong.
"""

from __future__ import annotations
