"""The WSGI application: finds the route, checks the key, applies scripted faults, replies."""

from __future__ import annotations

import re
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterable
from http.client import responses
from typing import Any, NamedTuple
from urllib.parse import unquote

from batchsite.sandbox import (
    admin_routes,
    batch_routes,
    chat_routes,
    fault_replies,
    file_routes,
    info_routes,
    result_routes,
    stored_batches,
    wire_shapes,
)
from batchsite.sandbox.accepted_keys import authenticate
from batchsite.sandbox.batch_clock import Batch
from batchsite.sandbox.batch_operations import apply_event, fault_target
from batchsite.sandbox.exchange import GZIP_FROM, Call, Hangup, Refused, Reply, gzip_body, json_reply
from batchsite.sandbox.origin_check import refuse_web_pages
from batchsite.sandbox.world import CallContext, World

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
WsgiApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Route(NamedTuple):
    """One line of the table below. ``call`` is its name in fault rules."""

    method: str
    pattern: re.Pattern[str]
    call: str
    handler: Callable[[CallContext], Reply]


def _route(method: str, path: str, call: str, handler: Callable[[CallContext], Reply]) -> Route:
    return Route(method, re.compile(path), call, handler)


_BATCH = r"/v1/batches/([^/:]+)"

ROUTES = (
    _route("POST", r"/v1/batches", "create", batch_routes.create),
    _route("GET", r"/v1/batches", "list", batch_routes.list_batches),
    _route("GET", _BATCH, "get", batch_routes.get),
    _route("POST", _BATCH + "/requests", "add", batch_routes.add),
    _route("GET", _BATCH + "/requests", "requests", result_routes.list_requests),
    _route("GET", _BATCH + "/results", "results", result_routes.results),
    _route("POST", _BATCH + ":cancel", "cancel", batch_routes.cancel),
    _route("POST", r"/v1/files", "files", file_routes.upload),
    _route("GET", r"/v1/files", "files", file_routes.list_files),
    _route("GET", r"/v1/files/([^/]+)", "files", file_routes.get_file),
    _route("DELETE", r"/v1/files/([^/]+)", "files", file_routes.delete),
    _route("GET", r"/v1/files/([^/]+)/content", "files", file_routes.content),
    _route("GET", r"/v1/models", "models", info_routes.models),
    _route("GET", r"/v1/language-models", "models", info_routes.language_models),
    _route("GET", r"/v1/language-models/([^/]+)", "models", info_routes.one_language_model),
    _route("GET", r"/v1/api-key", "key", info_routes.api_key),
    _route("POST", r"/v1/chat/completions", "chat", chat_routes.chat),
    _route("POST", r"/v1/responses", "chat", chat_routes.responses),
    _route("GET", r"/v1/chat/deferred-completion/([^/]+)", "deferred", chat_routes.deferred),
    _route("POST", r"/v1/tokenize-text", "chat", chat_routes.tokenize),
)

ADMIN: tuple[tuple[str, str, Callable[[World, Call], Reply]], ...] = (
    ("GET", r"/(?:healthz)?", admin_routes.health),
    ("GET", r"/admin/faults", admin_routes.list_faults),
    ("POST", r"/admin/faults", admin_routes.add_faults),
    ("DELETE", r"/admin/faults(?:/(\d+))?", admin_routes.remove_faults),
    ("GET", r"/admin/settings", admin_routes.get_settings),
    ("POST", r"/admin/settings", admin_routes.change_settings),
    ("POST", r"/admin/advance", admin_routes.advance),
    ("POST", r"/admin/complete", admin_routes.complete),
    ("POST", r"/admin/keys", admin_routes.set_key),
    ("POST", r"/admin/reset", admin_routes.reset),
    ("GET", r"/admin/ledger", admin_routes.show_ledger),
    ("GET", r"/admin/ledger\.jsonl", admin_routes.stream_ledger),
    ("GET", r"/admin/ledger/direct", admin_routes.show_direct),
)


def serve(world: World) -> WsgiApp:
    """Returns the application for ``world``."""

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        started = time.perf_counter()
        call = _call(environ)
        reply = _respond(world, call, environ["SERVER_NAME"], environ["SERVER_PORT"])
        return _send(call, reply, start_response, started)

    return app


def _call(environ: dict[str, Any]) -> Call:
    raw = environ.get("REQUEST_URI") or environ.get("RAW_URI") or environ["PATH_INFO"]
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    path = str(raw).partition("?")[0]
    return Call(environ["REQUEST_METHOD"], path, environ.get("QUERY_STRING", ""), headers, environ["wsgi.input"])


