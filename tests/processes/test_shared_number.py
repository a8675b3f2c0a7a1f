"""The number that machines share through Redis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from batchsite.processes.shared_number import raise_shared_number, shared_number
from tests import services
from tests.needs import need


@pytest.fixture
def broker(settings: Any) -> Iterator[None]:
    need("Redis", here=services.redis_server() is not None)
    with services.redis() as url:
        settings.OPTIONS = replace(settings.OPTIONS, redis_url=url)
        yield


@pytest.mark.services
def test_it_only_grows_whoever_comes_first(broker: None) -> None:
    assert shared_number() == 0
    for number in (3, 8, 5):
        raise_shared_number(number)
    assert shared_number() == 8


def test_without_redis_there_is_none() -> None:
    raise_shared_number(3)
    assert shared_number() == 0


def test_a_redis_that_does_not_answer_stops_nothing(settings: Any) -> None:
    need("the package redis", here=services.redis_server() is not None)
    settings.OPTIONS = replace(settings.OPTIONS, redis_url="redis://127.0.0.1:1/0")
    raise_shared_number(3)
    assert shared_number() == 0
