"""An admin API with its operations running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.appliance.admin.small_admin import SmallAdmin


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[SmallAdmin]:
    with SmallAdmin(tmp_path) as made:
        yield made
