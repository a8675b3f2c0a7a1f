"""From a URL to the room that answers it."""

from __future__ import annotations

from django.urls import include, path

from batchsite.home import views_budget, views_ledger
from batchsite.home.views import charts, home
from batchsite.home.views_help import guide
from batchsite.home.views_palette import palette
from batchsite.media import views as media_views
from batchsite.metrics.views import metrics
from batchsite.processes.health import live, ready

urlpatterns = [
    path("healthz/live", live, name="live"),
    path("healthz", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
    path("", home, name="home"),
    path("spending", charts, name="spending"),
    path("ledger", views_ledger.ledger, name="ledger"),
    path("ledger/file/<str:form>", views_ledger.ledger_file, name="ledger-file"),
    path("team/people/<int:membership_id>/budget", views_budget.member_budget, name="member-budget"),
    path("help", guide, name="help"),
    path("go", palette, name="palette"),
    path("", include("batchsite.entry.urls")),
    path("", include("batchsite.teams.urls")),
    path("", include("batchsite.notifications.urls")),
    path("", include("batchsite.retention.urls")),
    path("", include("batchsite.takeout.urls")),
    path("datasets/", include("batchsite.datasets.urls")),
    path("datasets/<int:dataset_id>/thumb", media_views.dataset_thumb, name="dataset-thumb"),
    path("datasets/<int:dataset_id>/file", media_views.dataset_file, name="dataset-file"),
    path("batches/", include("batchsite.batch_urls")),
    path("ask/", include("batchsite.asks.urls")),
    path("prompts/", include("batchsite.prompts.urls")),
    path("audit/", include("batchsite.audit.urls")),
    path("provider/", include("batchsite.provider.urls")),
]

handler404 = "batchsite.entry.views_entry.not_found"
handler500 = "batchsite.processes.outages.server_error"
