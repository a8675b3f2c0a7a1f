"""Everything below /batches/: from an address to the view that answers it, whatever room that stands in."""

from __future__ import annotations

from django.urls import path

from batchsite.drafts import views as draft_views
from batchsite.drafts import (
    views_asks,
    views_dead_links,
    views_duplicate,
    views_fill,
    views_models,
    views_rows,
    views_starter,
)
from batchsite.exports import views as export_views
from batchsite.exports import views_links
from batchsite.gallery import views as gallery_views
from batchsite.home import views_batches, views_saved, views_selected
from batchsite.results import (
    views,
    views_actions,
    views_cap,
    views_comparison,
    views_judgements,
    views_notes,
    views_pictures,
    views_progress,
    views_retry,
    views_table,
)
from batchsite.trials import views as trial_views

of_all = [
    path("", views_batches.batches, name="batches"),
    path("selected", views_selected.batches_selected, name="batches-selected"),
    path("views", views_saved.batches_save_view, name="batches-save-view"),
    path("views/<int:view_id>/delete", views_saved.batches_delete_view, name="batches-delete-view"),
    path("new", draft_views.batch_new, name="batch-new"),
    path("shared/<str:token>/<str:name>", views_links.shared_results, name="shared-results"),
]
of_a_draft = [
    path("<int:batch_id>/edit", draft_views.batch_edit, name="batch-edit"),
    path("<int:batch_id>/preview", draft_views.batch_preview, name="batch-preview"),
    path("<int:batch_id>/models", views_models.batch_models, name="batch-models"),
    path("<int:batch_id>/ask-model", views_models.batch_ask_model, name="batch-ask-model"),
    path("<int:batch_id>/row-choice", views_rows.batch_row_choice, name="batch-row-choice"),
    path("<int:batch_id>/dead-links", views_dead_links.batch_dead_links, name="batch-dead-links"),
    path("<int:batch_id>/fill", views_fill.batch_fill, name="batch-fill"),
    path("<int:batch_id>/start/<str:name>", views_starter.batch_starter, name="batch-starter"),
    path("<int:batch_id>/keep", views_fill.batch_keep, name="batch-keep"),
    path("<int:batch_id>/check", draft_views.batch_check, name="batch-check"),
    path("<int:batch_id>/review", draft_views.batch_review, name="batch-review"),
    path("<int:batch_id>/submit", draft_views.batch_submit, name="batch-submit"),
    path("examples/<int:ask_id>", views_asks.ask_as_example, name="ask-as-example"),
    path("<int:batch_id>/try", trial_views.trying, name="try"),
    path("<int:batch_id>/try/panel", trial_views.panel, name="try-panel"),
    path("<int:batch_id>/try/answers/<int:trial_id>", trial_views.answers, name="try-answers"),
    path("<int:batch_id>/try/answers/<int:trial_id>/<int:answer_id>", trial_views.answer, name="try-answer"),
]
of_a_batch = [
    path("<int:batch_id>", views.batch, name="batch"),
    *(
        path(f"<int:batch_id>/{tab}", views.batch, {"tab": tab}, name=f"batch-{tab}")
        for tab in ("insights", "activity", "prompt")
    ),
    path("<int:batch_id>/progress", views_progress.batch_progress, name="batch-progress"),
    path("<int:batch_id>/summary", views.batch_summary, name="batch-summary"),
    path("<int:batch_id>/expected", views.batch_expected, name="batch-expected"),
    path("<int:batch_id>/notes", views_notes.batch_notes, name="batch-notes"),
    path("<int:batch_id>/course", views_notes.batch_course, name="batch-course"),
    path("<int:batch_id>/cancel", views_actions.batch_cancel, name="batch-cancel"),
    path("<int:batch_id>/end-here", views_actions.batch_end_here, name="batch-end-here"),
    path("<int:batch_id>/finish", views_actions.batch_finish, name="batch-finish"),
    path("<int:batch_id>/go-on", views_actions.batch_go_on, name="batch-go-on"),
    path("<int:batch_id>/cap", views_cap.batch_cap, name="batch-cap"),
    path("<int:batch_id>/key", views_actions.batch_key, name="batch-key"),
    path("<int:batch_id>/retry", views_retry.batch_retry, name="batch-retry"),
    path("<int:batch_id>/rename", views_actions.batch_rename, name="batch-rename"),
    path("<int:batch_id>/delete", views_actions.batch_delete, name="batch-delete"),
    path("<int:batch_id>/again", views_duplicate.batch_again, name="batch-again"),
    path("<int:batch_id>/new-rows/<int:dataset_id>", views_duplicate.batch_new_rows, name="batch-new-rows"),
    path("<int:batch_id>/summarize", views.batch_summarize, name="batch-summarize"),
    path("<int:batch_id>/compare", views_comparison.batch_compare, name="batch-compare"),
    path("<int:batch_id>/compare/<int:other_id>", views_comparison.batches_compared, name="batches-compared"),
    path("<int:batch_id>/pictures", views_pictures.batch_pictures, name="batch-pictures"),
    path("<int:batch_id>/pictures.zip", gallery_views.batch_pictures_zip, name="batch-pictures-zip"),
    path("<int:batch_id>/pictures/<int:row>/<int:number>", gallery_views.batch_picture, name="batch-picture"),
    path("<int:batch_id>/pictures/<int:row>/<int:number>/video", gallery_views.batch_video, name="batch-video"),
    path(
        "<int:batch_id>/pictures/<int:row>/<int:number>/file",
        gallery_views.batch_picture_file,
        name="batch-picture-file",
    ),
    path(
        "<int:batch_id>/compare/<int:other_id>/again",
        views_comparison.batches_compare_again,
        name="batches-compare-again",
    ),
    path("<int:batch_id>/download", export_views.batch_download, name="batch-download"),
    path("<int:batch_id>/links", views_links.batch_links, name="batch-links"),
    path("<int:batch_id>/links/<int:link_id>/revoke", views_links.link_revoke, name="link-revoke"),
    path("<int:batch_id>/exports/<int:export_id>", export_views.batch_export, name="batch-export"),
    path("<int:batch_id>/results.<str:ending>", export_views.batch_results, name="batch-results"),
]
of_a_row = [
    path("<int:batch_id>/rows", views.batch_rows, name="batch-rows"),
    path("<int:batch_id>/columns", views_table.batch_columns, name="batch-columns"),
    path("<int:batch_id>/views", views_table.batch_save_view, name="batch-save-view"),
    path("<int:batch_id>/views/<int:view_id>/delete", views_table.batch_delete_view, name="batch-delete-view"),
    path("<int:batch_id>/hits", views.batch_hits, name="batch-hits"),
    path("<int:batch_id>/rows/<int:row>", views.batch_row, name="batch-row"),
    path("<int:batch_id>/rows/<int:row>/retry", views_retry.batch_row_retry, name="batch-row-retry"),
    path("<int:batch_id>/rows/<int:row>/judge", views_judgements.row_judge, name="row-judge"),
    path("<int:batch_id>/rows/<int:row>/correct", views_judgements.row_correct, name="row-correct"),
]
urlpatterns = [*of_all, *of_a_draft, *of_a_batch, *of_a_row]
