"""The cast that stories are told with: Alice owns a team, Bob is in it, Charlie is in another one."""

from __future__ import annotations

import gc
import os
import random
import shutil
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, TransactionTestCase
from django.test.utils import setup_databases, teardown_databases
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from batchsite.processes import gc_tuning, shared_number
from batchsite.processes.queue import QUEUES, broker_of
from batchsite.teams.models import Role, Team, User
from tests import factories
from tests.migrated_once import migrated_once
from tests.put_back import Beginning
from tests.sandbox_fixtures import sandbox as sandbox
from tests.sandbox_fixtures import sandbox_process as sandbox_process

gc.disable()  # while tests are collected: all of it stays
# Playwright keeps an event loop in the thread of the test; Django would take it for an asynchronous view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

# A busy machine is no reason to fail, and neither is an example that nobody has seen before: a change is judged by the
# same examples everywhere. HYPOTHESIS_PROFILE=search looks for new ones; what it finds becomes an @example.
hypothesis_settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("house", hypothesis_settings.get_profile("search"), derandomize=True)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


SLOWEST = (
    *("tests/scale/test_the_suite_again", "tests/processes/test_kill_9", "tests/processes/test_slow_clients"),
    *("tests/browser/test_controls", "tests/submission/test_every_cut", "tests/metrics", "tests/processes/test_up"),
    *("tests/litellm", "tests/operations/test_a_locked_database", "tests/operations/test_postgresql_goes_away"),
    *("tests/operations/test_a_full_disk", "tests/browser/test_draft", "tests/browser/test_trying"),
    *("tests/browser/test_journey", "tests/browser/test_pictures", "tests/scale", "tests/operations", "tests/browser"),
    *("tests/upgrades", "tests/processes", "tests/tables", "tests/submission", "tests/pages", "tests/results"),
)
"""Beginnings of names of files. Whoever begins a file's last test is given the next file: behind the first one, which
is a single test, a short file comes fifth.
"""


SLOW = (
    *("tests/datasets/test_cases", "tests/datasets/test_spoilt_files", "tests/drafts/test_drafts_never_stick"),
    *("tests/pages/test_forged_requests", "tests/pages/test_headers", "tests/pages/test_hostile_text"),
    *("tests/pages/test_odd_values", "tests/pages/test_permissions", "tests/pages/test_work_is_proportional"),
    *("tests/submission/test_every_cut", "tests/submission/test_odd_answers", "tests/submission/test_the_"),
    "tests/tables/test_any_",
    *("tests/tables/test_damage_is_never_silent", "tests/tables/test_forms_are_flat", "tests/tables/test_spoilt_files"),
    *("tests/tables/test_reading_is_flat", "tests/tables/test_small_files", "tests/tables/test_tops_and"),
    *("tests/tables/test_skipping_is_never_silent", "tests/trials/test_any_five_rows"),
)
"""Beginnings of names of files that try one thing in very many ways: see `make quick`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database-only", action="store_true", help="only tests that touch the database")


def touches_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or "db" in fixtures or "transactional_db" in fixtures


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getvalue("dist") != "loadfile":
        return None
    from tests.work_units import WorkUnits

    return WorkUnits(config, log)


REAL = ("browser", "processes", "services")


def takes_real_time(item: pytest.Item) -> bool:
    """Whether it drives a browser, processes or a server: then a busy machine may have a say in it."""
    return any(map(item.get_closest_marker, REAL)) or "sandbox" in getattr(item, "fixturenames", ())


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """The longest files begin first, so that all processes end together."""
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
    yield  # others choose by the markers, and put their own order
    for item in filter(takes_real_time, items):
        item.add_marker(pytest.mark.flaky(reruns=1))  # the first failure is listed at the end, as RERUN
    if config.getoption("--database-only"):
        items[:] = filter(touches_database, items)
    items.sort(key=lambda item: place_of(item.nodeid.partition("::")[0]))


@cache
def place_of(file: str) -> int:
    """Returns where the file stands among the slowest."""
    return next((n for n, name in enumerate(SLOWEST) if file.startswith(name)), len(SLOWEST))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What `-m` leaves out anyway need not be imported by every worker."""
    unwanted = config.option.markexpr.split(" and ")
    name = str(collection_path.relative_to(config.rootpath))
    if ("not slow" in unwanted and name.startswith(SLOW)) or ("not browser" in unwanted and name == "tests/browser"):
        return True
    return None


def pytest_collection_finish() -> None:
    """As in the processes of a site: what is loaded stays, and the collector need not look through it again."""
    gc.enable()
    gc_tuning.freeze()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """An empty database for this process; pytest-django's own would migrate one for each worker."""
    with django_db_blocker.unblock(), migrated_once() as is_there:
        databases = setup_databases(0, interactive=False, keepdb=is_there, serialized_aliases=())
        beginning = Beginning()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: beginning.put_back())
        yield
    if not is_there:
        with django_db_blocker.unblock():
            teardown_databases(databases, verbosity=0)


@pytest.fixture(autouse=True)
def _same_dice() -> None:
    """Waits are spread by chance: the same one whenever a test runs."""
    random.seed(0)


@pytest.fixture(autouse=True)
def _no_generation(settings: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a database of its own, and the data folder and Redis of all: they must not remember the last one's
    number.
    """
    shutil.rmtree(Path(settings.DATA) / "generation", ignore_errors=True)
    monkeypatch.setattr(shared_number, "KEY", f"{shared_number.KEY}:{os.getpid()}:{request.node.nodeid}")


@pytest.fixture
def team(db: None) -> Team:
    """The team of Alice and Bob."""
    return factories.make_team("Support research")


@pytest.fixture
def alice(team: Team) -> User:
    """An owner."""
    return factories.make_member(team, factories.make_user("Alice", "alice@example.org"), Role.OWNER)


@pytest.fixture
def bob(team: Team) -> User:
    """A member of Alice's team."""
    return factories.make_member(team, factories.make_user("Bob", "bob@example.org"))


@pytest.fixture
def charlie(db: None) -> User:
    """The owner of another team: for Alice's things, an outsider."""
    return factories.make_member(
        factories.make_team("Rivals"), factories.make_user("Charlie", "charlie@example.org"), Role.OWNER
    )


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A browser in which that person is signed in: `client_of(alice).get(…)`."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def waiting(db: None) -> Iterator[Callable[[], dict[str, int]]]:
    """How many messages wait in each queue; none at first, whichever the broker is."""
    brokers = {queue: broker_of(queue) for queue in QUEUES}
    for broker in brokers.values():
        broker.purge_queue()
    yield lambda: {queue: int(broker.queue_size()) for queue, broker in brokers.items()}
    for broker in brokers.values():
        broker.purge_queue()
