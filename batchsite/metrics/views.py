"""The address that Prometheus scrapes."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from batchsite.metrics.figures import exposition


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Metrics for whoever sends BATCHSITE_METRICS_TOKEN as a bearer token. Not there (404) for anybody else."""
    token = settings.OPTIONS.metrics_token
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(sent.encode(), token.encode()):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
