"""Signals for the rooms above this one."""

from __future__ import annotations

from django.dispatch import Signal

key_changed = Signal()
"""Sent with `team` after a key was stored or removed (and committed): held batches may go on."""
budget_changed = Signal()
"""Sent with `team` after its budget changed (and was committed): held batches may go on."""
security_event = Signal()
"""Sent with `event`, `request` (None: a command) and `facts` when something is written to the security log."""
key_in_use = Signal()
"""Asked with `key` before it is to be removed. A receiver returns what is held then, in words, or ""."""
may_team_go = Signal()
"""Asked with `team` before it is to be deleted. A receiver returns why it cannot be now, in words, or ""."""

secret_key_changed = Signal()
"""Sent by `manage.py rotatekeys`. A listener re-encrypts its secrets, and returns how many there were and the names of
those that no key can read."""
