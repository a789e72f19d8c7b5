"""`python -m provisioning.self_test FOLDER [--inputs NPZ]`: records one for a version there is."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from provisioning.self_test.existing import record_existing
from provisioning.self_test.order import Recorded
from serving.domain.errors import AiboxError


def main() -> None:
    """Command line. Exits with 1 and a sentence where there is no self-test afterwards."""
    parser = argparse.ArgumentParser(prog="python -m provisioning.self_test", description=__doc__)
    parser.add_argument("folder", type=Path, help="<repository>/<model>/<version>")
    parser.add_argument("--inputs", type=Path, help=".npz by input name; becomes part of it")
    options = parser.parse_args()
    try:
        recorded = record_existing(options.folder, options.inputs, lambda _share, _stage: None)
    except (AiboxError, OSError) as error:
        sys.exit(str(error))
    if recorded.self_test is None:
        sys.exit(f"no self-test: {recorded.reason}")
    sys.stdout.write(_in_words(recorded))


def _in_words(recorded: Recorded) -> str:
    allowed = recorded.self_test.tolerances if recorded.self_test else {}
    told = ", ".join(f"{variant} {tolerance:g}" for variant, tolerance in allowed.items())
    left_out = f"; not compared: {', '.join(recorded.left_out)}" if recorded.left_out else ""
    return f"recorded; allowed distances: {told}{left_out}\n"


if __name__ == "__main__":
    main()
