from __future__ import annotations

from django.urls import path

from batchsite.exports.views import batch_download

urlpatterns = [path("<int:batch_id>/download", batch_download, name="batch-download")]
