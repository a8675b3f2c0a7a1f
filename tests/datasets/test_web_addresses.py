"""What people may have fetched: addresses as they type them, Google Sheets, and nothing inside our own network."""

from __future__ import annotations

import httpx
import pytest

from batchsite.datasets.web_address import NotFetched, is_public, of_csv, parse

KEY = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-abcd"
SHEETS = "https://docs.google.com/spreadsheets"


@pytest.mark.parametrize(
    ("typed", "fetched"),
    [
        (f"{SHEETS}/d/{KEY}/edit#gid=7", f"{SHEETS}/d/{KEY}/export?format=csv&gid=7"),
        (f"{SHEETS}/d/{KEY}/edit?gid=7#gid=7", f"{SHEETS}/d/{KEY}/export?format=csv&gid=7"),
        (f"{SHEETS}/d/{KEY}/edit?usp=sharing", f"{SHEETS}/d/{KEY}/export?format=csv"),
        (f"{SHEETS}/u/0/d/{KEY}/edit", f"{SHEETS}/d/{KEY}/export?format=csv"),
        (f"{SHEETS}/d/e/2PACX-{KEY}/pubhtml", f"{SHEETS}/d/e/2PACX-{KEY}/pub?output=csv&single=true"),
        (f"{SHEETS}/d/e/2PACX-{KEY}/pub?gid=3", f"{SHEETS}/d/e/2PACX-{KEY}/pub?output=csv&single=true&gid=3"),
        ("https://example.org/a.csv?x=1#part", "https://example.org/a.csv?x=1"),
        ("example.org/a.csv", "https://example.org/a.csv"),
        (f"https://docs.google.com.example.org/spreadsheets/d/{KEY}/edit", None),
    ],
)
def test_a_sheet_is_fetched_as_csv_and_other_addresses_as_they_are(typed: str, fetched: str | None) -> None:
    assert of_csv(parse(typed)) == httpx.URL(fetched or typed)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("ftp://example.org/a.csv", "begins with https://"),
        ("file:///etc/passwd", "begins with https://"),
        ("a table", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://me:secret@example.org/", "Leave out the user name"),
        ("https://exa mple.org:port/", "This is not a web address"),
    ],
)
def test_what_is_no_web_address_is_said(typed: str, words: str) -> None:
    with pytest.raises(NotFetched, match=words):
        parse(typed)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:10.0.0.1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1"),
    ],
)
def test_addresses_inside_a_network_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "142.250.74.46", "2606:4700::1111", "64:ff9b::101:101"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)
