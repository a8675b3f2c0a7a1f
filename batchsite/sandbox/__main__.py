"""``python -m batchsite.sandbox --port 0 --data var/sandbox``: starts the sandbox and prints its address."""

from __future__ import annotations

import argparse
import gc
import ipaddress
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import orjson

from batchsite.sandbox.app import serve
from batchsite.sandbox.fault_kinds import BadRule
from batchsite.sandbox.key_file import read_or_create
from batchsite.sandbox.sandbox_settings import BadSetting, Settings, changed, from_environment
from batchsite.sandbox.server import Server
from batchsite.sandbox.store import FolderInUse, Store
from batchsite.sandbox.world import World

GRACE_SECONDS = 2.0
"""How long a stop waits for calls in progress."""


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except (BadSetting, BadRule, FolderInUse, OSError) as error:
        print(f"The sandbox cannot start: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m batchsite.sandbox", description="A local stand-in for the xAI API.")
    parser.add_argument("--port", type=int, default=0, help="0 = any free port")
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="an address of this machine only")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sandbox's state")
    parser.add_argument("--rate", type=float, help="rows processed per second in each batch; 0 = at once")
    parser.add_argument("--delay", type=float, help="seconds before the rows of an add call begin to be processed")
    parser.add_argument("--settle", type=float, help="seconds of all-zero counters after the first add call")
    parser.add_argument("--port-file", type=Path, help="file to write the port to once it listens")
    parser.add_argument("--key-file", type=Path, help="accept only the key in this file; made if missing")
    parser.add_argument("--verbose", action="store_true", help="log each call to standard error")
    return parser


def _loopback(host: str) -> str:
    """Returns ``host``. Raises ArgumentTypeError unless it is loopback: whoever reaches the sandbox controls it."""
    try:
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{host} is not a loopback address; use 127.0.0.1.")


def _run(options: argparse.Namespace) -> int:
    settings = changed(Settings(), from_environment(os.environ))
    chosen = {name: getattr(options, name) for name in ("rate", "delay", "settle")}
    fixed = {name: value for name, value in chosen.items() if value is not None}
    key = read_or_create(options.key_file) if options.key_file else None
    world = _world(options.data, settings, fixed, key)
    server = Server((options.host, options.port), serve(world), verbose=options.verbose)
    _tune_garbage_collection()
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        _announce(server, options)
        server.serve_forever(poll_interval=0.1)
    except SystemExit:
        server.server_close()
        server.busy.wait(GRACE_SECONDS)
    finally:
        world.store.close()
    return 0


def _world(folder: Path, settings: Settings, fixed: dict[str, Any], key: str | None) -> World:
    """The command line overrides /admin/settings, which overrides the environment."""
    rules = parse_faults(os.environ.get("SANDBOX_FAULTS", ""))
    world = World(Store(folder), settings, fixed=fixed, key=key)
    try:
        world.faults.install(rules)
    except BadRule:
        world.store.close()
        raise
    return world


def parse_faults(text: str) -> list[Any]:
    """Returns the rules in SANDBOX_FAULTS: JSON of one rule or a list, or ``@`` and the name of a file with it."""
    if not text.strip():
        return []
    try:
        raw = orjson.loads(Path(text[1:]).read_bytes() if text.startswith("@") else text)
    except orjson.JSONDecodeError as error:
        raise BadRule(f"SANDBOX_FAULTS is not JSON: {error}") from None
    return raw if isinstance(raw, list) else [raw]


def _announce(server: Server, options: argparse.Namespace) -> None:
    host = f"[{options.host}]" if ":" in options.host else options.host
    if options.port_file:
        unfinished = options.port_file.with_name(f"{options.port_file.name}.part")
        unfinished.write_text(f"{server.port}\n")
        unfinished.replace(options.port_file)
    print(f"The sandbox answers at http://{host}:{server.port}/v1 with simulated results.", flush=True)


def _tune_garbage_collection() -> None:
    """A page creates tens of thousands of short-lived objects; collecting ten times a page took 10 % of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)


def _stop(*_: object) -> NoReturn:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
