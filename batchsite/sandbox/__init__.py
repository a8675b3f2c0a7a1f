"""A local stand-in for the xAI Batch API: its recorded wire format, pitfalls included (facts 1-7).

    python -m batchsite.sandbox --data var/sandbox --rate 0 --port-file var/sandbox.port
    XAI_API_BASE=http://127.0.0.1:PORT/v1   any key that begins with "sandbox" or "xai-"

With ``--key-file FILE`` only the key in that file is accepted, as in an installation; /admin then needs it too.

Only programs on this machine can use it: requests of web pages are refused (``origin_check``), and request bodies must
be application/json. It is controlled by:

    POST   /admin/faults       {"what": "lost_reply", "call": "add", "nth": 2, "applied": false}, or a list of these
    GET    /admin/faults       the rules, how often each was seen and hit, and every kind with its options
    DELETE /admin/faults[/N]
    POST   /admin/settings     {"rate": 50}; also SANDBOX_RATE etc. in the environment; GET shows all
    POST   /admin/advance      {"seconds": 3600, "batch_id": "…"}; without an id the whole sandbox
    POST   /admin/complete     {"batch_id": "…"}; without an id all batches
    POST   /admin/keys         {"key": "sandbox-bob", "team": "support"}
    POST   /admin/reset
    GET    /admin/ledger       what was processed and billed; ?batch_id= or ?batch_request_id=; /admin/ledger.jsonl

SANDBOX_FAULTS holds rules as JSON, or @ and the name of a file that holds them. State, faults and their counts
survive a restart and kill -9.

It shares no code with the client in ``batchsite.xai``, because shared code would hide shared mistakes.
"""

from __future__ import annotations
