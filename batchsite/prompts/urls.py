from __future__ import annotations

from django.urls import path

from batchsite.prompts import views

urlpatterns = [
    path("", views.prompts, name="prompts"),
    path("<int:prompt_id>", views.prompt, name="prompt"),
    path("<int:prompt_id>/compare", views.prompt_compare, name="prompt-compare"),
    path("<int:prompt_id>/rename", views.prompt_rename, name="prompt-rename"),
    path("<int:prompt_id>/delete", views.prompt_delete, name="prompt-delete"),
]
