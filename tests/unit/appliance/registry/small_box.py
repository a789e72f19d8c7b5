"""A registry over a folder of its own, with replicas and an audit in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from appliance.registry.actor import NamedActor
from appliance.registry.admission import Admission, unwatched
from appliance.registry.boot import Boot
from appliance.registry.newcomers import PipelineNeeds
from appliance.registry.policy import Every, VersionPolicy
from appliance.registry.record import VersionRecord
from appliance.registry.registry_store import RegistryStore
from appliance.registry.set_versions import add_version, promote_version
from appliance.registry.settings import RegistrySettings
from appliance.registry.switch_audit import SwitchAudit
from appliance.registry.switcher import Switcher
from appliance.registry.version_state import VersionState
from serving.domain.audit import AuditEvent, Outcome
from serving.domain.errors import AiboxError, AuditUnavailable, ModelNotReady
from serving.domain.model_set import ModelSet, ServedVersion, read_model_set
from serving.engine.catalog import scan
from tests.unit.appliance.registry.tiny_versions import write_version

CHEST = PipelineNeeds("chest_ct", ("hrnet", "unet"), {"precision": "fp32"})


VENDOR = NamedActor("acme", "vendor")


class Killed(BaseException):
    """As `kill -9`: nothing in the box handles it."""


class SmallReplicas:
    """Two replicas; `failing` holds the calls that are refused, once for each time it is there."""

    def __init__(self, set_path: Path) -> None:
        self._set_path = set_path
        self.calls: list[str] = []
        self.failing: list[str] = []
        self.prepared: ModelSet | None = None
        self.serving = [0, 0]
        self.deaf = 0
        """Activations that only one of the two hears: the other was just starting."""

    def start(self) -> None:
        """As replicas do: they read the file."""
        committed = read_model_set(self._set_path)
        self.serving = [0 if committed is None else committed.generation] * 2
        self.prepared = None

    def prepare(self, model_set: ModelSet) -> None:
        self._call("prepare")
        self.prepared = model_set

    def activate(self, generation: int) -> None:
        self._call("activate")
        committed = read_model_set(self._set_path)
        assert committed is not None
        assert committed.generation == generation
        behind, self.deaf = self.deaf > 0, max(self.deaf - 1, 0)
        self.serving = [generation, self.serving[1] if behind else generation]
        self.prepared = None

    def discard(self, generation: int) -> None:
        self._call("discard")
        if self.prepared is not None and self.prepared.generation == generation:
            self.prepared = None

    def generations(self) -> tuple[int, ...]:
        return tuple(self.serving)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name in self.failing:
            self.failing.remove(name)
            raise ModelNotReady(f"a replica cannot {name} now")


class SmallTrial:
    """Passes every version but those in `refused`."""

    def __init__(self) -> None:
        self.refused: dict[tuple[str, int], Exception] = {}
        self.tried: list[tuple[str, int]] = []

    def try_version(self, folder: Path, name: str, version: int) -> None:
        self.tried.append((name, version))
        assert folder.is_dir()
        if (name, version) in self.refused:
            raise self.refused[name, version]


class SmallAudit:
    """Keeps events in memory; `broken` refuses them."""

    def __init__(self) -> None:
        self.events: list[AuditEvent] = []
        self.broken = False

    def record(self, event: AuditEvent) -> None:
        if self.broken:
            raise AuditUnavailable("the audit log cannot be written")
        self.events.append(event)

    @property
    def told(self) -> list[tuple[str, str, Outcome]]:
        return [(event.actor, event.action, event.outcome) for event in self.events]


EVERY_VERSION = RegistrySettings(default_policy=VersionPolicy(all=Every()))
"""A new version serves beside the others, so that tests have more than one."""


class SmallBox:
    """One box in a folder. `restart` is what a crash and a new start do."""

    def __init__(self, root: Path, settings: RegistrySettings | None = None) -> None:
        self.product = root / "product"
        self.models = root / "state" / "models"
        self.set_path = root / "state" / "model-set.json"
        self.database_path = root / "state" / "jobs.sqlite"
        self.models.mkdir(parents=True, exist_ok=True)
        self.settings = settings or EVERY_VERSION
        self.audit = SmallAudit()
        self.trial = SmallTrial()
        self.replicas = SmallReplicas(self.set_path)
        self.pauses: list[float] = []
        self.store = self._open()

    def _open(self) -> RegistryStore:
        return RegistryStore.open(self.database_path, self.settings.keep_sets)

    def restart(self) -> ModelSet:
        self.store.close()
        self.store = self._open()
        return self.boot()

    def boot(self) -> ModelSet:
        admission = Admission(self.store.versions, self.trial)
        audit = SwitchAudit(self.audit)
        boot = Boot(
            self.store, self.set_path, self.models, (CHEST,), self.settings, admission, audit
        )
        served = boot.run(scan((self.product, self.models)))
        self.replicas.start()
        return served

    def switcher(self, reached: Callable[[str], None] = unwatched) -> Switcher:
        return Switcher(
            self.store,
            self.replicas,
            self.trial,
            self.set_path,
            self.audit,
            reached,
            self.pauses.append,
        )

    def record(self, name: str, version: int) -> VersionRecord:
        return self.store.versions.get(name, version)

    def pin(self, name: str, version: int) -> ServedVersion:
        return self.record(name, version).served

    @property
    def states(self) -> dict[tuple[str, int], VersionState]:
        return {record.key: record.state for record in self.store.versions.list()}

    @property
    def committed(self) -> ModelSet | None:
        return read_model_set(self.set_path)

    def agrees(self) -> bool:
        """Whether database, file and replicas say the same."""
        committed = self.committed
        assert committed is not None
        active = {key for key, state in self.states.items() if state is VersionState.ACTIVE}
        newest = self.store.history.list(1)[0]
        return (
            active == committed.keys
            and VersionState.STAGED not in self.states.values()
            and newest.model_set == committed
            and set(self.replicas.serving) == {committed.generation}
        )


def refusal(message: str = "its self-test gives another answer") -> AiboxError:
    return AiboxError(message)


def box_with_import(root: Path) -> SmallBox:
    """Serving hrnet 1 and unet 1; unet 2 was imported since."""
    made = SmallBox(root)
    for name in ("hrnet", "unet"):
        write_version(made.product, name)
    made.boot()
    write_version(made.models, "unet", 2)
    made.restart()
    made.audit.events.clear()
    made.trial.tried.clear()
    return made


def promote_unet(box: SmallBox, switcher: Switcher | None = None) -> ModelSet:
    """What the vendor's promotion of unet 2 commits."""
    pin = box.pin("unet", 2)
    return (switcher or box.switcher()).switch(
        lambda current: promote_version(add_version(current, pin), "unet", 2),
        VENDOR,
        "model.promote",
        "unet 2",
    )
