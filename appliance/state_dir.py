"""The state directory of one box: where everything lies and who may read it."""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import ConfigurationError

STATE_VARIABLE = "AIBOX_STATE"
BOX_ID_VARIABLE = "AIBOX_BOX_ID"
DEFAULT_STATE = Path(".aibox")
PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class StateDir:
    """Paths inside one state directory; `root` is absolute."""

    root: Path

    @classmethod
    def locate(cls, given: Path | None = None) -> StateDir:
        """The first of: `--state`, `$AIBOX_STATE`, `.aibox/` of the working directory."""
        chosen = given or Path(os.environ.get(STATE_VARIABLE) or DEFAULT_STATE)
        return cls(chosen.expanduser().resolve())

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def metrics(self) -> Path:
        """Files of prometheus_client's multiprocess mode."""
        return self.run / "metrics"

    @property
    def lock(self) -> Path:
        return self.run / "aibox.lock"

    @property
    def settings(self) -> Path:
        """The resolved settings as the driver reads them."""
        return self.run / "settings.json"

    @property
    def ready(self) -> Path:
        """Written by the driver once everything serves."""
        return self.run / "ready.json"

    @property
    def failed(self) -> Path:
        """Written by a driver that cannot start, with one sentence for the operator."""
        return self.run / "failed.json"

    @property
    def admin_socket(self) -> Path:
        """Where the admin API answers the box's own processes and its own user."""
        return self.run / "admin.sock"

    @property
    def supervisor(self) -> Path:
        """What the supervisor says of itself."""
        return self.run / "supervisor.json"

    @property
    def box_id_file(self) -> Path:
        return self.root / "box-id"

    def prepare(self) -> None:
        """Makes the folders, readable by their owner alone. Raises ConfigurationError."""
        self._refuse_foreign_folder()
        try:
            for folder in (self.root, self.run, self.logs, self.models, self.metrics):
                folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
                folder.chmod(PRIVATE)
        except OSError as error:
            raise ConfigurationError(
                f"the state directory {self.root} cannot be written ({error.strerror}); "
                "name another one with --state"
            ) from None

    def _refuse_foreign_folder(self) -> None:
        # Closing a folder to others is harmless in our own and harmful in, say, /tmp.
        if not self.root.exists() or self.box_id_file.exists():
            return
        if not self.root.is_dir():
            raise ConfigurationError(f"{self.root} is a file; name a folder with --state")
        private = stat.S_IMODE(self.root.stat().st_mode) == PRIVATE
        if not private and any(self.root.iterdir()):
            raise ConfigurationError(
                f"{self.root} holds other things than a box's state; "
                "name an empty folder with --state"
            )

    def box_id(self) -> str:
        """The random id that every process of this box carries in its environment."""
        try:
            return self.box_id_file.read_text("ascii").strip()
        except FileNotFoundError:
            return self._make_box_id()

    def _make_box_id(self) -> str:
        made = secrets.token_hex(16)
        try:
            with self.box_id_file.open("x", encoding="ascii") as file:
                file.write(made)
        except FileExistsError:
            return self.box_id_file.read_text("ascii").strip()
        return made
