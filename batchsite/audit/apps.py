from __future__ import annotations

from typing import Any

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "batchsite.audit"

    def ready(self) -> None:
        from batchsite.audit.models import Way
        from batchsite.audit.phrases import EVENTS, OF_ONESELF
        from batchsite.audit.trail import add, by_link, named, person
        from batchsite.teams.signals import security_event

        def on_event(event: str, request: Any, facts: dict[str, Any], **_: Any) -> None:
            if event not in EVENTS:
                return
            ids = {key: value for key, value in facts.items() if key in {"batch", "dataset", "prompt", "ask", "user"}}
            values: dict[str, Any] = {"about": "" if event in OF_ONESELF else named(ids)}
            if event in OF_ONESELF:
                values |= person(facts["user"])
            if facts.get("by_link"):
                values |= by_link(facts)
            if request is None:
                values |= {"by": Way.COMMAND, "who": "Command line", "team_id": facts.get("team")}
            if facts.get("by_rule"):
                values |= {"by": Way.RULE, "who": "The team’s retention"}
            add(event, EVENTS[event], request, **values)

        security_event.connect(on_event, weak=False, dispatch_uid="the audit trail")
