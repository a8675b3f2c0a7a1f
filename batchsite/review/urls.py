from __future__ import annotations

from django.urls import path

from batchsite.review import views, views_comparing, views_judging

urlpatterns = [
    path("<int:batch_id>/compare", views_comparing.batch_compare, name="batch-compare"),
    path("<int:batch_id>/compare/<int:other_id>", views_comparing.batches_compared, name="batches-compared"),
    path("<int:batch_id>", views.batch, name="batch"),
    path("<int:batch_id>/summary", views.batch_summary, name="batch-summary"),
    path("<int:batch_id>/expected", views.batch_expected, name="batch-expected"),
    path("<int:batch_id>/rows", views.batch_rows, name="batch-rows"),
    path("<int:batch_id>/rows/<int:row>", views.batch_row, name="batch-row"),
    path("<int:batch_id>/rows/<int:row>/judge", views_judging.row_judge, name="row-judge"),
    path("<int:batch_id>/rows/<int:row>/correct", views_judging.row_correct, name="row-correct"),
]
