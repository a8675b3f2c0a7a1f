"""/v1/models, /v1/language-models and /v1/api-key (facts 7.1, 7.2, 7.5)."""

from __future__ import annotations

from batchsite.sandbox.exchange import Reply, json_reply
from batchsite.sandbox.price_list import MODELS, PICTURE_MODELS, VIDEO_MODELS, find_model
from batchsite.sandbox.wire_shapes import language_model, model_object, refuse
from batchsite.sandbox.world import CallContext


def models(_: CallContext) -> Reply:
    return json_reply(
        {"object": "list", "data": [model_object(model) for model in (*MODELS, *PICTURE_MODELS, *VIDEO_MODELS)]}
    )


def language_models(_: CallContext) -> Reply:
    return json_reply({"models": [language_model(model) for model in MODELS]})


def one_language_model(context: CallContext) -> Reply:
    model = find_model(context.call.args[0])
    if model is None or model.picture_price or model.video_price:
        refuse(404, f"Model '{context.call.args[0]}' not found.")
    return json_reply(language_model(model))


def api_key(context: CallContext) -> Reply:
    """A blocked key gets 200 with the flag set."""
    key = context.key
    return json_reply(
        {
            "redacted_api_key": key.redacted,
            "user_id": key.team,
            "name": "sandbox key",
            "create_time": "2026-01-01T00:00:00.000000Z",
            "modify_time": "2026-01-01T00:00:00.000000Z",
            "modified_by": key.team,
            "team_id": key.team,
            "acls": ["api-key:endpoint:*", "api-key:model:*"],
            "api_key_id": key.id,
            "api_key_blocked": context.rule("key_blocked") is not None,
            "api_key_disabled": False,
            "team_blocked": False,
        }
    )
