"""A table comes from a web address: fetched by a worker, within the limits of an upload, errors as sentences."""

from __future__ import annotations

import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from batchsite.datasets import fetched_file, import_queue, importer, web_address, web_fetch
from batchsite.datasets.models import Dataset, DatasetState
from batchsite.datasets.tasks import due
from batchsite.teams.models import Team, User
from batchsite.timeouts import PipelineTimeouts
from tests.datasets.steps import imported
from tests.datasets.stores import files_in
from tests.datasets.web_site import Page, WebSite, running_site
from tests.patience import patient

Browser = Callable[[User], Client]
CSV = b"id,text\n1,Hello\n2,World\n"
HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def site(settings: Settings) -> Iterator[WebSite]:
    settings.OPTIONS = replace(settings.OPTIONS, fetch_private=True, fetch_ports=("any",))
    with running_site() as running:
        running.pages["/data/tickets.csv"] = Page(CSV)
        yield running


def fetched(team: Team, address: str) -> Dataset:
    return imported(importer.receive_address(team, None, address))


def words_of(dataset: Dataset) -> str:
    assert dataset.state == DatasetState.REFUSED
    return str(dataset.problems[0]["message"])


def test_only_the_ports_of_the_web_are_asked(team: Team, site: WebSite, settings: Settings) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, fetch_ports=("80", "443"))
    port = site.url.rpartition(":")[2]
    assert words_of(fetched(team, f"{site.url}/data/tickets.csv")).startswith(
        f"This address uses port {port}, and batchsite reads from port 80 and 443 only."
    )
    assert site.asked == []
    settings.OPTIONS = replace(settings.OPTIONS, fetch_ports=(port,))
    site.pages["/there"] = Page(status=302, headers={"Location": "http://127.0.0.1:22/"})
    assert words_of(fetched(team, f"{site.url}/there")).startswith("This address uses port 22,")


# ---- what comes in ---------------------------------------------------------------------------------------


def test_a_table_at_an_address_becomes_a_dataset(team: Team, alice: User, client_of: Browser, site: WebSite) -> None:
    client = client_of(alice)
    answer = client.post(reverse("dataset-fetch"), {"address": f"{site.url}/data/tickets.csv"})
    dataset = Dataset.objects.get()
    page = reverse("dataset", args=[dataset.pk])
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert "Fetching from 127.0.0.1" in client.get(page).content.decode()
    assert site.asked == [], "a page waits for no website"
    dataset = imported(dataset)
    assert (dataset.state, dataset.name, dataset.filename) == (DatasetState.READY, "tickets", "tickets.csv")
    assert (dataset.row(2), dataset.size, dataset.created_by) == (["2", "World"], len(CSV), alice)
    assert "fetched by" in " ".join(client.get(page).content.decode().split())


def test_redirects_are_followed_and_the_name_is_what_the_server_says(team: Team, site: WebSite) -> None:
    site.pages["/link"] = Page(status=302, headers={"Location": "/real?x=1"})
    named = {"Content-Disposition": "attachment; filename*=UTF-8''../Gr%C3%BC%C3%9Fe%20-%20Sheet1.csv"}
    site.pages["/real?x=1"] = Page(CSV, headers=named)
    dataset = fetched(team, f"{site.url}/link")
    assert (dataset.filename, dataset.name) == ("Grüße - Sheet1.csv", "Grüße - Sheet1")
    assert site.asked == ["/link", "/real?x=1"]
    assert site.hosts == [site.url.removeprefix("http://")] * 2


def test_a_fetch_takes_the_long_queue_and_its_import_with_it(team: Team, site: WebSite) -> None:
    dataset = importer.receive_address(team, None, f"{site.url}/data/tickets.csv")
    assert import_queue.job(dataset).queue == "long"
    Dataset.objects.update(lease_token="", next_look_at=dataset.created_at)
    [job] = list(due(dataset.created_at))
    assert job.queue == "long"
    assert import_queue.job(imported(dataset)).queue == "short"


# ---- what does not ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Page(status=404), "There is nothing at this address (error 404)."),
        (Page(status=403), "lets in only people who are signed in (error 403)"),
        (Page(status=500), "answered with error 500"),
        (Page(b"<p>Hi", headers=HTML), "This address is a web page, not a file."),
        (Page(b"\n<!DOCTYPE html><p>Hi"), "This address is a web page, not a file."),
        (Page(b""), "The file at this address is empty."),
        (Page(b"x" * 3000), "The file has more than 2.0 kB, which is the limit."),
        (Page(CSV, length=10**12), "The file has more than 2.0 kB, which is the limit."),
        (Page(CSV, length=1000), "or the connection broke"),
        (Page(status=302, headers={"Location": "/page"}), "redirects in an endless loop"),
        (Page(status=302, headers={"Location": "file:///etc/passwd"}), "redirects to an address that isn’t on the web"),
    ],
)
def test_what_cannot_be_fetched_says_why(
    page: Page, words: str, team: Team, site: WebSite, settings: Settings, media: Path
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, upload_bytes=2000)
    site.pages["/page"] = page
    assert words in words_of(fetched(team, f"{site.url}/page"))
    assert files_in(media) == []


