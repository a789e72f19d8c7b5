"""Clients that ask the numbered model without a pause, and remember every answer."""

from __future__ import annotations

import threading
from types import TracebackType

from appliance.client import AiboxClient
from serving.domain.errors import AiboxError
from tests.e2e.numbered_models import MODEL, X


class ConstantClient:
    """Asks while it is entered, from `connections` threads."""

    def __init__(self, address: str, connections: int = 2) -> None:
        self._address = address
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(connections)]
        self.answers: list[int] = []
        """The version that gave each."""
        self.failures: list[str] = []

    def __enter__(self) -> ConstantClient:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        with AiboxClient(self._address) as client:
            while not self._stop.is_set():
                try:
                    self.answers.append(int(client.infer(MODEL, {"x": X})["y"][0]))
                except AiboxError as error:
                    self.failures.append(f"{type(error).__name__}: {error.message}")
