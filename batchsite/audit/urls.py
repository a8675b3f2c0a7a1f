from __future__ import annotations

from django.urls import path

from batchsite.audit import views

urlpatterns = [
    path("", views.audit, name="audit"),
    path("file/<str:form>", views.audit_file, name="audit-file"),
]
