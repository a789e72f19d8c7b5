"""The yardstick: a bare grpc.aio server around one compiled model, plain protobuf, no more.

`python -m loadtests.bench.bare_server REPOSITORY MODEL STREAMS THREADS` prints its port.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import openvino as ov
from inference import grpc_service_pb2 as pb
from inference import grpc_service_pb2_grpc as pb_grpc

LIMIT = [("grpc.max_receive_message_length", 2**30), ("grpc.max_send_message_length", 2**30)]


def compile_model(repository: Path, name: str, streams: int, threads: int) -> ov.CompiledModel:
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,
    }
    return ov.Core().compile_model(repository / name / "1/fp32/model.xml", "CPU", settings)


class Servicer(pb_grpc.GRPCInferenceServiceServicer):
    def __init__(self, model: ov.CompiledModel, slots: int) -> None:
        self.free: asyncio.Queue[ov.InferRequest] = asyncio.Queue()
        for _ in range(slots):
            self.free.put_nowait(model.create_infer_request())

    async def ModelInfer(self, request: Any, context: Any) -> Any:  # noqa: N802 - the RPC's name
        x = np.frombuffer(request.raw_input_contents[0], np.float32)
        x = x.reshape(tuple(request.inputs[0].shape))
        infer = await self.free.get()
        await asyncio.to_thread(infer.infer, {0: x}, share_inputs=True)
        raw = infer.get_output_tensor(0).data.tobytes()
        self.free.put_nowait(infer)
        answer = pb.ModelInferResponse(model_name=request.model_name, raw_output_contents=[raw])
        answer.outputs.add(name="y", datatype="FP32", shape=request.inputs[0].shape)
        return answer


async def main(repository: str, name: str, streams: str, threads: str) -> None:
    server = grpc.aio.server(options=LIMIT)
    model = compile_model(Path(repository), name, int(streams), int(threads))
    pb_grpc.add_GRPCInferenceServiceServicer_to_server(Servicer(model, int(streams)), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
