"""A process of its own: tritonclient, unmodified, against the box with the real engine."""

from __future__ import annotations

import json
import sys
from typing import Any

import ml_dtypes
import numpy as np
import tritonclient.grpc as triton

from tests.integration.rpc.call_with_tritonclient import RAW_VALUES, failure, one_input

Facts = dict[str, Any]
X = np.array([[-1.0, 0.5, 2.0], [3.0, -4.0, 0.25]], dtype=np.float32)


def datatypes(client: triton.InferenceServerClient) -> Facts:
    same = {}
    bf16 = np.array([0.5, -3.0, 1.0], dtype=ml_dtypes.bfloat16)
    for datatype, values in {**RAW_VALUES, "BF16": bf16}.items():
        array = np.resize(values, (2, 3))
        result = client.infer(f"identity_{datatype.lower()}", one_input("x", array, datatype))
        same[datatype] = bool(np.array_equal(result.as_numpy("x"), array))
    return same


def outputs(client: triton.InferenceServerClient) -> Facts:
    both = client.infer("two", one_input("x", X, "FP32"))
    one = client.infer(
        "two", one_input("x", X, "FP32"), outputs=[triton.InferRequestedOutput("total")]
    )
    return {
        "positive": both.as_numpy("positive").tolist(),
        "total": one.as_numpy("total").tolist(),
        "names": [output.name for output in one.get_response().outputs],
    }


def versions(client: triton.InferenceServerClient) -> Facts:
    answers = [
        client.infer("relu", one_input("x", X, "FP32"), model_version=version)
        for version in ("", "1")
    ]
    config = client.get_model_config("relu", as_json=True)["config"]
    return {
        "answered": [answer.get_response().model_version for answer in answers],
        "known": client.get_model_metadata("relu", as_json=True)["versions"],
        "precision": config["parameters"]["effective_precision"]["string_value"],
        "ready": client.is_server_ready(),
    }


def errors(client: triton.InferenceServerClient) -> Facts:
    return {
        "model": failure(lambda: client.infer("nowhere", one_input("x", X, "FP32"))),
        "version": failure(lambda: client.infer("relu", one_input("x", X, "FP32"), "9")),
        "name": failure(lambda: client.infer("relu", one_input("q", X, "FP32"))),
        "shape": failure(lambda: client.infer("relu", one_input("x", X[:1], "FP32"))),
        "datatype": failure(
            lambda: client.infer("relu", one_input("x", X.astype(np.float64), "FP64"))
        ),
        "output": failure(
            lambda: client.infer(
                "relu",
                one_input("x", X, "FP32"),
                outputs=[triton.InferRequestedOutput("nothing")],
            )
        ),
        "precision": failure(
            lambda: client.infer(
                "relu", one_input("x", X, "FP32"), parameters={"precision": "int3"}
            )
        ),
        "timeout": failure(lambda: client.infer("relu", one_input("x", X, "FP32"), timeout=1)),
    }


def statistics(client: triton.InferenceServerClient) -> Facts:
    entry = client.get_inference_statistics("two", "1").model_stats[0]
    return {
        "count": entry.inference_count,
        "executions": entry.execution_count,
        "success": entry.inference_stats.success.count,
        "infer_ns": entry.inference_stats.compute_infer.ns,
    }


SCENARIOS = (datatypes, outputs, versions, errors, statistics)

if __name__ == "__main__":
    box = triton.InferenceServerClient(sys.argv[1])
    print(json.dumps({scenario.__name__: scenario(box) for scenario in SCENARIOS}))  # noqa: T201
