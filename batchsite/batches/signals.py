"""What other rooms may want to know of this one, which does not know them."""

from __future__ import annotations

from django.dispatch import Signal

batch_starting = Signal()
"""Sent with `batch` inside the transaction that queues it, before anything of it is planned: what is known of its rows
already may be written now (see keeping.py), and is not sent."""

batch_ended = Signal()
"""Sent with `batch` inside the transaction in which its last submission ended. Listeners write a row at most: they hold
the locks of a step."""
