"""What other rooms may want to know of datasets, which do not know them."""

from __future__ import annotations

from django.dispatch import Signal

dataset_ready = Signal()
"""Sent with `dataset` inside the transaction in which its import ended well. Listeners write one row at most."""
