"""Which parameters a model takes, and which values (facts 6.1, 6.2). Pure.

xAI checks values only when a row runs, or never; a value out of range may hang. So they are checked here. What a
model refuses is not offered for it; penalties are never offered, because reasoning models refuse even 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from batchsite.xai.catalogue import makes_media, makes_videos, picture_model

Kind = Literal["number", "whole", "choice", "texts"]
"""Kind of value: a number, a whole number, one of `choices`, or a list of up to `most` texts."""


@dataclass(frozen=True)
class Parameter:
    """One parameter as a model takes it."""

    name: str
    label: str
    help: str
    kind: Kind
    low: float = 0
    high: float = 0
    choices: tuple[tuple[str, str], ...] = ()
    """(value, label); choosing none means the model's default."""
    most: int = 0

    def problem(self, value: Any) -> str:
        """Returns what is wrong with a value, as a sentence. Empty if nothing is, or the value is None (not sent)."""
        if value is None:
            return ""
        if self.kind == "choice":
            known = [choice for choice, _ in self.choices]
            return "" if value in known else f"One of {', '.join(known)}."
        if self.kind == "texts":
            return self._texts_problem(value)
        fits = isinstance(value, int | float) and not isinstance(value, bool) and self.low <= value <= self.high
        if fits and (self.kind == "number" or value == int(value)):
            return ""
        kind = "A whole number" if self.kind == "whole" else "A number"
        return f"{kind} from {self.low:,} to {self.high:,}."

    def _texts_problem(self, value: Any) -> str:
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            return f"A list of up to {self.most} texts, none of them empty."
        return "" if len(value) <= self.most else f"{self.most} texts at most: there are {len(value)}."


_EFFORTS = {
    "none": "None: answers at once",
    "low": "Low",
    "medium": "Medium",
    "high": "High",
    "xhigh": "Very high",
}
_EFFORT_OF = {
    "grok-4.3": ("none", "low", "medium", "high", "xhigh"),
    "grok-4.5": ("low", "medium", "high", "xhigh"),
    "grok-4.6": ("low", "medium", "high", "xhigh"),
    "grok-4.7": ("low", "medium", "high", "xhigh"),
    "grok-3-mini": ("low", "high"),
    "grok-4.20-multi-agent": ("low", "medium", "high", "xhigh"),
}
"""Efforts by the beginning of a model's name. Other models refuse the parameter (facts 6.2)."""
_DEFAULT_EFFORT = {"grok-4.3": "low", "grok-4.5": "high"}
_NOT_REASONING = ("-non-reasoning", "grok-3-fast")

TEMPERATURE = Parameter(
    "temperature", "Temperature", "0 to 2: low for the same answer again, high for variety.", "number", 0, 2
)
TOP_P = Parameter(
    "top_p",
    "Top p",
    "0 to 1: only the most likely words, up to this share. Change this or the temperature.",
    "number",
    0,
    1,
)
MAX_TOKENS = Parameter(
    "max_completion_tokens",
    "Maximum tokens",
    "Limits the visible answer. Reasoning is not limited, and is billed.",
    "whole",
    1,
    1_000_000,
)
SEED = Parameter(
    "seed",
    "Seed",
    "The same number makes the same answer more likely, but not certain.",
    "whole",
    -(2**31),
    2**31 - 1,
)
STOP = Parameter("stop", "Stop sequences", "Up to 4 texts at which the answer ends, one per line.", "texts", most=4)
COUNT = Parameter("n", "Pictures a row", "1 to 10; each is billed.", "whole", 1, 10)
RATIOS = ("auto", "1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2", "9:19.5", "19.5:9", "9:20", "20:9", "1:2", "2:1")
ASPECT = Parameter(
    "aspect_ratio", "Aspect ratio", "Width to height.", "choice", choices=tuple((one, one) for one in RATIOS)
)
QUALITY = Parameter(
    "quality",
    "Quality",
    "Higher costs more and takes longer; some models ignore it.",
    "choice",
    choices=(("auto", "Automatic"), ("low", "Low"), ("medium", "Medium"), ("high", "High")),
)
_OF_PICTURES = (COUNT, ASPECT, QUALITY)
_EVERYWHERE = (TEMPERATURE, TOP_P, MAX_TOKENS, SEED)
NAMES = ("reasoning_effort", *(one.name for one in _EVERYWHERE), STOP.name, *(one.name for one in _OF_PICTURES))
"""All known parameters, in the order in which they are shown."""
NEVER = ("presence_penalty", "frequency_penalty")


def parameters_of(model: str) -> list[Parameter]:
    """Returns the parameters that a model takes, in the order of `NAMES`."""
    if makes_videos(model):
        return []
    if picture_model(model):
        return [*_OF_PICTURES]
    effort = _effort(model)
    return [*([effort] if effort else []), *_EVERYWHERE, *([] if is_reasoning(model) else [STOP])]


def is_reasoning(model: str) -> bool:
    """Returns whether a model reasons before it answers; unknown models are assumed to."""
    return not any(part in model for part in _NOT_REASONING)


def _effort(model: str) -> Parameter | None:
    family = next((name for name in _EFFORT_OF if model == name or model.startswith(f"{name}-")), None)
    if family is None:
        return None
    default = _DEFAULT_EFFORT.get(family)
    words = "How long the model thinks before it answers. Its reasoning is billed as output."
    words += f" If unset, {model} uses {default}." if default else ""
    return Parameter(
        "reasoning_effort",
        "Reasoning effort",
        words,
        "choice",
        choices=tuple((value, _EFFORTS[value]) for value in _EFFORT_OF[family]),
    )


def refused(model: str, name: str, kind: str = "chat_get_completion") -> str:
    """Returns why a model does not take a parameter, as a sentence. Empty if it does."""
    if kind == "responses" and name in {"seed", "stop"}:
        return f"xAI’s Responses, which tools need, take no {name}: remove it, or the tools."
    if name in {parameter.name for parameter in parameters_of(model)} or name == "response_format":
        return ""
    if makes_media(model):
        made = "videos" if makes_videos(model) else "pictures"
        return f"{model} makes {made}, and takes no {name}: clear it."
    if name == "reasoning_effort":
        takers = ", ".join(_EFFORT_OF)
        return f"{model} refuses a reasoning effort: every row would fail. Models that take it: {takers}."
    if name == "stop":
        return f"{model} reasons, and reasoning models refuse stop texts: every row would fail."
    if name in {one.name for one in _OF_PICTURES}:
        return f"{model} makes no pictures: clear this, or choose a model that does."
    if name in NEVER:
        return "Reasoning models refuse penalties, even 0."
    return f"There is no parameter {name} here."


def check_params(model: str, params: Mapping[str, Any], kind: str = "chat_get_completion") -> dict[str, str]:
    """Returns problems by parameter, as sentences."""
    taken = {parameter.name: parameter for parameter in parameters_of(model)}
    problems = {}
    for name, value in params.items():
        words = (
            "" if value is None else refused(model, name, kind) or (taken[name].problem(value) if name in taken else "")
        )
        if words:
            problems[name] = words
    return problems
