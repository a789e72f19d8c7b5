"""Changes what serves, in all replicas or in none; the rename of the set's file decides."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from appliance.registry import switch_steps as steps
from appliance.registry.activation import Activation
from appliance.registry.actor import Actor
from appliance.registry.admission import Admission, Reached, unwatched
from appliance.registry.reconcile import reconcile
from appliance.registry.registry_store import RegistryStore
from appliance.registry.replica_group import ReplicaGroup
from appliance.registry.set_releases import prune_releases
from appliance.registry.set_rollback import rollback, rollback_target
from appliance.registry.successor import revised, same_content
from appliance.registry.switch_audit import Order, SwitchAudit, sentence
from appliance.registry.trial import Trial
from serving.domain.audit import Auditor
from serving.domain.errors import IllegalTransition
from serving.domain.model_set import ModelSet, ServedVersion, read_model_set, write_model_set

_log = logging.getLogger(__name__)
Change = Callable[[ModelSet], ModelSet]
UNCHANGED = "it was so already"
EMPTY = ModelSet(generation=0)
"""Before the first set."""


class Switcher:
    """One switch at a time. Blocks until the replicas serve the new set; for a thread of its own.

    `reached` is called between every two steps, see `switch_steps`.
    """

    def __init__(
        self,
        store: RegistryStore,
        replicas: ReplicaGroup,
        trial: Trial,
        set_path: Path,
        auditor: Auditor,
        reached: Reached = unwatched,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._replicas = replicas
        self._admission = Admission(store.versions, trial, reached)
        self._activation = Activation(replicas, pause)
        self._set_path = set_path
        self._audit = SwitchAudit(auditor)
        self._reached = reached
        self._lock = threading.Lock()

    @property
    def committed(self) -> ModelSet:
        """The set that serves; generation 0 and empty before the first. Raises CorruptModel."""
        return read_model_set(self._set_path) or EMPTY

    def switch(self, change: Change, actor: Actor, action: str, subject: str) -> ModelSet:
        """Commits what `change` makes of the set that serves, and returns it.

        What serves already is answered at once. Raises IllegalTransition while another switch is
        under way, whatever `change` raises, and the first refusal of a trial or a replica; then
        nothing changed. `action` is the audit's word for it, as `model.promote`.
        """
        order = Order(actor, action, subject)
        try:
            with self._alone():
                return self._switch(change, order)
        except Exception as error:
            self._audit.ended(order, error)
            raise

    def rollback(self, actor: Actor, subject: str = "-") -> ModelSet:
        """Back to what answered before the last change of labels or routes. Raises as `switch`."""

        def back(current: ModelSet) -> ModelSet:
            earlier = self._store.history.previous(current.generation)
            return rollback(current, rollback_target(current, earlier))

        return self.switch(back, actor, "models.rollback", subject)

    def catch_up(self) -> bool:
        """Brings replicas that serve another generation to the committed set; False: not all.

        For one that was starting during a switch. Does nothing while a switch is under way.
        """
        if not self._lock.acquire(blocking=False):
            return True
        try:
            return self._activation.settle(self.committed)
        finally:
            self._lock.release()

    def _switch(self, change: Change, order: Order) -> ModelSet:
        self._reached(steps.BEGUN)
        committed = read_model_set(self._set_path)
        current = committed or EMPTY
        self._reached(steps.READ)
        reconcile(self._store, committed, self._audit)
        changed = prune_releases(change(current))
        following = revised(changed, generation=current.generation + 1)
        self._reached(steps.COMPUTED)
        if same_content(current, following):
            self._audit.done(order, UNCHANGED)
            return current
        arriving = [version for version in following.versions if version not in current.versions]
        try:
            self._make_ready(following, arriving, order)
            self._commit(following)
        except Exception as error:
            self._undo(following.generation, arriving, sentence(error))
            raise
        self._admission.note_served(current.versions)
        self._finish(following, order)
        return following

    def _make_ready(
        self, following: ModelSet, arriving: Sequence[ServedVersion], order: Order
    ) -> None:
        """All that can be refused. Ends with the audit's line: what it cannot witness must not be.

        A commit that then fails is told as failed; a crash in between, by the next start.
        """
        for version in arriving:
            self._admission.admit(version)
        self._store.history.plan(following, order.actor, order.action, order.subject)
        self._reached(steps.PLANNED)
        self._replicas.prepare(following)
        self._reached(steps.PREPARED)
        self._audit.done(order, f"generation {following.generation}")
        self._reached(steps.AUDITED)

    def _commit(self, following: ModelSet) -> None:
        try:
            write_model_set(self._set_path, following)
        except OSError:
            # The rename may have happened before the folder could not be synced.
            if read_model_set(self._set_path) != following:
                raise

    def _undo(self, generation: int, arriving: Sequence[ServedVersion], reason: str) -> None:
        """Each part for itself: one that fails must not keep the others from being undone."""
        with _logged("a prepared set stays in the replicas"):
            self._replicas.discard(generation)
        for version in arriving:
            with _logged("a version stays staged"):
                self._admission.withdraw(version.key, reason)
        with _logged("a refused plan stays in the history"):
            self._store.history.drop(generation)

    def _finish(self, following: ModelSet, order: Order) -> None:
        """The switch has happened: from here on nothing may be called a failure of it."""
        self._reached(steps.COMMITTED)
        with _logged("the registry follows at the next switch or start"):
            self._store.versions.follow(following)
        self._reached(steps.FOLLOWED)
        with _logged("replicas follow when they start again"):
            self._activation.settle(following)
        self._reached(steps.ACTIVATED)
        with _logged("the history follows at the next switch or start"):
            self._store.history.remember(following, order.actor, order.action, order.subject)
        self._reached(steps.REMEMBERED)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._lock.acquire(blocking=False):
            raise IllegalTransition("another switch is under way; try again once it is done")
        try:
            yield
        finally:
            self._lock.release()


@contextmanager
def _logged(consequence: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        _log.error("%s: %s", consequence, sentence(error))
