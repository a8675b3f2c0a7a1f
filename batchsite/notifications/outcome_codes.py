"""What came of an attempt: a code, and what it means to people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DeliveryOutcome:
    """`code` is a status of HTTP or SMTP, or the name of a fault."""

    code: str
    is_delivered: bool = False


SENT = "sent"
NO_RECIPIENT = "no recipient"
NO_MAIL_SERVER = "no mail server"
UNREADABLE = "unreadable"
REFUSED = "refused"
_WORDS = {
    "": "no outcome is known: it is under way, or its process ended",
    SENT: "sent",
    "address": "the address is not one that can be asked",
    "port": "its port is not open to notifications",
    "unknown host": "there is no such host",
    "private address": "its host is in a private network",
    "timeout": "no answer came in time",
    "certificate": "its certificate could not be checked",
    "unreachable": "the server could not be reached, or the connection broke",
    NO_RECIPIENT: "nobody is left to send it to",
    NO_MAIL_SERVER: "no mail server is set up",
    UNREADABLE: "its secret cannot be read: SECRET_KEY has changed",
    REFUSED: "the service did not take it",
    "410": "the server asks to be sent nothing more",
}


def words_of(code: str) -> str:
    """Returns what a code means, for the log of deliveries. Blank if the code says it all."""
    if code in _WORDS:
        return _WORDS[code]
    if len(code) == 3 and code.startswith("3"):
        return "it redirects to another address: enter that one here"
    return ""
