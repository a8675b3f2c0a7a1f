from __future__ import annotations

from django.urls import path

from batchsite.trials import views

urlpatterns = [
    path("<int:batch_id>/try", views.trying, name="try"),
    path("<int:batch_id>/try/panel", views.panel, name="try-panel"),
    path("<int:batch_id>/try/answers/<int:trial_id>", views.answers, name="try-answers"),
    path("<int:batch_id>/try/answers/<int:trial_id>/<int:answer_id>", views.answer, name="try-answer"),
]
