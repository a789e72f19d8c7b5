"""A process of its own: calls a box with tritonclient, unmodified, and prints what came as JSON.

tritonclient brings its own copy of the protocol, which cannot be loaded beside the box's.
"""

from __future__ import annotations

import json
import queue
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

Facts = dict[str, Any]

A = np.arange(8, dtype=np.float32).reshape(2, 4)
B = np.full((2, 4), 2.0, dtype=np.float32)


def inputs(a: np.ndarray = A, b: np.ndarray = B) -> list[triton.InferInput]:
    tensors = []
    for name, array in (("A", a), ("B", b)):
        tensor = triton.InferInput(name, array.shape, "FP32")
        tensor.set_data_from_numpy(array)
        tensors.append(tensor)
    return tensors


def one_input(name: str, array: np.ndarray, datatype: str) -> list[triton.InferInput]:
    tensor = triton.InferInput(name, array.shape, datatype)
    tensor.set_data_from_numpy(array)
    return [tensor]


def health(client: triton.InferenceServerClient) -> Facts:
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model": client.is_model_ready("add_sub"),
        "version": client.is_model_ready("add_sub", "2"),
        "unknown": client.is_model_ready("nowhere"),
        "unknown_version": client.is_model_ready("add_sub", "9"),
    }


def metadata(client: triton.InferenceServerClient) -> Facts:
    return {
        "server": client.get_server_metadata(as_json=True),
        "model": client.get_model_metadata("add_sub", as_json=True),
        "config": client.get_model_config("add_sub", "1", as_json=True)["config"],
        "index": client.get_model_repository_index(as_json=True)["models"],
    }


def infer(client: triton.InferenceServerClient) -> Facts:
    latest = client.infer("add_sub", inputs(), request_id="abc")
    first = client.infer(
        "add_sub",
        inputs(),
        model_version="1",
        outputs=[triton.InferRequestedOutput("DIFFERENCE")],
        priority=1,
        timeout=5_000_000,
        client_timeout=10.0,
        headers={"x-request-id": "mine-1"},
        parameters={"precision": "fp32", "anything": True},
    )
    return {
        "sum": latest.as_numpy("SUM").tolist(),
        "id": latest.get_response().id,
        "version": latest.get_response().model_version,
        "precision": latest.get_response().parameters["precision"].string_param,
        "difference": first.as_numpy("DIFFERENCE").tolist(),
        "only": [output.name for output in first.get_response().outputs],
    }


RAW_VALUES = {
    "BOOL": np.array([True, False, True]),
    "UINT8": np.array([0, 255], dtype=np.uint8),
    "UINT16": np.array([0, 65535], dtype=np.uint16),
    "UINT32": np.array([0, 2**32 - 1], dtype=np.uint32),
    "UINT64": np.array([0, 2**64 - 1], dtype=np.uint64),
    "INT8": np.array([-128, 127], dtype=np.int8),
    "INT16": np.array([-1024, 3071], dtype=np.int16),
    "INT32": np.array([-(2**31), 2**31 - 1], dtype=np.int32),
    "INT64": np.array([-(2**63), 2**63 - 1], dtype=np.int64),
    "FP16": np.array([0.5, -65504], dtype=np.float16),
    "FP32": np.array([[0.1, -3.5], [1e38, 0]], dtype=np.float32),
    "FP64": np.array([0.1, -1e300]),
    "BYTES": np.array([b"", b"one", b"zwei"], dtype=object),
}


def every_datatype(client: triton.InferenceServerClient) -> Facts:
    """Which identity models give back what was sent, raw."""
    same = {}
    for datatype, array in RAW_VALUES.items():
        result = client.infer(f"identity_{datatype.lower()}", one_input("IN", array, datatype))
        same[datatype] = bool(np.array_equal(result.as_numpy("OUT"), array))
    return same | {"BF16": bf16(client)}


def bf16(client: triton.InferenceServerClient) -> bool:
    """0.5 and -3.0 by their bits, since tritonclient takes BF16 from ml_dtypes only."""
    bits = b"\x00\x3f\x40\xc0"
    request = triton.service_pb2.ModelInferRequest(model_name="identity_bf16")
    request.inputs.add(name="IN", datatype="BF16", shape=[2])
    request.raw_input_contents.append(bits)
    answer = client._client_stub.ModelInfer(request)
    return answer.outputs[0].datatype == "BF16" and answer.raw_output_contents[0] == bits


TYPED_FIELDS = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


def typed(client: triton.InferenceServerClient) -> Facts:
    """The same through typed contents, with tritonclient's own messages."""
    same = {}
    for datatype, field in TYPED_FIELDS.items():
        array = RAW_VALUES[datatype]
        request = triton.service_pb2.ModelInferRequest(model_name=f"identity_{datatype.lower()}")
        tensor = request.inputs.add(name="IN", datatype=datatype, shape=array.shape)
        getattr(tensor.contents, field).extend(array.ravel().tolist())
        result = triton.InferResult(client._client_stub.ModelInfer(request))
        same[datatype] = bool(np.array_equal(result.as_numpy("OUT"), array))
    return same


