"""The form of a batch's spending cap: on the review before submitting, and while the batch runs."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.batches.states import HeldFor, State
from batchsite.pricing.spend_caps import spend_cap
from batchsite.teams.forms import dollar_field, ticks_of, typed_dollars
from batchsite.wording import TICKS_PER_DOLLAR, dollars, exact

STEP = TICKS_PER_DOLLAR // 10_000
"""The field takes four digits after the point."""


class SpendCapForm(forms.Form):
    """What the batch may cost, in dollars. Blank: no limit."""

    spend_cap = dollar_field("Spending cap, in dollars", "Leave blank for no limit.")

    def __init__(self, data: QueryDict | None, batch: Batch) -> None:
        self._batch = batch
        super().__init__(data, initial={"spend_cap": typed_dollars(batch.spend_cap_ticks)})
        if batch.state == State.DRAFT:
            self.fields["spend_cap"].widget.attrs["form"] = "submit-form"  # it stands beside the price, above

    def clean_spend_cap(self) -> Decimal | None:
        """A cap that lets no row go on would lead nowhere."""
        amount: Decimal | None = self.cleaned_data["spend_cap"]
        if amount is not None and not amount:
            raise forms.ValidationError("Nothing could be sent at $0. Enter an amount, or leave it blank.")
        limit = ticks_of(amount)
        if limit is not None and self._batch.held_for == HeldFor.CAP:
            cap = spend_cap(self._batch, limit)
            if not cap.fits:
                least = -(-cap.least_more // STEP) * STEP
                raise forms.ValidationError(
                    f"{dollars(cap.billed)} is billed already. Enter {exact(least)} or more to send another row."
                )
        return amount

    @property
    def ticks(self) -> int | None:
        return ticks_of(self.cleaned_data["spend_cap"])
