"""`bundle.json`: everything that a bundle holds, in the order in which it holds it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from serving.domain.errors import InvalidRequest
from serving.domain.manifest import MANIFEST_NAME, Name
from serving.domain.model_set import Release
from serving.domain.provenance import Sha256

FORMAT: Literal[1] = 1
_MOST_MODELS = 64
_MOST_FILES = 10_000
_MOST_FILE_BYTES = 8**11 - 1
"""What a POSIX tar header can say of one file."""
_MOST_MANIFEST_BYTES = 2**20
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.+@= -]*"
"""Of a path: nothing hidden, nothing that leads anywhere, nothing that two systems read apart."""

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
FilePath = Annotated[str, StringConstraints(pattern=rf"^{_PART}(/{_PART})*$", max_length=200)]
Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
BoxVersion = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BundledFile(_Part):
    """A file, relative to its version's folder."""

    path: FilePath
    size: Annotated[int, Field(ge=0, le=_MOST_FILE_BYTES)]
    """In bytes."""
    sha256: Sha256


class BundledModel(_Part):
    """A model version and all its files, sorted by path."""

    name: Name
    version: Number
    files: tuple[BundledFile, ...]

    @model_validator(mode="after")
    def _is_whole(self) -> BundledModel:
        paths = [file.path for file in self.files]
        if MANIFEST_NAME not in paths:
            raise ValueError(f"a model has no {MANIFEST_NAME}")
        if any(f.path == MANIFEST_NAME and f.size > _MOST_MANIFEST_BYTES for f in self.files):
            raise ValueError(f"a {MANIFEST_NAME} is too long")
        if paths != sorted(paths):
            raise ValueError("the files of a model are not in order")
        alike = {path.casefold() for path in paths}
        if len(alike) < len(paths):
            raise ValueError("a model holds the same name twice")
        folders = {"/".join(path.split("/")[:end]) for path in alike for end in _depths(path)}
        if folders & alike:
            raise ValueError("a model holds one name as a file and as a folder")
        return self

    @property
    def key(self) -> tuple[str, int]:
        return self.name, self.version

    @property
    def title(self) -> str:
        return f"{self.name} version {self.version}"

    @property
    def manifest_sha256(self) -> str:
        """Of `model.toml`, by which a version is pinned once it serves."""
        return self.digests[MANIFEST_NAME]

    @property
    def digests(self) -> dict[str, str]:
        """Path to sha256."""
        return {file.path: file.sha256 for file in self.files}


class Contents(_Part):
    """What is signed: the digest of every file, thus every file.

    A bundle of a release holds every model version that the release runs with.
    """

    format: Literal[1]
    kind: Literal["model", "release"]
    made_at: Moment
    box_version: BoxVersion
    """Of the box that made it."""
    models: Annotated[tuple[BundledModel, ...], Field(min_length=1, max_length=_MOST_MODELS)]
    release: Release | None

    @model_validator(mode="after")
    def _is_whole(self) -> Contents:
        keys = [model.key for model in self.models]
        if keys != sorted(set(keys)):
            raise ValueError("the models are not in order, or one is there twice")
        if self.file_count > _MOST_FILES:
            raise ValueError(f"a bundle holds {_MOST_FILES} files at most")
        if (self.release is not None) != (self.kind == "release"):
            raise ValueError("a bundle of a release, and no other, holds a release")
        if self.release is not None:
            _check_release(self.release, set(keys))
        return self

    @property
    def members(self) -> Iterator[tuple[BundledModel, BundledFile]]:
        """In the order of the bundle."""
        return ((model, file) for model in self.models for file in model.files)

    @property
    def file_count(self) -> int:
        return sum(len(model.files) for model in self.models)

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(file.size for _, file in self.members)

    def canonical(self) -> bytes:
        """The one way to write these contents."""
        value = self.model_dump(mode="json")
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def parse_contents(raw: bytes, bundle: str) -> Contents:
    """The contents in a `bundle.json`; `bundle` is the file's name, for the message.

    Raises InvalidRequest.
    """
    try:
        contents = Contents.model_validate_json(raw)
        if contents.canonical() == raw:
            return contents
        reason = "it is not written as `aibox bundle make` writes it"
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"] if isinstance(part, int | str))[:80]
        reason = f"{first['msg'].removeprefix('Value error, ')} (at {where or 'its top'})"
    except ValueError:
        reason = "it holds what no JSON does"
    raise InvalidRequest(f"the bundle.json of {bundle} is refused: {reason}; get the bundle anew")


def _depths(path: str) -> range:
    return range(1, path.count("/") + 1)


def _check_release(release: Release, keys: set[tuple[str, int]]) -> None:
    if release.version > 2**31 - 1:
        raise ValueError("the release has a version that is too large")
    if not set(release.models.items()) <= keys:
        raise ValueError("the release runs with a model version that the bundle does not hold")
