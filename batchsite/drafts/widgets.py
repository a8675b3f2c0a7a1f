"""Inputs of the draft's form that keep what was typed even if it is not valid."""

from __future__ import annotations

from typing import Any

from django import forms

from batchsite.recipes.parameters import NAMES, Parameter, parameters_of

LARGEST_NUMBER = 2.0**53
"""Larger numbers are kept as text: JSON cannot represent them exactly, and no parameter allows them."""


class ParamField(forms.CharField):
    """A number parameter. What is not a number stays a text, which draft_store reports as a problem."""

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value) or "")
        try:
            number = float(text)
        except ValueError:
            return text or None
        if not abs(number) < LARGEST_NUMBER:  # also NaN
            return text
        return int(number) if number.is_integer() and not set(text) & set(".eE") else number


class LinesField(forms.CharField):
    """Texts, one per line. None if there are none."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = str(value or "").replace("\r\n", "\n").split("\n")
        return [line for line in lines if line] or None


class ChosenField(forms.CharField):
    """A value of a list. None if none is chosen. Other values are kept and reported as a problem."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value) or None


def number_input(least: int, most: int, **attributes: Any) -> forms.NumberInput:
    return forms.NumberInput({"min": least, "max": most, "inputmode": "numeric", **attributes})


def param_fields(model: str, params: dict[str, Any]) -> dict[str, forms.Field]:
    """Returns a field for every parameter: as this model takes it, else as other models do."""
    taken = {parameter.name: parameter for parameter in parameters_of(model)}
    known = ("grok-4.3", "-non-reasoning", "grok-imagine-image")
    others = {parameter.name: parameter for name in known for parameter in parameters_of(name)}
    return {name: _param_field(taken.get(name) or others[name], params.get(name)) for name in NAMES}


def _param_field(parameter: Parameter, value: Any) -> forms.Field:
    words: dict[str, Any] = {"label": parameter.label, "help_text": parameter.help, "required": False}
    if parameter.kind == "choice":
        choices = [("", "Model default"), *parameter.choices]
        if value and str(value) not in dict(choices):
            choices.append((str(value), f"{value}: not for this model"))
        return ChosenField(widget=forms.Select(choices=choices), **words)
    if parameter.kind == "texts":
        return LinesField(strip=False, widget=forms.Textarea({"rows": 2, "spellcheck": "false"}), **words)
    if parameter.kind == "whole":
        return ParamField(widget=number_input(int(parameter.low), int(parameter.high)), **words)
    limits = {"min": f"{parameter.low:g}", "max": f"{parameter.high:g}", "step": "any", "inputmode": "decimal"}
    return ParamField(widget=forms.NumberInput(limits), **words)
