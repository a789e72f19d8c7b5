"""What is kept beside a compiled form, and when it is not believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.engine.catalog import find_numbered
from serving.engine.compile_cache import CompileCache, Findings
from serving.engine.compiled_model import CompiledModel
from serving.engine.compiler import CompileOptions
from serving.engine.runtime import ov
from tests.unit.engine import tiny_models as tiny

BOX = "one compiler on one CPU"
FOUND = Findings(made_by=BOX, written=frozenset({0}), resident_bytes=5)


@pytest.fixture
def cache(tmp_path: Path) -> CompileCache:
    made = CompileCache(tmp_path, "relu", 1, "fp32", "0" * 64)
    made.folder.mkdir()
    (made.folder / "form.blob").write_bytes(b"a compiled form")
    made.seal()
    return made


def test_findings_come_back(cache: CompileCache) -> None:
    assert cache.findings(BOX) is None
    cache.keep(FOUND)
    cache.check()
    assert cache.findings(BOX) == FOUND
    assert (cache.folder / "form.blob").exists()


def test_findings_of_another_machine_count_for_nothing(cache: CompileCache) -> None:
    cache.keep(FOUND)
    assert cache.findings("the same compiler on another CPU") is None


def test_changed_findings_empty_the_folder(cache: CompileCache) -> None:
    cache.keep(FOUND)
    (cache.folder / "findings.json").write_text(FOUND.model_dump_json().replace("5", "6"))
    cache.check()
    assert not cache.folder.exists()


def test_a_form_changed_since_is_not_sealed_again(cache: CompileCache) -> None:
    (cache.folder / "form.blob").write_bytes(b"another form")
    cache.keep(FOUND)
    cache.check()
    assert not cache.folder.exists()


def test_a_folder_without_findings_or_with_torn_ones_tells_nothing(cache: CompileCache) -> None:
    (cache.folder / "findings.json").write_text("{")
    assert cache.findings(BOX) is None


@pytest.mark.parametrize(("graph", "written"), [(tiny.identity, set()), (tiny.relu, {0})])
def test_a_load_from_the_cache_knows_what_the_first_one_found(
    tmp_path: Path, graph: object, written: set[int]
) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    tiny.write_version(repository, "net", graph([1, 8]))  # type: ignore[operator]
    version = find_numbered([repository], "net", 1)
    options = CompileOptions(1, 1, tmp_path / "cache")
    first = CompiledModel.loaded(ov.Core(), version, "fp32", options)
    cache = options.cache_for(version, "fp32")
    assert cache is not None
    kept = Findings.model_validate_json((cache.folder / "findings.json").read_bytes())
    assert (kept.written, kept.resident_bytes) == (frozenset(written), first.resident_bytes)
    larger = kept.model_copy(update={"resident_bytes": 2**40})
    cache.keep(larger)
    again = CompiledModel.loaded(ov.Core(), version, "fp32", options)
    assert again.status.loaded_from_cache
    assert again.resident_bytes == 2**40, "the most that any load grew by"
    assert cache.findings(kept.made_by) == larger
