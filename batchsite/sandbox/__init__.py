"""A local stand-in for the xAI Batch API: the recorded wire format, traps included (facts 1-7).

    python -m batchsite.sandbox --data var/sandbox --rate 0 --port-file var/sandbox.port
    XAI_API_BASE=http://127.0.0.1:PORT/v1   any key that begins with "sandbox" or "xai-"

Scripting it, from this machine only, without a key:

    POST   /admin/faults       {"what": "lost_reply", "call": "add", "nth": 2, "applied": false}, or a list of such
    GET    /admin/faults       what is in force, how often it was seen and hit, and every kind with its options
    DELETE /admin/faults[/N]
    POST   /admin/settings     {"rate": 50}; also SANDBOX_RATE and so on in the environment; GET shows all
    POST   /admin/advance      {"seconds": 3600, "batch_id": "…"}; without an id the clock of the whole sandbox
    POST   /admin/complete     {"batch_id": "…"}, or all batches
    POST   /admin/keys         {"key": "sandbox-bob", "team": "support"}
    POST   /admin/reset
    GET    /admin/ledger       what was processed and billed; ?batch_id= or ?batch_request_id=; /admin/ledger.jsonl

SANDBOX_FAULTS holds rules as JSON, or @ and the name of a file with them. State, faults and their counts survive
a restart and kill -9.

It shares no code with the client in ``batchsite.xai``: shared code would hide a shared mistake.
"""

from __future__ import annotations
