from __future__ import annotations

from django.urls import path

from batchsite.exports import views

urlpatterns = [
    path("<int:batch_id>/download", views.batch_download, name="batch-download"),
    path("<int:batch_id>/exports/<int:export_id>", views.batch_export, name="batch-export"),
    path("<int:batch_id>/results.<str:ending>", views.batch_results, name="batch-results"),
    path("shared/<str:token>/<str:name>", views.shared_results, name="shared-results"),
]
