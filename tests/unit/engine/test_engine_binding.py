"""Claiming a node and binding to it, in real processes with real locks and masks."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from serving.engine.binding import bind_memory, claim_node, try_claim_node

ROOT = Path(__file__).resolve().parents[3]


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return done.stdout.strip()


def test_each_claim_takes_another_node_and_the_last_finds_none(tmp_path: Path) -> None:
    with try_claim_node(tmp_path, 2) as first, try_claim_node(tmp_path, 2) as second:
        assert (first.index, second.index) == (0, 1)
        assert try_claim_node(tmp_path, 2) is None
        first.release()
        with try_claim_node(tmp_path, 2) as again:
            assert again.index == 0


def test_the_kernel_frees_a_node_when_its_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path;"
        "from serving.engine.binding import try_claim_node;"
        f"claim = try_claim_node(Path({str(tmp_path)!r}), 1);"
        "print(claim.index, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert holder.stdout.readline().strip() == "0"
        assert try_claim_node(tmp_path, 1) is None
    finally:
        holder.kill()
        holder.wait()
    with try_claim_node(tmp_path, 1) as claim:
        assert claim.index == 0


async def test_a_claim_waits_until_a_node_is_free(tmp_path: Path) -> None:
    first = await claim_node(tmp_path, 1)
    waiting = asyncio.ensure_future(claim_node(tmp_path, 1))
    await asyncio.sleep(0.25)
    assert not waiting.done()
    first.release()
    second = await asyncio.wait_for(waiting, 5)
    assert second.index == 0
    second.release()


def test_every_thread_is_bound_old_and_new() -> None:
    code = """
import os, threading
from pathlib import Path
from serving.engine.binding import bind_all_threads
from serving.engine.runtime import ov
cpu = min(os.sched_getaffinity(0))
hold = threading.Event()
start = lambda: threading.Thread(target=hold.wait, daemon=True).start()
[start() for _ in range(8)]
bound = bind_all_threads({cpu})
start()
core = ov.Core()
threads = [int(t.name) for t in Path('/proc/self/task').iterdir()]
masks = {tuple(sorted(os.sched_getaffinity(thread))) for thread in threads}
print(bound >= 9, masks == {(cpu,)})
"""
    assert run_python(code) == "True True"


def test_batch_work_is_idle_work() -> None:
    code = """
import os, threading
from pathlib import Path
from serving.engine.binding import run_idle
hold = threading.Event()
threading.Thread(target=hold.wait, daemon=True).start()
run_idle()
threads = [int(t.name) for t in Path('/proc/self/task').iterdir()]
print({os.sched_getscheduler(thread) == os.SCHED_IDLE for thread in threads})
"""
    assert run_python(code) == "{True}"


@pytest.mark.skipif(
    not Path("/proc/self/autogroup").exists(), reason="this kernel has no autogroups"
)
@pytest.mark.parametrize(("leads", "nice"), [(True, 19), (False, 0)])
def test_idle_work_that_leads_a_session_takes_the_weight_of_its_autogroup(
    leads: bool, nice: int
) -> None:
    """One that shares its session with what it waits for must not take that down with it."""
    code = f"""
import os, sys
from pathlib import Path
from serving.engine.binding import run_idle
os.setsid()
if {leads} or (child := os.fork()) == 0:
    run_idle()
    print(Path('/proc/self/autogroup').read_text().split()[-1], flush=True)
else:
    os.waitpid(child, 0)
"""
    assert run_python(code) == str(nice)


@pytest.mark.parametrize(("numa_node", "said"), [(None, "several NUMA nodes"), (0, "one memory")])
def test_no_memory_policy_where_it_means_nothing(
    tmp_path: Path, numa_node: int | None, said: str
) -> None:
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "has_memory").write_text("0\n")
    assert said in bind_memory(numa_node, tmp_path)


def test_the_kernel_takes_the_memory_policy() -> None:
    """On made-up sysfs with two nodes; the policy itself is set for real, on node 0."""
    code = """
import tempfile
from pathlib import Path
from serving.engine.binding import bind_memory
with tempfile.TemporaryDirectory() as folder:
    (Path(folder) / 'node').mkdir()
    (Path(folder) / 'node' / 'has_memory').write_text('0-1')
    print(bind_memory(0, Path(folder)))
    print(bind_memory(900, Path(folder)))
"""
    taken, refused = run_python(code).splitlines()
    if "EPERM" in taken or "ENOSYS" in taken:
        pytest.skip("this kernel or sandbox has no set_mempolicy")
    assert taken == "Memory from NUMA node 0 first (MPOL_PREFERRED)."
    assert "refused" in refused


def test_openvino_telemetry_is_off_and_memory_is_kept() -> None:
    code = """
import sys
from serving.engine.heap import keep_freed_memory
from serving.engine.runtime import telemetry_is_off
loaded = [name for name in sys.modules if name.startswith('openvino_telemetry.')]
print(telemetry_is_off(), loaded, keep_freed_memory())
"""
    assert run_python(code).startswith("True []")
