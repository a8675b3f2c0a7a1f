"""A local stand-in for the xAI Batch API: the recorded wire format, traps included (facts 1-7).

It shares no code with the client in ``batchsite.xai``: shared code would hide a shared mistake.
"""

from __future__ import annotations
