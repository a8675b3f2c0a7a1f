"""What is reported of an error says where it happened, and nothing of people's data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from batchsite import error_reports

sentry_sdk = pytest.importorskip("sentry_sdk")
SECRET = "a cell of somebody's table"


@pytest.fixture
def reports() -> Iterator[list[str]]:
    """What would be sent."""
    sent: list[str] = []

    class Kept(sentry_sdk.Transport):  # type: ignore[misc,name-defined]
        def capture_envelope(self, envelope: object) -> None:
            sent.extend(str(item.payload.json) for item in envelope.items)  # type: ignore[attr-defined]

    error_reports.start("https://key@sentry.example/1", transport=Kept, default_integrations=False)
    yield sent
    sentry_sdk.init(dsn=None)


def test_an_error_is_reported_without_its_words(reports: list[str]) -> None:
    try:
        int(SECRET)
    except ValueError as error:
        sentry_sdk.set_extra("row", SECRET)
        sentry_sdk.capture_exception(error)
    [report] = reports
    assert "ValueError" in report
    assert "test_an_error_is_reported_without_its_words" in report
    assert SECRET not in report


def test_a_line_of_the_log_is_reported_without_its_values() -> None:
    event = {"logentry": {"message": "could not read %s", "params": [SECRET], "formatted": SECRET}, "user": {"id": 1}}
    assert error_reports.without_content(event, {}) == {"logentry": {"message": "could not read %s"}}
