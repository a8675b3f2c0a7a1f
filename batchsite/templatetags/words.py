"""Numbers, money and times in the words of the pages."""

from __future__ import annotations

from decimal import Decimal

from django import template

register = template.Library()
TICKS_PER_DOLLAR = 10_000_000_000


@register.filter
def dollars(ticks: int | None) -> str:
    """Ticks (1e-10 USD) as money: four digits under $10, two above; "< $0.0001" instead of a false nought."""
    if ticks is None:
        return "—"
    amount = Decimal(ticks) / TICKS_PER_DOLLAR
    if 0 < amount < Decimal("0.0001"):
        return "< $0.0001"
    return f"${amount:,.2f}" if amount >= 10 else f"${amount:.4f}"


@register.filter
def number(value: int | None) -> str:
    """7166 as 7,166."""
    return "—" if value is None else f"{value:,}"
