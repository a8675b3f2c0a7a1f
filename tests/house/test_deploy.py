"""The files of `deploy/` name what exists: settings, commands, metrics, files."""

from __future__ import annotations

import json
import re

from batchsite.metrics.figures import Figures
from batchsite.options import ROOT, SECRETS, Options

DEPLOY = ROOT / "deploy"
OTHERS = {"POSTGRES_PASSWORD", "POSTGRES_USER", "HOST", "Q_CLUSTER_NAME", "PYTHONUNBUFFERED", "PATH"}
"""Variables of other programs."""


def test_every_setting_exists() -> None:
    known = {field.metadata["name"] for field in Options.__dataclass_fields__.values()} | OTHERS
    known |= {f"{name}_FILE" for name in SECRETS}
    texts = [(ROOT / "Dockerfile").read_text(), *(path.read_text() for path in DEPLOY.iterdir())]
    named = set(re.findall(r"\b([A-Z][A-Z_]{3,})[:=]", " ".join(texts)))
    assert named >= {"BATCHSITE_DATA", "DATABASE_URL", "SECRET_KEY"}
    assert named - known - {"CMD", "BATCHSITE"} == set()


def test_what_the_image_copies_is_there() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert all((ROOT / name).exists() for name in names)
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    assert allowed == names


def test_the_dashboard_shows_every_metric(db: None) -> None:
    shown = set(re.findall(r"batchsite_\w+", json.loads((DEPLOY / "grafana.json").read_text()).__repr__()))
    made = {family.name + ("_total" if family.type == "counter" else "") for family in Figures().collect()}
    assert shown <= made
    assert made - shown == {"batchsite_worker_beat_age_seconds"}