def test_a_server_that_says_nothing_is_given_up(team: Team, site: WebSite, settings: Settings) -> None:
    settings.TIMEOUTS = PipelineTimeouts(fetch_idle=0.2)
    pause = threading.Event()
    site.pages["/slow"] = Page(CSV, pause=pause)
    assert "took too long to answer" in words_of(fetched(team, f"{site.url}/slow"))
    pause.set()


def test_what_takes_too_long_in_all_is_given_up(team: Team, site: WebSite, settings: Settings) -> None:
    settings.TIMEOUTS = PipelineTimeouts(fetch=0)
    assert "took too long to answer" in words_of(fetched(team, f"{site.url}/data/tickets.csv"))


def test_nobody_listens_or_there_is_no_such_host(team: Team, site: WebSite) -> None:
    assert "We can’t reach 127.0.0.1" in words_of(fetched(team, "http://127.0.0.1:9/a.csv"))
    assert "There is no website at nowhere.invalid" in words_of(fetched(team, "https://nowhere.invalid/a.csv"))


def test_it_is_tried_again_by_a_button(team: Team, alice: User, client_of: Browser, site: WebSite) -> None:
    client = client_of(alice)
    dataset = fetched(team, f"{site.url}/later.csv")
    page = client.get(reverse("dataset", args=[dataset.pk])).content.decode()
    assert "The table could not be fetched" in page
    assert "Download the original" not in page
    site.pages["/later.csv"] = Page(CSV)
    client.post(reverse("dataset-fetch-again", args=[dataset.pk]))
    dataset = imported(dataset)
    assert (dataset.state, dataset.problems) == (DatasetState.READY, [])
    client.post(reverse("dataset-fetch-again", args=[dataset.pk]))
    assert Dataset.objects.get().state == DatasetState.READY


# ---- private networks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "2130706433"])
def test_private_addresses_are_refused(host: str, team: Team, site: WebSite, settings: Settings) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, fetch_private=False)
    port = site.url.rpartition(":")[2]
    assert "is in a private network" in words_of(fetched(team, f"http://{host}:{port}/data/tickets.csv"))
    assert site.asked == []


