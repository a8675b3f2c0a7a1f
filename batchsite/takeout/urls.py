from __future__ import annotations

from django.urls import path

from batchsite.takeout import views

urlpatterns = [
    path("team/export", views.takeout, name="takeout"),
    path("team/export/file", views.takeout_file, name="takeout-file"),
    path("team/export/remove", views.takeout_remove, name="takeout-remove"),
]
