from __future__ import annotations

from django.urls import path

from batchsite.asks import views

urlpatterns = [
    path("", views.asks, name="asks"),
    path("<int:ask_id>", views.ask, name="ask"),
    path("<int:ask_id>/remove", views.ask_remove, name="ask-remove"),
]
