from __future__ import annotations

from django.urls import path

from batchsite.datasets import views, views_answers, views_intake, views_list

urlpatterns = [
    path("", views_list.datasets, name="datasets"),
    path("upload", views.dataset_upload, name="dataset-upload"),
    path("paste", views_intake.dataset_paste, name="dataset-paste"),
    path("fetch", views_intake.dataset_fetch, name="dataset-fetch"),
    path("selected", views_list.datasets_selected, name="datasets-selected"),
    path("<int:dataset_id>", views.dataset, name="dataset"),
    path("<int:dataset_id>/progress", views.dataset_progress, name="dataset-progress"),
    path("<int:dataset_id>/rows", views.dataset_rows, name="dataset-rows"),
    path("<int:dataset_id>/rows/<int:row>", views.dataset_row, name="dataset-row"),
    path("<int:dataset_id>/answer", views_answers.dataset_answer, name="dataset-answer"),
    path("<int:dataset_id>/leave", views_answers.dataset_leave, name="dataset-leave"),
    path("<int:dataset_id>/again", views_answers.dataset_again, name="dataset-again"),
    path("<int:dataset_id>/replace", views.dataset_replace, name="dataset-replace"),
    path("<int:dataset_id>/fetch", views_intake.dataset_fetch_again, name="dataset-fetch-again"),
    path("<int:dataset_id>/original", views.dataset_original, name="dataset-original"),
    path("<int:dataset_id>/skipped", views.dataset_skipped, name="dataset-skipped"),
    path("<int:dataset_id>/problems", views.dataset_problems, name="dataset-problems"),
    path("<int:dataset_id>/rename", views_list.dataset_rename, name="dataset-rename"),
    path("<int:dataset_id>/delete", views.dataset_delete, name="dataset-delete"),
]
