from __future__ import annotations

from django.urls import path

from batchsite.retention import views

urlpatterns = [
    path("team/retention", views.retention, name="retention"),
    path("team/retention/days", views.retention_set, name="retention-set"),
    path("team/retention/now", views.retention_now, name="retention-now"),
    path("batches/<int:batch_id>/stay", views.batch_stay, name="batch-stay"),
    path("datasets/<int:dataset_id>/stay", views.dataset_stay, name="dataset-stay"),
    path("prompts/<int:prompt_id>/stay", views.prompt_stay, name="prompt-stay"),
    path("asks/<int:ask_id>/stay", views.ask_stay, name="ask-stay"),
]
