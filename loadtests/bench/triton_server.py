"""A rival: the `tritonserver` inside the nvidia-pytriton wheel, with its Python backend."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from loadtests.box import free_port

HERE = Path(__file__).parent


class TritonPeer:
    """Finds and starts Triton from the peers' environment (`make install-peers`)."""

    def __init__(self, environment: Path) -> None:
        self._python = environment / "bin" / "python"
        found = list(environment.glob("lib/python3.*/site-packages/pytriton/tritonserver"))
        self._home = found[0] if found else None

    @property
    def installed(self) -> bool:
        return self._home is not None

    def start(
        self, work: Path, repository: Path, shapes: dict[str, str], streams: int, threads: int
    ) -> tuple[subprocess.Popen[bytes], int]:
        """Starts the server over `shapes` (model name to dims); returns it and its gRPC port."""
        assert self._home is not None
        for name, dims in shapes.items():
            self._write_model(work / name, repository / name, dims, streams, threads)
        port = free_port()
        site = self._home.parent.parent
        libraries = f"{site / 'nvidia_pytriton.libs'}:{self._home / 'external_libs'}"
        env = os.environ | {
            "LD_LIBRARY_PATH": libraries,
            "PATH": f"{self._python.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(site),
        }
        command = [
            str(self._home / "bin" / "tritonserver"),
            f"--model-repository={work}",
            f"--backend-directory={self._backends(work.parent / 'backends')}",
            f"--grpc-port={port}",
            "--grpc-address=127.0.0.1",
            "--allow-http=false",
            "--allow-metrics=false",
            "--log-error=true",
        ]
        with (work.parent / "triton.log").open("wb") as log:
            return subprocess.Popen(command, env=env, stdout=log, stderr=log), port

    def _backends(self, folder: Path) -> Path:
        """A copy of the Python backend with the stub of this Python version beside it."""
        assert self._home is not None
        shutil.copytree(self._home / "backends", folder)
        python = self._home.parents[2].name.removeprefix("python")
        stub = self._home / "python_backend_stubs" / python / "triton_python_backend_stub"
        shutil.copy(stub, folder / "python")
        return folder

    def _write_model(
        self, home: Path, version: Path, dims: str, streams: int, threads: int
    ) -> None:
        assert self._home is not None
        (home / "1").mkdir(parents=True)
        shutil.copy(HERE / "triton_model.py", home / "1" / "model.py")
        values = {
            "xml": str(version / "1/fp32/model.xml"),
            "streams": str(streams),
            "threads": str(threads),
        }
        parameters = "\n".join(
            f'parameters: {{ key: "{k}" value: {{ string_value: "{v}" }} }}'
            for k, v in values.items()
        )
        (home / "config.pbtxt").write_text(f"""backend: "python"
input [{{ name: "x" data_type: TYPE_FP32 dims: [{dims}] }}]
output [{{ name: "y" data_type: TYPE_FP32 dims: [{dims}] }}]
{parameters}
""")