def _respond(world: World, call: Call, server_name: str, server_port: str) -> Reply:
    try:
        refuse_web_pages(call.headers, server_name, server_port)
        return _admin(world, call) or _api(world, call)
    except Refused as refused:
        return refused.reply
    except Hangup:
        raise
    except Exception:  # noqa: BLE001  one bad call must not stop the sandbox
        traceback.print_exc(file=sys.stderr)
        return wire_shapes.flat_error(500, "The sandbox failed on this call; its standard error says why.")


def _admin(world: World, call: Call) -> Reply | None:
    for method, pattern, handler in ADMIN:
        match = re.fullmatch(pattern, call.path)
        if match and method == call.method:
            call.args = tuple(part or "" for part in match.groups())
            if world.key is not None and handler is not admin_routes.health:
                authenticate(world.store, call.headers, world.key)
            return handler(world, call)
    return None


def _api(world: World, call: Call) -> Reply:
    route = _find(call)
    context = CallContext(world, call, authenticate(world.store, call.headers, world.key))
    if route.call in ("get", "add", "requests", "results", "cancel"):
        context.batch_id = call.args[0]
    batch = _batch(context)
    name = batch_routes.batch_name(call.json, len(call.body)) if route.call == "create" else ""
    target = fault_target(context, route.call, batch, name)
    fault = next(iter(world.faults.pick(target, ("reply",))), None)
    if fault is not None and fault.what == "key_blocked" and route.call == "key":
        context.rules, fault = [fault], None
    if fault is None or fault_replies.is_applied(fault):
        context.rules += world.faults.pick(target, _families(route.call, call))
    if batch is not None:
        _apply_events(context, batch)
    if fault is None:
        return route.handler(context)
    _ = call.body  # read now: a call that is applied late has no connection any more
    return fault_replies.reply_under(
        fault, context.key, call.query.get("pagination_token", ""), lambda: _run(route, context)
    )


def _families(name: str, call: Call) -> tuple[str, ...]:
    """Returns the families of faults that apply here. A list applies its own, batch by batch."""
    if name == "list":
        return ()
    if name == "create" and call.json.get("input_file_id") is None:
        return ("event",)
    return ("event", "rows", "view")


def _apply_events(context: CallContext, batch: Batch) -> None:
    for rule in context.rules:
        if rule.kind.family == "event":
            with context.world.store.write() as connection:
                apply_event(context.world, connection, batch, rule)


def _run(route: Route, context: CallContext) -> Reply:
    try:
        return route.handler(context)
    except Refused as refused:
        return refused.reply


def _find(call: Call) -> Route:
    """Returns the route. Raises Refused: 404 for an unknown path, 405 for the wrong method."""
    allowed: list[str] = []
    for route in ROUTES:
        match = route.pattern.fullmatch(call.path)
        if match and route.method == call.method:
            call.args = tuple(unquote(part) for part in match.groups())
            return route
        if match:
            allowed.append(route.method)
    if allowed:
        reply = json_reply({"code": "405", "error": f"Method {call.method} is not allowed here."}, 405)
        raise Refused(Reply(405, reply.body, headers=(("allow", ", ".join(allowed)),)))
    raise Refused(wire_shapes.flat_error(404, f"There is no {call.method} {call.path}."))


def _batch(context: CallContext) -> Batch | None:
    """Returns the batch that fault rules are matched against, None if there is none; the route answers 404 itself."""
    if not context.batch_id:
        return None
    with context.world.store.read() as connection:
        batch = stored_batches.find_batch(connection, context.batch_id)
    return batch if batch and batch.team == context.key.team else None


def _send(call: Call, reply: Reply, start_response: StartResponse, started: float) -> Iterable[bytes]:
    body = b"".join(reply.stream) if reply.stream and reply.damage else reply.body
    headers = [*reply.headers, *_common_headers(started)]
    if len(body) > GZIP_FROM and "gzip" in call.headers.get("accept-encoding", ""):
        body = gzip_body(body)
        headers += [("content-encoding", "gzip"), ("vary", "accept-encoding")]
    if body or reply.stream:
        headers.append(("content-type", reply.content_type))
    streamed = reply.stream if reply.damage is None else None
    if streamed is None:
        headers.append(("content-length", str(len(body))))
    start_response(f"{reply.status} {responses.get(reply.status, 'Unknown')}", headers)
    if streamed is not None:
        return streamed
    return reply.damage(body) if reply.damage else [body]


def _common_headers(started: float) -> list[tuple[str, str]]:
    """The headers of recorded batch replies, which have no rate limits (facts 1.1)."""
    return [
        ("x-trace-id", uuid.uuid4().hex),
        ("x-zero-data-retention", "false"),
        ("x-data-retention", "general"),
        ("x-envoy-upstream-service-time", str(int((time.perf_counter() - started) * 1000))),
    ]
