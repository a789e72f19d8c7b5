"""What the box serves when it starts: the committed set, repaired, and what joins it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.registry.actor import THE_BOX
from appliance.registry.admission import Admission
from appliance.registry.discover import discover
from appliance.registry.newcomers import PipelineNeeds, candidates, join, next_candidates
from appliance.registry.reconcile import reconcile
from appliance.registry.record import Key, VersionRecord
from appliance.registry.registry_store import RegistryStore
from appliance.registry.set_repair import repair
from appliance.registry.set_versions import apply_policy
from appliance.registry.settings import RegistrySettings
from appliance.registry.successor import revised, same_content
from appliance.registry.switch_audit import Order, SwitchAudit
from appliance.registry.verify import verify
from appliance.registry.version_state import VersionState
from serving.domain.errors import AiboxError, CorruptModel
from serving.domain.model_set import ModelSet, ServedVersion, read_model_set, write_model_set
from serving.engine.catalog import Catalog

_log = logging.getLogger(__name__)
_ORDER = Order(THE_BOX, "models.start", "-")
GONE = "its folder is gone"


@dataclass(frozen=True, slots=True)
class Boot:
    """Run once, before any replica starts, by the process that holds the state directory."""

    store: RegistryStore
    set_path: Path
    imported: Path
    """The folder of the models that did not come with the product."""
    pipelines: Sequence[PipelineNeeds]
    settings: RegistrySettings
    admission: Admission
    audit: SwitchAudit

    def run(self, catalog: Catalog) -> ModelSet:
        """Commits what the box serves from now on and returns it. A broken version stops nothing.

        Raises CorruptModel where the committed set cannot be read, AuditUnavailable where it has
        to change and that cannot be witnessed.
        """
        committed = read_model_set(self.set_path)
        reconcile(self.store, committed, self.audit)
        current = self._anew() if committed is None else committed
        broken = _broken(current, catalog)
        sound = repair(current, current.keys - broken.keys()) if broken else current
        discover(self.store.versions, catalog, self.imported, sound.keys)
        self._set_back(broken)
        self._verify_predictors()
        waiting = self._waiting(sound, catalog, first_boot=committed is None)
        joining = self._admitted(sound, waiting)
        joined = apply_policy(join(sound, joining, self.pipelines), self.settings.wanted)
        if committed is not None and same_content(committed, joined):
            # Where the database was lost, its rows are new.
            self.store.versions.follow(committed)
            return committed
        following = revised(joined, generation=current.generation + 1)
        self._commit(following, _told(current, following, broken))
        return following

    def _anew(self) -> ModelSet:
        """Nothing serves; generations and release numbers go on where the file was lost."""
        last = next((entry.model_set for entry in self.store.history.list(1)), None)
        if last is None:
            return ModelSet(generation=0)
        return ModelSet(generation=last.generation, numbered=last.numbered)

    def _set_back(self, broken: dict[Key, str]) -> None:
        for record in self.store.versions.list():
            if record.key in broken and record.state is not VersionState.IMPORTED:
                self.store.versions.set_back(record, VersionState.IMPORTED, broken[record.key])

    def _verify_predictors(self) -> None:
        """Models without a variant never serve from a set; verified is all that they become."""
        for record in self.store.versions.list():
            if not record.servable and record.state is VersionState.IMPORTED:
                try:
                    self.admission.check(record.key)
                except AiboxError as error:
                    _refused(record, error)

    def _waiting(
        self, current: ModelSet, catalog: Catalog, first_boot: bool
    ) -> dict[Key, VersionRecord]:
        there = {version.key for version in catalog.versions} - current.keys
        found = candidates(self.store.versions.list(), first_boot)
        return {record.key: record for record in found if record.key in there}

    def _admitted(self, current: ModelSet, found: dict[Key, VersionRecord]) -> list[ServedVersion]:
        """What the policy serves of those that pass; one that is refused makes room for another."""
        admitted: dict[Key, ServedVersion] = {}
        while True:
            wanted = next_candidates(current.keys, list(found.values()), self.settings.wanted)
            record = next((each for each in wanted if each.key not in admitted), None)
            if record is None:
                return list(admitted.values())
            try:
                self.admission.admit(record.served)
            except AiboxError as error:
                _refused(record, error)
                del found[record.key]
            else:
                admitted[record.key] = record.served

    def _commit(self, following: ModelSet, detail: str) -> None:
        history, (actor, action) = self.store.history, (_ORDER.actor, _ORDER.action)
        history.plan(following, actor, action, _ORDER.subject)
        self.audit.done(_ORDER, detail)
        write_model_set(self.set_path, following)
        self.store.versions.follow(following)
        history.remember(following, actor, action)


def _broken(current: ModelSet, catalog: Catalog) -> dict[Key, str]:
    """Versions of the set whose files are not what was committed, with the reason."""
    folders = {version.key: version.folder for version in catalog.versions}
    broken: dict[Key, str] = {}
    for version in current.versions:
        try:
            if version.key not in folders:
                raise CorruptModel(GONE)
            verify(folders[version.key], version.manifest_sha256)
        except CorruptModel as error:
            broken[version.key] = error.message
            _log.error("%s version %d serves no longer: %s", *version.key, error.message)
    return broken


def _refused(record: VersionRecord, error: AiboxError) -> None:
    _log.error("%s version %d is refused: %s", *record.key, error.message)


def _told(current: ModelSet, following: ModelSet, broken: Iterable[Key]) -> str:
    joined = sorted(following.keys - current.keys)
    parts = [f"generation {following.generation}"]
    parts += (
        [f"joined: {', '.join(f'{name} {number}' for name, number in joined)}"] if joined else []
    )
    lost = sorted(broken)
    parts += [f"broken: {', '.join(f'{name} {number}' for name, number in lost)}"] if lost else []
    return "; ".join(parts)
