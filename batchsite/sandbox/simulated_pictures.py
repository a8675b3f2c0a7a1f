"""Simulated pictures and videos, determined by the request, behind addresses that expire (facts 2.7, 7.6, 7.7).

Their address is signed with the sandbox's clock; each read of the results signs it anew.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from batchsite.sandbox.exchange import Call, Refused, Reply, text_reply
from batchsite.sandbox.price_list import Model
from batchsite.sandbox.simulated_videos import video
from batchsite.sandbox.world import World

GENERATION, EDIT, VIDEO = "image_generation", "image_edit", "video_generation"
PICTURE_KINDS = (GENERATION, EDIT)
MEDIA_KINDS = (*PICTURE_KINDS, VIDEO)
MOST = 10
RATIOS = {
    "auto": (96, 96),
    "1:1": (96, 96),
    "3:4": (72, 96),
    "4:3": (96, 72),
    "9:16": (54, 96),
    "16:9": (96, 54),
    "2:3": (64, 96),
    "3:2": (96, 64),
    "9:19.5": (44, 96),
    "19.5:9": (96, 44),
    "9:20": (43, 96),
    "20:9": (96, 43),
    "1:2": (48, 96),
    "2:1": (96, 48),
}
QUALITIES = ("auto", "low", "medium", "high")
PER_INPUT = 20_000_000
"""Ticks for a picture that is edited."""


class Drawn(NamedTuple):
    """The outcome of one request for pictures."""

    model: str
    pictures: int
    ratio: str
    number: int
    ticks: int


def draw(kind: str, body: dict[str, Any], model: Model, number: int) -> Drawn:
    if kind == VIDEO:
        return Drawn(model.id, 1, VIDEO, number, model.video_price)
    count = body.get("n") or 1
    inputs = PER_INPUT if kind == EDIT else 0
    ratio = body.get("aspect_ratio") or "auto"
    return Drawn(model.id, count, ratio, number, count * model.picture_price + inputs)


def problem_of(kind: str, body: dict[str, Any], dead: str | None) -> str | None:
    """Returns the error that a row gets when it runs, None if it gets pictures."""
    if not body["prompt"].strip():
        return "Prompt cannot be empty"
    if kind == VIDEO:
        return None
    if not 1 <= (body.get("n") or 1) <= MOST:
        return f"n must be between 1 and {MOST}, got {body['n']}"
    if (ratio := body.get("aspect_ratio")) is not None and ratio not in RATIOS:
        return f"Invalid aspect_ratio {ratio!r}"
    if (quality := body.get("quality")) is not None and quality not in QUALITIES:
        return f"Invalid quality {quality!r}"
    return dead if kind == EDIT else None


def pack(drawn: Drawn) -> bytes:
    return b"P" + orjson.dumps(drawn[:4])


def is_packed(said: bytes) -> bool:
    return said[:1] == b"P"


def row(world: World, call: Call, batch_id: str, key: str, said: bytes, ticks: int) -> dict[str, Any]:
    """Returns the row of /results, with addresses that are good from now on for as long as the settings say."""
    model, count, ratio, number = orjson.loads(said[1:])
    base = f"http://{call.headers.get('host', '127.0.0.1')}"
    if ratio == VIDEO:
        video = {"url": base + _signed(world, batch_id, key, f"{number}", "mp4")}
        filmed = {"model": model, "video": video, "usage": {"cost_in_usd_ticks": ticks}}
        return {"batch_request_id": key, "batch_result": {"response": {VIDEO: filmed}}}
    data = [
        {"url": base + _signed(world, batch_id, key, f"{number}-{place}-{ratio}", "png"), "mime_type": "image/png"}
        for place in range(1, count + 1)
    ]
    usage = {"num_images_generated": count, "cost_in_usd_ticks": ticks}
    response = {"image_generation": {"model": model, "data": data, "usage": usage}}
    return {"batch_request_id": key, "batch_result": {"response": response}}


def _signed(world: World, batch_id: str, key: str, name: str, ending: str) -> str:
    until = world.now() + int(world.settings.media_ttl * 1e6)
    path = f"/media/{quote(batch_id, safe='')}/{quote(key, safe='')}/{quote(name.replace(':', 'x'), safe='')}.{ending}"
    return f"{path}?until={until}&sig={_sign(path, until)}"


def _sign(path: str, until: int) -> str:
    return f"{zlib.crc32(f'{path} {until} sandbox'.encode()):08x}"


def serve_picture(world: World, call: Call) -> Reply:
    """GET of a signed address, without a key. 403 once it has expired."""
    until = call.query.get("until", "")
    if not until.isdigit() or call.query.get("sig") != _sign(call.path, int(until)):
        raise Refused(text_reply(403, "Signature mismatch"))
    if world.now() > int(until):
        raise Refused(text_reply(403, "Request has expired"))
    if call.path.endswith(".mp4"):
        number = call.path.rpartition("/")[2].removesuffix(".mp4")
        return Reply(body=video(int(number)), content_type="video/mp4")
    number, _, ratio = call.path.rpartition("/")[2].removesuffix(".png").partition("-")
    place, _, ratio = ratio.partition("-")
    return Reply(body=_png(int(number) + int(place) * 7_919, ratio.replace("x", ":")), content_type="image/png")


def _png(number: int, ratio: str) -> bytes:
    width, height = RATIOS.get(ratio, RATIOS["auto"])
    start, step = number % 256, 1 + number // 256 % 7
    pixels = bytearray()
    for y in range(height):
        pixels.append(0)
        for x in range(width):
            pixels += bytes(((start + x * step) % 256, (start + y * 2) % 256, (number >> 12) % 256))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"tEXt", f"Number\0{number}".encode()),
        (b"IDAT", zlib.compress(bytes(pixels), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
