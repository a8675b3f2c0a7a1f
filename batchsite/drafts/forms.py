"""The form of a draft. Everything typed is kept, whether or not it can be sent yet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict

from batchsite.batches.models import Batch
from batchsite.drafts import typed_parts
from batchsite.drafts.draft_store import Problems
from batchsite.drafts.tool_fields import typed_tools
from batchsite.drafts.widgets import number_input, param_fields
from batchsite.pricing.model_prices import ModelPrice, prices_for
from batchsite.recipes.attachments import DETAILS, DOCUMENTS, MOST_PAGES
from batchsite.recipes.parameters import NAMES
from batchsite.recipes.row_set import parse_rows
from batchsite.recipes.shape_edits import part_of
from batchsite.wording import exact

BLANK_FIELDS = ("name", "prompt", "model")
"""Fields that are not marked as wrong while they are still blank."""
LONGEST_ID_COLUMN = 300
SHAPE_KINDS = (("text", "Text"), ("fields", "Columns"), ("schema", "JSON Schema"), ("function", "Function"))


def _from_to(least: int, most: int) -> dict[str, str]:
    return dict.fromkeys(("invalid", "min_value", "max_value"), f"Enter a whole number from {least} to {most}.")


@dataclass(frozen=True)
class Part:
    """A part of the page with several inputs and one place for its problems."""

    auto_id: str


@dataclass(frozen=True)
class DraftField:
    """A field of a draft, and what is wrong with it."""

    field: forms.BoundField | Part
    problems: Sequence[str]


_COLUMNS = frozenset(
    (
        *("prompt", "system_prompt", "row_limit", "ranges", "skip_empty", "repeats", "id_column"),
        *("picture_column", "picture_detail", "document_form", "history_column"),
        *("model", "name", "runs_live", "auto_retries", "deadline_hours"),
    )
)
"""Fields of the form that are columns of a Batch, with the same name."""
_MADE_OF = {"fields": ("fields",), "schema": ("schema",), "function": ("function", "schema")}
"""Parts of a stored shape, by its kind."""
BLANK_FIELD: dict[str, Any] = {"name": "", "type": "text", "values": [], "description": "", "required": True}


_WITH_COLUMNS = {"dir": "auto", "spellcheck": "true", "data-columns": True}
"""Attributes of a text that may hold placeholders: static/drafts-complete.js completes column names there."""


class DraftForm(forms.Form):
    """The form of a whole draft. `values()` returns the valid columns, whatever else is wrong."""

    prompt = forms.CharField(
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 7, "placeholder": "What should be done with each row?", **_WITH_COLUMNS}),
    )
    system_prompt = forms.CharField(
        label="System prompt",
        required=False,
        strip=False,
        help_text="Instructions for every row: role, tone, format of the answer. Columns work here too.",
        widget=forms.Textarea({"rows": 3, **_WITH_COLUMNS}),
    )
    row_limit = forms.IntegerField(label="Rows", required=False)
    ranges = forms.CharField(
        label="Row numbers",
        required=False,
        help_text="Numbers and ranges, such as 1-100, 205. These take precedence over the row count.",
    )
    skip_empty = forms.TypedChoiceField(
        label="Rows with empty values",
        required=False,
        choices=[("no", "Send them anyway"), ("yes", "Skip them: they cost nothing")],
        coerce=lambda value: value == "yes",
        empty_value=None,
        widget=forms.RadioSelect(),
    )
    repeats = forms.TypedChoiceField(
        label="Rows that repeat the request of another row",
        required=False,
        choices=[
            ("auto", "Send them once if the temperature is 0 and more than 1 % repeat"),
            ("once", "Send each request once: all of its rows get the answer, and one of them has the cost"),
            ("each", "Send every row"),
        ],
        coerce=lambda value: "" if value == "auto" else value,
        empty_value="",
        widget=forms.RadioSelect(),
    )
    shape_kind = forms.ChoiceField(
        label="Answer format", required=False, choices=SHAPE_KINDS, widget=forms.RadioSelect()
    )
    schema = forms.CharField(
        label="JSON Schema",
        required=False,
        strip=False,
        help_text="An object. Its properties become columns of the results, or the parameters of the function.",
        widget=forms.Textarea({"rows": 8, "spellcheck": "false", "class": "code"}),
    )
    function_name = forms.CharField(
        label="Name of the function",
        required=False,
        max_length=200,
        help_text="The model is asked to call it, but nothing is run: the arguments it would pass are the answer.",
        widget=forms.TextInput({"spellcheck": "false", "class": "code", "placeholder": "note_city"}),
    )
    function_description = forms.CharField(
        label="What the function is for",
        required=False,
        max_length=4_000,
        widget=forms.Textarea({"rows": 2, "dir": "auto"}),
    )
    picture_column = forms.ChoiceField(
        label="Pictures from",
        required=False,
        help_text="Its values are web addresses of pictures, or names of files that came with the table, one per line.",
    )
    picture_detail = forms.ChoiceField(
        label="Detail",
        required=False,
        choices=DETAILS,
        help_text="How closely the model looks: low costs 256 tokens a picture, else up to 1,792.",
    )
    document_form = forms.ChoiceField(
        label="PDFs",
        required=False,
        choices=DOCUMENTS,
        help_text=f"For PDFs that came with the table. Page by page works for up to {MOST_PAGES} pages. "
        "Sent as they are, each is uploaded to xAI once, for all rows; only tried rows carry them inside the request.",
    )
    history_column = forms.ChoiceField(
        label="Earlier turns from",
        required=False,
        help_text="Its values are JSON lists of messages, such as [{“role”: “user”, “content”: “…”}]. They are sent "
        "before each row’s prompt; without a prompt, they are the whole request.",
    )
    id_column = forms.ChoiceField(
        label="Request id",
        required=False,
        help_text="Identifies each row at xAI and in downloads. Values must be unique: 1 to 64 of A–Z a–z 0–9 _ -.",
    )
    model = forms.CharField(label="Model", required=False, max_length=100, widget=forms.Select())
    name = forms.CharField(label="Batch name", required=False, max_length=200)
    runs_live = forms.TypedChoiceField(
        label="How it runs",
        required=False,
        choices=[
            ("batch", "In a batch, at the lowest price. Most finish within minutes, but xAI guarantees no time"),
            ("live", "Live, at list price. Each row is sent right away, also with models that don’t run in batches"),
        ],
        coerce=lambda value: value == "live",
        empty_value=None,
        widget=forms.RadioSelect(),
    )
    auto_retries = forms.IntegerField(
        label="Retry temporary failures automatically, up to … times",
        required=False,
        min_value=0,
        max_value=10,
        help_text="For what may clear up: overloaded, rate limit, deadline exceeded, errors at xAI. 0 means never.",
        widget=number_input(0, 10),
        error_messages=_from_to(0, 10),
    )
    deadline_hours = forms.IntegerField(
        label="Deadline, in hours",
        required=False,
        min_value=1,
        max_value=720,
        help_text="Then the batch finishes with the answers it has. Leave blank for none; xAI stops after 30 days.",
        widget=number_input(1, 720),
        error_messages=_from_to(1, 720),
    )

    def __init__(self, data: QueryDict | None = None, *, batch: Batch) -> None:
        self.batch = batch
        model = str(data.get("model", "")) if data else batch.model
        initial = {name: getattr(batch, name, None) for name in self.base_fields}
        params = {name: batch.params.get(name) for name in NAMES}
        super().__init__(data, initial=initial | _initial(batch) | params)
        self.fields.update(param_fields(model, batch.params))
        self.examples = self._rows("examples", batch.examples, {"user": "", "assistant": ""})
        self.shape_fields = self._rows("fields", part_of(batch.shape, batch.shape_aside, "fields") or [], BLANK_FIELD)
        self._fit_rows(batch.dataset.row_count)
        self._fit_ids(batch.dataset.columns)
        self._fit_models(prices_for(batch.team))
        for name, field in self.fields.items():
            notes = [f"id_{name}_helptext"] if field.help_text else []
            field.widget.attrs["aria-describedby"] = " ".join([*notes, f"id_{name}_error"])

    def _rows(self, part: str, stored: Sequence[Any], blank: dict[str, Any]) -> list[Any]:
        """Returns the rows of a part as typed, with what a button asks for applied."""
        rows = typed_parts.rows_of(self.data, part) if isinstance(self.data, QueryDict) else None
        if rows is None:
            return list(stored)
        parsed = (typed_parts.examples if part == "examples" else typed_parts.fields)(rows)
        return typed_parts.after(parsed, part, self.data.get("do", ""), blank)

    def _fit_rows(self, count: int) -> None:
        field: Any = self.fields["row_limit"]
        field.widget = number_input(1, count, placeholder=f"all {count:,}")
        field.help_text = f"Leave blank for all {count:,}, or enter how many."

    def _fit_ids(self, columns: Sequence[str]) -> None:
        field: Any = self.fields["id_column"]
        usable = [column for column in columns if len(column) <= LONGEST_ID_COLUMN]
        pictures: Any = self.fields["picture_column"]
        pictures.choices = [("", "No pictures"), *((column, f"The column “{column}”") for column in usable)]
        history: Any = self.fields["history_column"]
        history.choices = [("", "No earlier turns"), *((column, f"The column “{column}”") for column in usable)]
        field.choices = [("", "The row’s number"), *((column, f"The column “{column}”") for column in usable)]

    def _fit_models(self, prices: Sequence[ModelPrice]) -> None:
        widget: Any = self.fields["model"].widget
        widget.choices = [("", "Choose a model"), *((listed.model, _label(listed)) for listed in prices)]
        if self.batch.model and self.batch.model not in {listed.model for listed in prices}:
            widget.choices.append((self.batch.model, f"{self.batch.model}: not in xAI’s list of models"))

    def clean_prompt(self) -> str:
        return _lines(self.cleaned_data["prompt"])

    def clean_system_prompt(self) -> str:
        return _lines(self.cleaned_data["system_prompt"])

    def clean_row_limit(self) -> int | None:
        limit: int | None = self.cleaned_data["row_limit"]
        count = self.batch.dataset.row_count
        if limit is not None and not 1 <= limit <= count:
            raise forms.ValidationError(f"The dataset has rows 1 to {count:,}.")
        return limit

    def clean_ranges(self) -> list[list[int]] | None:
        try:
            return parse_rows(self.cleaned_data["ranges"], self.batch.dataset.row_count).as_lists() or None
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def clean_auto_retries(self) -> int:
        return self.cleaned_data["auto_retries"] or 0

    def values(self) -> dict[str, Any]:
        """Returns the valid values as columns of a Batch. What the page did not send is left out."""
        self.is_valid()
        values = {name: value for name, value in self.cleaned_data.items() if name in _COLUMNS and name in self.data}
        given = {name: self.cleaned_data[name] for name in NAMES if name in self.data and name in self.cleaned_data}
        params = {name: value for name, value in (self.batch.params | given).items() if value is not None}
        tools = typed_tools(self.data) if isinstance(self.data, QueryDict) else None
        chosen = {} if tools is None else {"tools": tools}
        return values | {"params": params} | chosen | self._examples() | self._shape()

    def _examples(self) -> dict[str, Any]:
        return {"examples": self.examples} if "examples-shown" in self.data else {}

    def _shape(self) -> dict[str, Any]:
        """Returns the shape of the chosen kind; what was typed for the other kinds goes to `shape_aside`."""
        kind = self.cleaned_data.get("shape_kind")
        if not kind:
            return {}
        parts: dict[str, Any] = {"fields": self.shape_fields, "schema": _lines(self.cleaned_data.get("schema", ""))}
        names = ("name", "description")
        typed = {name: _lines(self.cleaned_data.get(f"function_{name}", "")).strip() for name in names}
        parts["function"] = typed if any(typed.values()) or kind == "function" else {}
        chosen = _MADE_OF.get(kind, ())
        aside = {name: part for name, part in parts.items() if name not in chosen and part}
        return {"shape": {name: parts[name] for name in chosen} or None, "shape_aside": aside or None}

    def with_problems(self, problems: Problems, *, at_submit: bool) -> dict[str, DraftField]:
        """Returns every field with its problems. Blank fields are not wrong before submitting."""
        shown = {}
        for name, field in self.fields.items():
            still_empty = name in BLANK_FIELDS and not getattr(self.batch, name).strip()
            words = [] if still_empty and not at_submit else problems.get(name, [])
            words = [str(error) for error in self.errors.get(name, [])] or words
            if words and at_submit:
                field.widget.attrs["aria-invalid"] = "true"
            shown[name] = DraftField(self[name], words)
        parts = {
            name: DraftField(Part(f"id_{name}"), problems.get(name, [])) for name in ("examples", "shape", "tools")
        }
        return shown | parts


def _initial(batch: Batch) -> dict[str, Any]:
    """Returns initial values of the inputs that differ from what is stored."""
    shape = batch.shape or {}
    schema = part_of(shape, batch.shape_aside, "schema") or ""
    function = part_of(shape, batch.shape_aside, "function") or {}
    text = schema if isinstance(schema, str) else json.dumps(schema, indent=2, ensure_ascii=False)
    return {
        "ranges": ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in batch.ranges or ()),
        "skip_empty": "yes" if batch.skip_empty else "no",
        "repeats": batch.repeats or "auto",
        "runs_live": "live" if batch.runs_live else "batch",
        "shape_kind": next((kind for kind in ("function", "schema", "fields") if kind in shape), "text"),
        "schema": text,
        "function_name": function.get("name", ""),
        "function_description": function.get("description", ""),
    }


def _lines(text: str) -> str:
    """Returns the text with LF line ends: browsers send CRLF."""
    return text.replace("\r\n", "\n")


def _label(listed: ModelPrice) -> str:
    if not listed.batchable:
        million_in, million_out = listed.input_price * 1_000_000, listed.output_price * 1_000_000
        return f"{listed.model}: runs live only, {exact(million_in)} in, {exact(million_out)} out per million tokens"
    if listed.picture_price:
        least = "" if listed.makes == "video" else "from "
        return f"{listed.model}: makes {listed.makes}s, {least}{exact(listed.picture_price)} each"
    return f"{listed.model}: {exact(listed.million_in)} in, {exact(listed.million_out)} out per million tokens"
