from __future__ import annotations

from django.urls import path

from batchsite.provider import views

urlpatterns = [
    path("", views.provider, name="provider"),
    path("<str:remote_id>", views.remote, name="provider-batch"),
    path("<str:remote_id>/download", views.remote_download, name="provider-download"),
    path("<str:remote_id>/cancel", views.remote_cancel, name="provider-cancel"),
    path("<str:remote_id>/adopt", views.remote_adopt, name="provider-adopt"),
]
