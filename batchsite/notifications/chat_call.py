"""A message to a chat: Apprise words it for the service, and `guarded_requests` decides where it may go."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from apprise.common import NotifyFormat, NotifyType
from django.conf import settings

from batchsite.datasets.web_address import Fault
from batchsite.notifications import news_words
from batchsite.notifications.chat_services import Chat, NoSuchChat, read_chat
from batchsite.notifications.guarded_requests import Way, current_way
from batchsite.notifications.models import News
from batchsite.notifications.outcome_codes import REFUSED, DeliveryOutcome

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChatCall:
    """One message about some pieces of news."""

    address: str = field(repr=False)
    news: Sequence[News]

    def make(self) -> DeliveryOutcome:
        """Sends it. The address stands in no outcome and no log."""
        try:
            chat = read_chat(self.address, allow_plain=settings.OPTIONS.notify_private)
        except NoSuchChat:
            return DeliveryOutcome(Fault.ADDRESS)
        way = Way()
        token = current_way.set(way)
        try:
            is_delivered = self._told(chat)
        except Exception as error:  # noqa: BLE001  a plugin of Apprise met what it does not expect
            log.warning("Apprise failed: %s", type(error).__name__)
            is_delivered = False
        finally:
            current_way.reset(token)
        if is_delivered:
            return DeliveryOutcome(way.code, is_delivered=True)
        return DeliveryOutcome(REFUSED if way.code.startswith("2") else way.code or REFUSED)

    def _told(self, chat: Chat) -> bool:
        title, text = news_words.title(self.news), news_words.below_title(self.news)
        form = NotifyFormat.TEXT
        if chat.plugin.notify_format == NotifyFormat.MARKDOWN:
            # From text Apprise would put a backslash before every dot, in links, too.
            text, form = text.replace("\n", "\n\n"), NotifyFormat.MARKDOWN
        return bool(chat.plugin.notify(title=title, body=text, notify_type=NotifyType.INFO, body_format=form))
