"""Brings a version to the point where replicas may load it: checked, then tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from appliance.registry.record import Key, VersionRecord
from appliance.registry.switch_steps import ADMITTING, STAGED, TRIED, VERIFIED
from appliance.registry.trial import Trial
from appliance.registry.verify import verify
from appliance.registry.version_state import VersionState
from appliance.registry.version_store import VersionStore
from serving.domain.errors import AiboxError, IllegalTransition
from serving.domain.model_set import ServedVersion

Reached = Callable[[str], None]


def unwatched(_step: str) -> None:
    """Nobody wants to know."""


class Admission:
    """Checks and tries versions, one at a time, and keeps their states."""

    def __init__(self, versions: VersionStore, trial: Trial, reached: Reached = unwatched) -> None:
        self._versions = versions
        self._trial = trial
        self._reached = reached
        self._has_served: set[ServedVersion] = set()

    def note_served(self, versions: Iterable[ServedVersion]) -> None:
        """These have served since this process began: no trial is needed to serve them again."""
        self._has_served.update(versions)

    def admit(self, wanted: ServedVersion) -> None:
        """Leaves the version staged. Raises AiboxError, the reason then kept with the version."""
        self._reached(ADMITTING)
        record = self._versions.get(*wanted.key)
        if record.manifest_sha256 != wanted.manifest_sha256:
            raise IllegalTransition(
                f"{record.name} version {record.version} was changed meanwhile; look again"
            )
        record = self._verified(record)
        self._reached(VERIFIED)
        if not record.servable:
            raise IllegalTransition(
                f"{record.name} version {record.version} has no variant that the engine can run; "
                "it is applied by `aibox radiomics predict`"
            )
        if wanted not in self._has_served:
            self._try(record)
        self._reached(TRIED)
        self._versions.move(*record.key, VersionState.STAGED, record.revision)
        self._reached(STAGED)

    def check(self, key: Key) -> VersionRecord:
        """Verifies a version and no more. Raises ModelNotFound, CorruptModel."""
        return self._verified(self._versions.get(*key))

    def withdraw(self, key: Key, reason: str) -> None:
        """A staged version whose switch was refused is only verified again."""
        record = self._versions.get(*key)
        if record.state is VersionState.STAGED:
            self._versions.set_back(record, VersionState.VERIFIED, reason)

    def _verified(self, record: VersionRecord) -> VersionRecord:
        try:
            verify(record.folder, record.manifest_sha256)
        except AiboxError as error:
            self._versions.set_back(record, VersionState.IMPORTED, error.message)
            raise
        if record.state is VersionState.IMPORTED:
            return self._versions.move(*record.key, VersionState.VERIFIED, record.revision)
        return record

    def _try(self, record: VersionRecord) -> None:
        try:
            self._trial.try_version(record.folder, *record.key)
        except AiboxError as error:
            self._versions.set_back(record, record.state, error.message)
            raise
