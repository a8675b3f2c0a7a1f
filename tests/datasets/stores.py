"""Storage that fails while an upload is read: where real disks and real kills hit an import."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, ClassVar, cast

from django.core.files import File
from django.core.files.storage import FileSystemStorage


class Killed(BaseException):
    """Stands for the end of the process: nothing in the step may catch it."""


class FailingStorage(FileSystemStorage):
    """Once `after` bytes of a file were read, `error` is raised or `then` is done; with neither it is a sound disk."""

    error: ClassVar[BaseException | None] = None
    then: ClassVar[Callable[[], object] | None] = None
    after: ClassVar[int] = 0
    seen: ClassVar[Callable[[], object]] = bool
    """Called before each piece is read, to look at the world."""

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        return File(cast("IO[bytes]", _Failing(Path(self.path(name)).open(mode), self)), name)


class _Failing(io.RawIOBase):
    def __init__(self, file: IO[Any], storage: FailingStorage) -> None:
        self.file, self.storage, self.count = file, storage, 0

    def read(self, size: int = -1, /) -> bytes:
        type(self.storage).seen()
        if self.count >= type(self.storage).after:
            self._fail(type(self.storage))
        piece: bytes = self.file.read(size)
        self.count += len(piece)
        return piece

    def _fail(self, storage: type[FailingStorage]) -> None:
        if storage.error:
            raise storage.error
        if storage.then:
            then, storage.then = storage.then, None
            then()

    def close(self) -> None:
        self.file.close()


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
