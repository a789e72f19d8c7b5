"""`python -m serving.graph.driver SETTINGS.json`: becomes the Ray driver of the box.

Ray reads its environment while it is imported, so this process sets the environment, ties its life
to its parent's, and then replaces itself by `serving.graph.session`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from serving.graph.environment import ray_environment
from serving.graph.parent_death import end_with_parent
from serving.settings import ServingSettings


def main(settings_path: Path) -> None:
    """Never returns. Raises pydantic.ValidationError on settings that are not valid."""
    settings = ServingSettings.model_validate_json(settings_path.read_text("utf-8"))
    end_with_parent(signal.SIGTERM)  # kept across exec
    command = [sys.executable, "-m", "serving.graph.session", str(settings_path)]
    os.execve(sys.executable, command, ray_environment(settings, os.environ))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
