"""Whether a bundled version's own manifest says the same as the bundle's list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from provisioning.bundle.contents import BundledModel
from serving.domain.errors import CorruptModel, InvalidRequest
from serving.domain.manifest import ModelFile, ModelManifest, read_manifest


def check_manifest(folder: Path, model: BundledModel) -> None:
    """`folder` is `<name>/<version>` and holds the version's `model.toml` at least.

    Raises InvalidRequest: no manifest, that of another version, or of other files.
    """
    try:
        manifest = read_manifest(folder)
    except CorruptModel as error:
        raise InvalidRequest(f"{model.title} is refused: {error.message}") from None
    except (RecursionError, ValueError):
        # The parser gives up so on brackets a thousand deep and numbers of thousands of digits.
        raise InvalidRequest(f"{model.title} is refused: its model.toml is no manifest") from None
    digests = model.digests
    for file in _files(manifest):
        if digests.get(file.path) != file.sha256:
            raise InvalidRequest(
                f"{model.title} is refused: {file.path} is missing, or differs from the digest in "
                "its model.toml; import that model anew before it is bundled"
            )


def _files(manifest: ModelManifest) -> Iterator[ModelFile]:
    yield from manifest.predictor
    for variant in manifest.variants.values():
        yield from variant.files
