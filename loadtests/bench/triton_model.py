"""Triton's Python backend around one OpenVINO model; copied by Triton's repository as `model.py`.

Runs in the peers' environment, not in the box's: imports only numpy, openvino and Triton's own.
"""

import json

import openvino as ov
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        given = json.loads(args["model_config"])["parameters"]
        value = {key: entry["string_value"] for key, entry in given.items()}
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "NUM_STREAMS": value["streams"],
            "INFERENCE_NUM_THREADS": value["threads"],
            "ENABLE_CPU_PINNING": False,
        }
        model = ov.Core().compile_model(value["xml"], "CPU", settings)
        self.infer = model.create_infer_request()

    def execute(self, requests):
        answers = []
        for request in requests:
            x = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
            self.infer.infer({0: x}, share_inputs=True)
            y = pb_utils.Tensor("y", self.infer.get_output_tensor(0).data)
            answers.append(pb_utils.InferenceResponse([y]))
        return answers