def test_a_redirect_into_a_private_network_is_refused(
    team: Team, site: WebSite, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, fetch_private=False)
    monkeypatch.setattr(web_address, "is_public", lambda address: address == "127.0.0.1")  # our site is the internet
    site.pages["/link"] = Page(status=302, headers={"Location": site.url.replace("127.0.0.1", "127.0.0.2") + "/data"})
    assert "127.0.0.2 is in a private network" in words_of(fetched(team, f"{site.url}/link"))
    assert site.asked == ["/link"]


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    team: Team, site: WebSite, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that changes its mind between the check and the connection gains nothing."""
    settings.OPTIONS = replace(settings.OPTIONS, fetch_private=False)
    look_up, looks = socket.getaddrinfo, []

    def rebinding(host: str, port: int, *args: Any, **more: Any) -> Any:
        if host != "rebind.test":
            return look_up(host, port, *args, **more)
        looks.append(host)
        return look_up("127.0.0.1" if len(looks) == 1 else "127.0.0.2", port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(web_address, "is_public", lambda address: address == "127.0.0.1")
    address = f"http://rebind.test:{site.url.rpartition(':')[2]}/data/tickets.csv"
    assert fetched(team, address).state == DatasetState.READY
    assert (looks, site.hosts) == (["rebind.test"], [address.split("/")[2]])
    assert "is in a private network" in words_of(fetched(team, address))


# ---- workers that die ----------------------------------------------------------------------------------------


def test_a_worker_that_stops_leaves_the_fetch_to_the_next(
    team: Team, site: WebSite, monkeypatch: pytest.MonkeyPatch, media: Path
) -> None:
    dataset = importer.receive_address(team, None, f"{site.url}/data/tickets.csv")
    monkeypatch.setattr(fetched_file, "stopping", lambda: True)
    assert imported(dataset).state == DatasetState.IMPORTING
    monkeypatch.undo()
    assert files_in(media) == []
    assert imported(dataset).state == DatasetState.READY


def test_a_worker_that_is_killed_leaves_no_half_file(
    team: Team, site: WebSite, monkeypatch: pytest.MonkeyPatch, media: Path
) -> None:
    dataset = importer.receive_address(team, None, f"{site.url}/data/tickets.csv")

    def die(*_: Any, **__: Any) -> str:
        raise SystemExit

    monkeypatch.setattr(FileSystemStorage, "save", die)
    with pytest.raises(SystemExit):
        importer.import_step(dataset.pk)
    monkeypatch.undo()
    assert files_in(media) == []
    assert imported(dataset).state == DatasetState.READY
    assert site.asked == ["/data/tickets.csv"] * 2


# ---- the form, and pasting -------------------------------------------------------------------------------------


def test_what_is_no_address_is_said_at_the_field(alice: User, client_of: Browser) -> None:
    answer = client_of(alice).post(reverse("dataset-fetch"), {"address": "ftp://example.org"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Enter an address that begins with https:// or http://." in page
    assert 'value="ftp://example.org"' in page
    assert not Dataset.objects.exists()


def test_what_waits_is_limited(team: Team, alice: User, client_of: Browser, settings: Settings) -> None:
    settings.OPTIONS = replace(settings.OPTIONS, waiting_uploads=0)
    for name, sent in (("dataset-fetch", {"address": "https://example.org/a.csv"}), ("dataset-paste", {"table": "a"})):
        answer = client_of(alice).post(reverse(name), sent)
        assert answer.status_code == 422
        assert "waiting to be read" in answer.content.decode()


def test_a_pasted_table_becomes_a_dataset(alice: User, client_of: Browser) -> None:
    pasted = 'id\ttext\r\n1\t"two\r\nlines"\r\n2\tGrüße\r\n'
    answer = client_of(alice).post(reverse("dataset-paste"), {"table": pasted, "name": "March"})
    dataset = imported(Dataset.objects.get())
    assert answer["Location"] == reverse("dataset", args=[dataset.pk])
    assert (dataset.state, dataset.name, dataset.columns) == (DatasetState.READY, "March", ["id", "text"])
    assert [dataset.row(1), dataset.row(2)] == [["1", "two\r\nlines"], ["2", "Grüße"]]


def test_nothing_pasted_is_said_at_the_field(alice: User, client_of: Browser) -> None:
    answer = client_of(alice).post(reverse("dataset-paste"), {"table": " "})
    assert answer.status_code == 422
    assert "Paste a table first" in answer.content.decode()


@pytest.mark.parametrize("name", ["dataset-fetch-again"])
def test_outsiders_find_nothing(name: str, team: Team, charlie: User, client_of: Browser, site: WebSite) -> None:
    dataset = fetched(team, f"{site.url}/nothing")
    assert client_of(charlie).post(reverse(name, args=[dataset.pk])).status_code == 404


# ---- servers that hold a worker ---------------------------------------------------------------------------


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n"
PACKED_NOTHING = zlib.compress(b"", wbits=31)[:10] + b"\0\0\0\xff\xff" * 10
DRIPS: dict[str, tuple[bytes, bytes]] = {
    "the head, byte by byte": (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
    "the body, byte by byte": (HEAD + b"\r\n3\r\na,b\r\n", b"1\r\nx\r\n"),
    "a packed body of nothing": (
        HEAD + b"Content-Encoding: gzip\r\n\r\n%x\r\n%s\r\n" % (len(PACKED_NOTHING), PACKED_NOTHING),
        b"5\r\n\0\0\0\xff\xff\r\n",
    ),
}


@pytest.mark.parametrize("kind", DRIPS)
def test_a_server_that_never_ends_holds_no_worker(
    kind: str, team: Team, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each was never idle for as long as `fetch_idle`, so it went on until the worker was killed."""
    settings.OPTIONS = replace(settings.OPTIONS, fetch_private=True, fetch_ports=("any",))
    monkeypatch.setattr(web_fetch, "timeouts", lambda: PipelineTimeouts(fetch=1, fetch_head=1, fetch_idle=1))
    with dripping(*DRIPS[kind]) as url:
        began = time.monotonic()
        dataset = fetched(team, f"{url}/table.csv")
    assert "took too long to answer" in words_of(dataset)
    assert time.monotonic() - began < patient(10)


@contextmanager
def dripping(first: bytes, drip: bytes) -> Iterator[str]:
    """A server that answers with `first`, then with `drip` again and again."""
    listener, stop = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        client, _ = listener.accept()
        with client, suppress(OSError):
            client.recv(65_536)
            client.sendall(first)
            while not stop.wait(0.1):
                client.sendall(drip)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop.set()
    thread.join()
    listener.close()
