"""Makes every replica serve a set that is committed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from appliance.registry.replica_group import ReplicaGroup
from serving.domain.errors import AiboxError
from serving.domain.model_set import ModelSet

_log = logging.getLogger(__name__)
_ATTEMPTS = 3
_PAUSE_S = 0.5


class Activation:
    """Tries a few times; whoever stays behind reads the file when it starts again."""

    def __init__(self, replicas: ReplicaGroup, pause: Callable[[float], None] = time.sleep) -> None:
        self._replicas = replicas
        self._pause = pause

    def settle(self, committed: ModelSet) -> bool:
        """Whether every replica that is alive serves the committed set now."""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._pause(_PAUSE_S)
            try:
                if not self._all_serve(committed):
                    self._replicas.activate(committed.generation)
                if self._all_serve(committed):
                    return True
            except AiboxError as error:
                _log.warning("a replica did not take the set: %s", error.message)
        _log.error("not every replica serves generation %d", committed.generation)
        return False

    def _all_serve(self, committed: ModelSet) -> bool:
        return all(found == committed.generation for found in self._replicas.generations())
