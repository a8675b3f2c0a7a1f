"""The same pages twice: below /account for oneself, and below /team for the team."""

from __future__ import annotations

from django.urls import URLPattern, path

from batchsite.notifications import views


def _pages(before: str, name: str, *, of_team: bool) -> list[URLPattern]:
    whose = {"of_team": of_team}
    one = f"{before}/<int:destination_id>"
    return [
        path(before, views.listed, whose, name=f"{name}s"),
        path(f"{before}/new/<str:channel>", views.new, whose, name=f"{name}-new"),
        path(one, views.one, whose, name=name),
        path(f"{one}/test", views.test, whose, name=f"{name}-test"),
        path(f"{one}/secret", views.secret, whose, name=f"{name}-secret"),
        path(f"{one}/remove", views.remove, whose, name=f"{name}-remove"),
        path(f"{one}/deliveries/<int:delivery_id>", views.again, whose, name=f"{name}-again"),
    ]


urlpatterns = [
    *_pages("account/notifications", "notification", of_team=False),
    *_pages("team/notifications", "team-notification", of_team=True),
]
