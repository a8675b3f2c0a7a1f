"""The package that an Excel file is: parts in a zip archive, found by the relationships between them. Pure.

Names of parts are compared without regard to case, and a backslash is a slash: so does Excel itself.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO
from urllib.parse import unquote

from batchsite.workbooks.xml_stream import Damaged, XmlStream

_CONTENT_TYPES = "[content_types].xml"
_MOST_RELATIONS = 100_000


class Package:
    """Parts by their names. Raises zipfile's own errors where they cannot be unpacked."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        entries = archive.infolist()
        root = root_folder([entry.filename for entry in entries])
        self._entries = {part_name(entry.filename).removeprefix(root): entry for entry in entries}

    def __contains__(self, name: str) -> bool:
        return part_name(name) in self._entries

    def open(self, name: str) -> IO[bytes]:
        """The part, unpacked as it is read. Raises KeyError."""
        return self._archive.open(self._entries[part_name(name)])

    def relations(self, source: str) -> dict[str, Relation]:
        """The relationships of a part by their ids; those of the whole package for no name."""
        folder, name = posixpath.split(source)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        return _Relations(self, path, folder).by_id if path in self else {}

    def kind_of(self, name: str) -> str:
        """The content type that the package gives for a part, in lower case; empty where it gives none."""
        return _ContentTypes(self).by_part.get(part_name(name), "") if _CONTENT_TYPES in self else ""


@dataclass(frozen=True)
class Relation:
    """`kind` is the last word of its type, such as `worksheet`; `target` the name of a part."""

    kind: str
    target: str


def part_name(name: str) -> str:
    """A name as it is compared with others."""
    return re.sub("/+", "/", unquote(name).replace("\\", "/")).lstrip("/").lower()


def root_folder(names: Sequence[str]) -> str:
    """The folder in which a package lies that was unpacked and zipped again, with its slash; mostly none."""
    lists = [name for name in map(part_name, names) if posixpath.basename(name) == _CONTENT_TYPES]
    return lists[0].removesuffix(_CONTENT_TYPES) if len(lists) == 1 else ""


class _Relations(XmlStream):
    def __init__(self, package: Package, path: str, folder: str) -> None:
        super().__init__(longest=0)
        self.by_id: dict[str, Relation] = {}
        self._folder = folder
        self.take_all(package.open(path))

    def started(self, tag: str, values: dict[str, str]) -> None:
        if tag != "Relationship" or values.get("TargetMode") == "External":
            return
        if len(self.by_id) > _MOST_RELATIONS:
            raise Damaged("relationships")
        target = unquote(values.get("Target", "").replace("\\", "/"))
        path = posixpath.normpath(posixpath.join("/", self._folder, target)).lstrip("/")
        kind = values.get("Type", "").rpartition("/")[2]
        self.by_id[values.get("Id", "")] = Relation(kind, path)


class _ContentTypes(XmlStream):
    def __init__(self, package: Package) -> None:
        super().__init__(longest=0)
        self.by_part: dict[str, str] = {}
        self.take_all(package.open(_CONTENT_TYPES))

    def started(self, tag: str, values: dict[str, str]) -> None:
        if len(self.by_part) > _MOST_RELATIONS:
            raise Damaged("content types")
        if tag == "Override":
            self.by_part[part_name(values.get("PartName", ""))] = values.get("ContentType", "").lower()


def main_part(package: Package) -> str:
    """The name of the part that the package is about. Empty where no relationship says."""
    relations = package.relations("").values()
    return next((relation.target for relation in relations if relation.kind == "officeDocument"), "")
