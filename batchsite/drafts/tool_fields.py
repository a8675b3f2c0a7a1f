"""The inputs of a draft's tools: a box for each tool, and one for each of its settings. Pure.

They are named `tool-<tool>` and `tool-<tool>-<setting>`, those of MCP servers `tool-mcp` with the server's id as value;
a page that has them sends `tools-shown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from batchsite.recipes.tools import TOOLS, Tool, ToolSetting, tidy

LONGEST_TYPED = 5_000


def typed_tools(data: QueryDict) -> dict[str, Any] | None:
    """Returns the chosen tools as a draft stores them. None if the page did not have them."""
    if "tools-shown" not in data:
        return None
    chosen = {tool.name: _settings(data, tool) for tool in TOOLS if f"tool-{tool.name}" in data}
    servers = sorted(
        {int(key) for key in data.getlist("tool-mcp") if key.isascii() and key.isdecimal() and len(key) < 16}
    )
    return chosen | ({"mcp": {"servers": servers}} if servers else {})


def _settings(data: Mapping[str, Any], tool: Tool) -> dict[str, Any]:
    typed = {
        setting.name: tidy(setting.kind, str(data.get(f"tool-{tool.name}-{setting.name}", ""))[:LONGEST_TYPED])
        for setting in tool.settings
    }
    return {name: value for name, value in typed.items() if value is not None}


@dataclass(frozen=True)
class SettingInput:
    """One setting as it stands in the form."""

    setting: ToolSetting
    input_name: str
    value: Any
    """Lines for a list."""


@dataclass(frozen=True)
class ToolInput:
    """One tool as it stands in the form."""

    tool: Tool
    chosen: bool
    settings: list[SettingInput]

    @property
    def is_set(self) -> bool:
        """Whether one of its settings says something."""
        return any(setting.value for setting in self.settings)


def tool_inputs(tools: Mapping[str, Mapping[str, Any]]) -> list[ToolInput]:
    return [
        ToolInput(
            tool,
            tool.name in tools,
            [
                SettingInput(
                    setting, f"tool-{tool.name}-{setting.name}", _shown(tools.get(tool.name, {}).get(setting.name))
                )
                for setting in tool.settings
            ],
        )
        for tool in TOOLS
    ]


def _shown(value: Any) -> Any:
    return "\n".join(value) if isinstance(value, list) else value or ""
