"""What other rooms may want to know of this one, which does not know them."""

from __future__ import annotations

from django.dispatch import Signal

key_changed = Signal()
"""Sent with `team` once a key is stored or removed and committed: what was held for it may go on."""
budget_changed = Signal()
"""Sent with `team` once its budget is another one and committed: what was held for it may go on."""
