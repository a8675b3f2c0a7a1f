from __future__ import annotations

from django.urls import path

from batchsite.batches.pages import (
    views,
    views_actions,
    views_again,
    views_draft,
    views_fill,
    views_models,
    views_notes,
)

urlpatterns = [
    path("", views.batches, name="batches"),
    path("new", views_draft.batch_new, name="batch-new"),
    path("<int:batch_id>/progress", views.batch_progress, name="batch-progress"),
    path("<int:batch_id>/edit", views_draft.batch_edit, name="batch-edit"),
    path("<int:batch_id>/preview", views_draft.batch_preview, name="batch-preview"),
    path("<int:batch_id>/models", views_models.batch_models, name="batch-models"),
    path("<int:batch_id>/fill", views_fill.batch_fill, name="batch-fill"),
    path("<int:batch_id>/keep", views_fill.batch_keep, name="batch-keep"),
    path("<int:batch_id>/check", views_draft.batch_check, name="batch-check"),
    path("<int:batch_id>/review", views_draft.batch_review, name="batch-review"),
    path("<int:batch_id>/submit", views_draft.batch_submit, name="batch-submit"),
    path("<int:batch_id>/rows/<int:row>/retry", views_actions.batch_row_retry, name="batch-row-retry"),
    path("<int:batch_id>/cancel", views_actions.batch_cancel, name="batch-cancel"),
    path("<int:batch_id>/finish", views_actions.batch_finish, name="batch-finish"),
    path("<int:batch_id>/go-on", views_actions.batch_go_on, name="batch-go-on"),
    path("<int:batch_id>/retry", views_actions.batch_retry, name="batch-retry"),
    path("<int:batch_id>/notes", views_notes.batch_notes, name="batch-notes"),
    path("<int:batch_id>/course", views_notes.batch_course, name="batch-course"),
    path("<int:batch_id>/again", views_again.batch_again, name="batch-again"),
    path("<int:batch_id>/new-rows/<int:dataset_id>", views_again.batch_new_rows, name="batch-new-rows"),
    path("<int:batch_id>/rename", views_actions.batch_rename, name="batch-rename"),
    path("<int:batch_id>/delete", views_actions.batch_delete, name="batch-delete"),
]
