"""A child's log is followed without a pipe, and never grows for ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from batchsite.processes import log_files
from batchsite.processes.log_files import LogFile


@pytest.fixture
def log(tmp_path: Path) -> LogFile:
    return LogFile(tmp_path, "web")


def write(log: LogFile, data: bytes) -> None:
    descriptor = log.open()
    os.write(descriptor, data)
    os.close(descriptor)


def test_new_lines_are_seen_once_and_whole(log: LogFile) -> None:
    write(log, b"one\ntwo\nthr")
    assert log.new_lines() == [b"one", b"two"]
    assert log.new_lines() == []
    write(log, b"ee\n")
    assert log.new_lines() == [b"three"]


def test_lines_of_an_earlier_run_are_not_seen_again(log: LogFile, tmp_path: Path) -> None:
    write(log, b"yesterday\n")
    later = LogFile(tmp_path, "web")
    write(log, b"today\n")
    assert later.new_lines() == [b"today"]


def test_of_a_flood_the_newest_part_is_seen(log: LogFile) -> None:
    write(log, b"x" * 1_000_000 + b"\nlast\n")
    assert log.new_lines()[-1] == b"last"
    assert log.new_lines() == []


def test_a_log_without_line_ends_takes_no_memory(log: LogFile) -> None:
    for _ in range(10):
        write(log, b"x" * 200_000)
        assert log.new_lines() == []
    write(log, b"\n")
    assert len(log.new_lines()[0]) < 200_000


def test_a_log_that_somebody_emptied_is_followed_from_its_start(log: LogFile) -> None:
    write(log, b"a long line before\n")
    log.new_lines()
    os.truncate(log.path, 0)
    write(log, b"after\n")
    assert log.new_lines() == [b"after"]


def test_a_log_that_grew_too_big_is_begun_anew_while_its_writer_goes_on(
    log: LogFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "BIGGEST", 100)
    descriptor = log.open()
    os.write(descriptor, b"old " * 30 + b"\n")
    log.rotate()
    os.write(descriptor, b"new\n")
    os.close(descriptor)
    assert log.path.read_bytes() == b"new\n"
    assert log.path.with_suffix(".log.1").read_bytes().startswith(b"old old")
    assert log.new_lines() == [b"new"]


def test_a_small_log_stays(log: LogFile) -> None:
    write(log, b"hello\n")
    log.rotate()
    assert log.path.read_bytes() == b"hello\n"


def test_where_the_old_log_cannot_be_kept_the_new_one_is_begun_all_the_same(
    log: LogFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "BIGGEST", 100)
    log.path.with_suffix(".log.1").mkdir()  # stands for a full disk
    write(log, b"old " * 30 + b"\n")
    log.rotate()
    assert log.path.read_bytes() == b""


def test_the_end_of_a_log_is_there_for_a_person(log: LogFile) -> None:
    assert log.last_lines(3) == []
    write(log, b"one\n\ntwo\n\xff\nthree\n")
    assert log.last_lines(3) == ["two", "\ufffd", "three"]


def test_a_child_whose_log_cannot_be_opened_writes_into_the_void(tmp_path: Path) -> None:
    write(LogFile(tmp_path / "no such folder", "web"), b"hello\n")
