"""What other rooms may want to know of this one, which does not know them."""

from __future__ import annotations

from django.dispatch import Signal

batch_starting = Signal()
"""Sent with `batch` inside the transaction that queues it, before any of it is planned. Rows whose answer is known
already may be written now (submission/tried_rows.py); they are not sent."""

pictures_came = Signal()
"""Sent with `batch` inside the transaction that stores results with addresses of generated pictures, which die within
the hour. Listeners write one row at most."""

copies_given = Signal()
"""Sent with `batch_id` and `copies`, {row: the row whose answer it has}, inside the transaction that gives copies what
their originals have. Listeners write a few hundred rows at most."""

batch_ended = Signal()
"""Sent with `batch` inside the transaction in which its last submission ended. Listeners write one row at most: the
batch and the submission are locked."""

batch_held = Signal()
"""Sent with `batch` inside the transaction in which it is held, or held for something else. Listeners write one row at
most. Many holds last for seconds only."""

event_noted = Signal()
"""Sent with `batch_id` and `kind` inside the transaction in which an event of that kind is added to the timeline, and
not when one is counted up. Listeners write one row at most."""

database_restored = Signal()
"""Sent inside the transaction in which a restored database is looked through, before anything is sent. Listeners hold
back what was planned and may have been asked, and paid, after the moment that the database was restored to."""
