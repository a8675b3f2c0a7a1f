from __future__ import annotations

from django.urls import path

from batchsite.review import views

urlpatterns = [
    path("<int:batch_id>", views.batch, name="batch"),
    path("<int:batch_id>/summary", views.batch_summary, name="batch-summary"),
    path("<int:batch_id>/expected", views.batch_expected, name="batch-expected"),
    path("<int:batch_id>/rows", views.batch_rows, name="batch-rows"),
    path("<int:batch_id>/rows/<int:row>", views.batch_row, name="batch-row"),
]
