"""One installed box for the tests that do not harm it, and a small synthetic study to send."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from loadtests.box import OwnBox
from provisioning.phantom import small_spec, write_study


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBox]:
    with OwnBox() as running:
        yield running


@pytest.fixture(scope="session")
def small_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few slices of the phantom: quick to send, quick to analyse."""
    folder = tmp_path_factory.mktemp("study") / "dicom"
    write_study(small_spec(), folder)
    return folder


@pytest.fixture
def leaves_no_process() -> Iterator[None]:
    """Fails where the test leaves a child that was not there before it."""
    before = set(psutil.Process().children())
    yield
    assert set(psutil.Process().children()) <= before
