"""Every URL, every method, as every kind of person, against the one table of permissions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, resolve

from batchsite.options import ROOT
from batchsite.permissions import RULES, Need
from batchsite.teams.models import Role, Team, User
from tests.factories import make_member
from tests.pages.doors import DOORS
from tests.submission.stories import a_draft, an_ended_batch

pytestmark = pytest.mark.django_db

MOST = {Role.VIEWER: Need.VIEW, Role.MEMBER: Need.WORK, Role.ADMIN: Need.MANAGE, Role.OWNER: Need.OWN}
METHODS = ("GET", "POST")
ALL_METHODS = (*METHODS, "HEAD", "PUT", "PATCH", "DELETE")
REMOVES_OTHERS = "member-remove"
"""Open to everybody in a team, who may leave it; whom one may remove is a test of `people`."""


def test_the_table_names_every_url_and_no_other() -> None:
    assert set(RULES) == {door.name for door in DOORS}


def test_templates_ask_for_names_that_exist() -> None:
    """Django takes a name that is not there for something that nobody may."""
    texts = " ".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    names = set(re.findall(r'"([a-z-]+)" in may', texts))
    assert len(names) > 20
    assert names <= set(RULES)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_what_the_table_says_and_no_more(
    role: Role, team: Team, alice: User, ours: dict[str, int], client_of: Callable[[User], Client]
) -> None:
    person = make_member(team, role=role)
    browser = client_of(person)
    operates = role == Role.OWNER  # the team is the first one
    wrong = []
    for door in DOORS:
        for method in ALL_METHODS if role == Role.VIEWER else METHODS:
            need = RULES[door.name].need(method)
            may = operates if need == Need.OPERATE else need <= MOST[role]
            status = _status(browser, method, door.url(**ours))
            refused = status in ({403, 404} if need == Need.OPERATE else {403})
            if status >= 500 or (refused == may and door.name != REMOVES_OTHERS):
                wrong.append((door.name, method, status))
    assert wrong == []


def _status(browser: Client, method: str, url: str) -> int:
    """The status of a request, what it did undone."""
    with transaction.atomic():
        session = browser.cookies["sessionid"].value
        status: int = browser.generic(method, url, content_type="application/x-www-form-urlencoded").status_code
        transaction.set_rollback(True)
    browser.cookies["sessionid"] = session
    return status


PAGES = [
    "/",
    "/help",
    "/team",
    "/team/retention",
    "/account",
    "/account/notifications",
    "/spending",
    "/datasets/",
    "/datasets/{dataset_id}",
    "/datasets/{dataset_id}/rows/1",
    "/batches/",
    "/batches/{batch_id}",
    "/batches/{batch_id}/insights",
    "/batches/{batch_id}/activity",
    "/batches/{batch_id}/prompt",
    "/batches/{batch_id}/rows/1",
    "/batches/{batch_id}/download",
    "/batches/{batch_id}/notes",
    "/prompts/",
    "/prompts/{prompt_id}",
]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, Role.ADMIN])
def test_nobody_is_offered_what_is_refused(
    role: Role, team: Team, alice: User, ours: dict[str, int], client_of: Callable[[User], Client]
) -> None:
    batch = an_ended_batch(team, alice, rows=2)
    a_draft(team, alice)
    browser = client_of(make_member(team, role=role))
    ids = ours | {"batch_id": batch.pk}
    refused = {
        (page, what)
        for page in PAGES
        for what, need in _offers(_content(browser, page.format(**ids)))
        if need > MOST[role]
    }
    assert not refused, "\n".join(f"{page}: {what}" for page, what in sorted(refused))


def _content(browser: Client, path: str) -> str:
    response = browser.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


TAG = re.compile(r"<(?:a|form|button|div|section|input|select|textarea|details)\b[^>]*>", re.DOTALL)
ATTRIBUTE = re.compile(r'\s(href|action|formaction|hx-get|hx-post|method|formmethod)="([^"]*)"')


def _offers(html: str) -> Iterator[tuple[str, Need]]:
    """What the links and forms of a page lead to, and what that needs."""
    for tag in TAG.findall(html):
        attributes = dict(ATTRIBUTE.findall(tag))
        posts = "post" in {attributes.get("method", "").lower(), attributes.get("formmethod", "").lower()}
        for name in ("href", "action", "formaction", "hx-get", "hx-post"):
            path = urlsplit(attributes.get(name, "")).path
            if path.startswith("/") and not path.startswith("/static/"):
                method = "POST" if name == "hx-post" or (posts and name != "hx-get") else "GET"
                yield f"{method} {_name(path)}", RULES[_name(path)].need(method)


def _name(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        pytest.fail(f"{path} leads nowhere")
