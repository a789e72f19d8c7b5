"""The registry's part of the box's database: versions and the history of sets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.registry.set_history import SetHistory
from appliance.registry.tables import make_tables
from appliance.registry.version_store import VersionStore
from serving.jobs.database import Database


@dataclass(frozen=True, slots=True)
class RegistryStore:
    """Both stores over one open database."""

    database: Database
    versions: VersionStore
    history: SetHistory

    @classmethod
    def open(
        cls, path: Path, keep_sets: int = 50, clock: Callable[[], float] = time.time
    ) -> RegistryStore:
        """Opens the jobs' database and makes the registry's tables in it where they are missing.

        Raises IllegalTransition where a newer box has written the file.
        """
        database = Database(path)
        make_tables(database)
        versions = VersionStore(database, clock)
        return cls(database, versions, SetHistory(database, keep_sets, clock))

    def close(self) -> None:
        self.database.close()
