"""The child process of one side: extracts on command and blocks in a read between turns.

Standard library only, since peers run in a virtual environment of their own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any


def serve(extract: Callable[[], dict[str, float]], facts: dict[str, Any]) -> None:
    """Answers commands on stdin, a line of JSON each, until it ends; the first run is not timed."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    start = time.perf_counter()
    features = len(extract())
    _answer(answers, {"features": features, "first_s": time.perf_counter() - start} | facts)
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "values":
            _answer(answers, {"values": extract()})
        else:
            _answer(answers, {"seconds": _timed(extract)})


def _timed(extract: Callable[[], dict[str, float]]) -> float:
    start = time.perf_counter()
    extract()
    return time.perf_counter() - start


def _answer(stream: Any, answer: dict[str, Any]) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()