def stream(client: triton.InferenceServerClient) -> Facts:
    """A slow request, fast ones and a wrong one; answers come in order, the stream goes on."""
    answers: queue.Queue[tuple[Any, Any]] = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    slow = one_input("IN", np.zeros(1, dtype=np.float32), "FP32")
    client.async_stream_infer("slow", slow, request_id="0")
    for number in range(1, 4):
        client.async_stream_infer("add_sub", inputs(A * number), request_id=str(number))
    client.async_stream_infer("nowhere", inputs(), request_id="4")
    client.async_stream_infer("add_sub", inputs(), request_id="5", enable_empty_final_response=True)
    got = [answers.get(timeout=20) for _ in range(6)]
    client.stop_stream()
    last = got[5][0].get_response()
    return {
        "ids": [result.get_response().id for result, error in got if error is None],
        "sums": [got[n][0].as_numpy("SUM")[1, 3].item() for n in (1, 2, 3)],
        "error": got[4][1].message() if got[4][1] else None,
        "final": last.parameters["triton_final_response"].bool_param,
    }


def statistics(client: triton.InferenceServerClient) -> Facts:
    def count() -> int:
        entry = client.get_inference_statistics("add_sub", "1", as_json=True)["model_stats"][0]
        return int(entry.get("inference_count", 0))

    before = count()
    for _ in range(3):
        client.infer("add_sub", inputs(), model_version="1")
    stats = client.get_inference_statistics("add_sub", "1").model_stats[0]
    return {
        "added": count() - before,
        "success": stats.inference_stats.success.count,
        "last": stats.last_inference,
        "models": len(client.get_inference_statistics().model_stats),
    }


def errors(client: triton.InferenceServerClient) -> Facts:
    """Status and text of every kind of error."""
    wide = np.zeros((2, 5), dtype=np.float32)
    shared = triton.InferInput("IN", [4], "FP32")
    shared.set_shared_memory("region", 16)
    lengthy = triton.service_pb2.ModelInferRequest(model_name="identity_fp32")
    lengthy.inputs.add(name="IN", datatype="FP32", shape=[3])
    lengthy.raw_input_contents.append(bytes(11))
    calls: dict[str, Callable[[], object]] = {
        "unknown_model": lambda: client.infer("nowhere", inputs()),
        "unknown_version": lambda: client.infer("add_sub", inputs(), model_version="7"),
        "version_word": lambda: client.infer("add_sub", inputs(), model_version="1.0"),
        "version_label": lambda: client.infer("add_sub", inputs(), model_version="canary"),
        "version_ready": lambda: client.is_model_ready("add_sub", "-1"),
        "metadata_unknown": lambda: client.get_model_metadata("nowhere"),
        "config_unknown": lambda: client.get_model_config("nowhere"),
        "statistics_unknown": lambda: client.get_inference_statistics("nowhere"),
        "wrong_shape": lambda: client.infer("add_sub", inputs(wide, wide)),
        "wrong_name": lambda: client.infer("add_sub", one_input("C", A, "FP32")),
        "wrong_datatype": lambda: client.infer(
            "identity_fp32", one_input("IN", A.astype(np.float64), "FP64")
        ),
        "byte_count": lambda: client._client_stub.ModelInfer(lengthy),
        "shared_memory": lambda: client.infer("identity_fp32", [shared]),
        "sequence": lambda: client.infer("add_sub", inputs(), sequence_id=3, sequence_start=True),
        "priority": lambda: client.infer("add_sub", inputs(), priority=9),
        "classification": lambda: client.infer(
            "add_sub", inputs(), outputs=[triton.InferRequestedOutput("SUM", class_count=3)]
        ),
        "not_ready": lambda: client.infer("loading", one_input("IN", A, "FP32")),
        "overloaded": lambda: client.infer("crowded", one_input("IN", A, "FP32")),
        "timeout": lambda: client.infer("add_sub", inputs(), timeout=1),
        "crash": lambda: client.infer("crashing", one_input("IN", A, "FP32")),
        "load": lambda: client.load_model("add_sub"),
    }
    return {name: failure(call) for name, call in calls.items()}


def failure(call: Callable[[], object]) -> list[str]:
    try:
        call()
    except InferenceServerException as error:
        return [str(error.status()), error.message()]
    except Exception as error:
        code: Any = getattr(error, "code", lambda: "")()
        return [str(code), str(getattr(error, "details", lambda: "")())]
    return ["OK", ""]


SCENARIOS = (health, metadata, infer, every_datatype, typed, stream, statistics, errors)

if __name__ == "__main__":
    box = triton.InferenceServerClient(sys.argv[1])
    print(json.dumps({scenario.__name__: scenario(box) for scenario in SCENARIOS}))  # noqa: T201
