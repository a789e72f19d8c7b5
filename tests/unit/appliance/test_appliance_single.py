"""One box a state directory and a port: locks, ports, and the folder itself."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.errors import AddressTaken, AlreadyRunning, ConfigurationError
from appliance.lock import BoxLock, holder
from appliance.ports import listen, require_free
from appliance.state_dir import StateDir

HOLD = """
import sys, time
from pathlib import Path
from appliance.lock import BoxLock
with BoxLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_box_is_refused_with_the_pid_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "aibox.lock"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    assert holder(path) == first.pid
    with pytest.raises(AlreadyRunning, match=f"process {first.pid}"), BoxLock(path):
        pass
    first.kill()
    first.wait()
    first.stdout.close()
    assert holder(path) is None
    with BoxLock(path):
        assert path.read_text() == str(os.getpid())


def test_nobody_holds_a_lock_that_is_not_there(tmp_path: Path) -> None:
    assert holder(tmp_path / "none") is None


@pytest.mark.parametrize("shared", [False, True])
def test_a_port_with_a_listener_is_refused_even_if_it_would_share(shared: bool) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(AddressTaken, match=f"process {os.getpid()}"):
            require_free("127.0.0.1", port)
    require_free("127.0.0.1", port)


def test_connections_that_linger_do_not_block_the_port() -> None:
    server = listen("127.0.0.1", 0)
    port = server.getsockname()[1]
    client = socket.create_connection(("127.0.0.1", port))
    accepted, _ = server.accept()
    accepted.close()  # the server's side closes first and lingers in TIME_WAIT
    client.close()
    server.close()
    require_free("127.0.0.1", port)


def test_the_state_directory_is_closed_to_others(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    state.prepare()
    state.root.chmod(0o755)
    state.box_id()
    state.prepare()
    for folder in (state.root, state.run, state.logs, state.models, state.metrics):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert state.box_id() == StateDir(state.root).box_id()


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(ConfigurationError, match="other things"):
        StateDir(tmp_path).prepare()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_file_is_no_state_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="is a file"):
        StateDir(tmp_path / "file").prepare()
