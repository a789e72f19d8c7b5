"""A rival: the same compiled model behind Ray Serve's own gRPC proxy.

`python -m loadtests.bench.serve_proxy_server REPOSITORY MODEL STREAMS THREADS TEMP_DIR` prints its
port. Ray Serve's proxy can only bind every interface: it is given a port and stops with its parent.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ |= {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_SERVE_LOG_TO_STDERR": "0",
    "RAY_SERVE_GRPC_MAX_MESSAGE_SIZE": str(2**30),
}

import numpy as np
import ray
from inference import grpc_service_pb2 as pb
from ray import serve
from ray.serve.config import gRPCOptions

from loadtests.bench.bare_server import compile_model
from loadtests.box import free_port

SERVICER = "inference.grpc_service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server"


class Model:
    def __init__(self, repository: str, name: str, streams: int, threads: int) -> None:
        os.environ["OMP_NUM_THREADS"] = str(threads)
        model = compile_model(Path(repository), name, streams, threads)
        self.free: asyncio.Queue[Any] = asyncio.Queue()
        for _ in range(streams):
            self.free.put_nowait(model.create_infer_request())

    async def ModelInfer(self, request: Any) -> Any:  # noqa: N802 - the RPC's name
        x = np.frombuffer(request.raw_input_contents[0], np.float32)
        x = x.reshape(tuple(request.inputs[0].shape))
        infer = await self.free.get()
        await asyncio.to_thread(infer.infer, {0: x}, share_inputs=True)
        raw = infer.get_output_tensor(0).data.tobytes()
        self.free.put_nowait(infer)
        answer = pb.ModelInferResponse(model_name=request.model_name, raw_output_contents=[raw])
        answer.outputs.add(name="y", datatype="FP32", shape=request.inputs[0].shape)
        return answer


def main(repository: str, name: str, streams: str, threads: str, temp_dir: str) -> None:
    port = free_port()
    ray.init(
        num_cpus=4,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=512 * 2**20,
        _temp_dir=temp_dir,
        _node_ip_address="127.0.0.1",
    )
    options = gRPCOptions(port=port, grpc_servicer_functions=[SERVICER])
    serve.start(proxy_location="HeadOnly", grpc_options=options)
    deployment = serve.deployment(
        Model, max_ongoing_requests=100, ray_actor_options={"num_cpus": 0}
    )
    serve.run(deployment.bind(repository, name, int(streams), int(threads)), name="rival")
    print(port, flush=True)
    while os.getppid() != 1:
        time.sleep(1.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
