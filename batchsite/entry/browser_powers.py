"""Tells browsers which features our pages never use, and that other sites may not embed our responses."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

UNUSED = (
    *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone"),
    *("midi", "payment", "usb"),
)
HEADERS = {
    "Permissions-Policy": ", ".join(f"{power}=()" for power in UNUSED),
    "Cross-Origin-Resource-Policy": "same-origin",
}


class BrowserPowers:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
