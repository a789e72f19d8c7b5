"""Our copy of the protocol against the published one, and the stubs against the .proto files."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto
from inference import grpc_service_pb2, model_config_pb2

REPO = Path(__file__).resolve().parents[3]

_PUBLISHED = """
import base64, json
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from tritonclient.grpc import model_config_pb2, service_pb2
files = []
for module in (model_config_pb2, service_pb2):
    proto = FileDescriptorProto()
    module.DESCRIPTOR.CopyToProto(proto)
    files.append(base64.b64encode(proto.SerializeToString()).decode())
print(json.dumps(files))
"""


def facts(files: list[FileDescriptorProto]) -> dict[str, Any]:
    """Path of every field, enum value and method, and what it is."""
    found: dict[str, Any] = {}

    def enum(prefix: str, one: Any) -> None:
        for value in one.value:
            found[f"{prefix}.{one.name}.{value.name}"] = value.number

    def message(prefix: str, one: Any) -> None:
        path = f"{prefix}.{one.name}"
        for field in one.field:
            oneof = one.oneof_decl[field.oneof_index].name if field.HasField("oneof_index") else ""
            kind = (field.number, field.type, field.label, field.type_name, oneof)
            found[f"{path}.{field.name}"] = kind
        for nested in one.nested_type:
            message(path, nested)
        for nested_enum in one.enum_type:
            enum(path, nested_enum)

    for file in files:
        for top in file.message_type:
            message(file.package, top)
        for top_enum in file.enum_type:
            enum(file.package, top_enum)
        for service in file.service:
            for method in service.method:
                found[f"{file.package}.{service.name}/{method.name}"] = (
                    method.input_type,
                    method.output_type,
                    method.client_streaming,
                    method.server_streaming,
                )
    return found


def published() -> dict[str, Any]:
    """tritonclient's copy, read in a process of its own: two copies clash in one."""
    done = subprocess.run(
        [sys.executable, "-c", _PUBLISHED], capture_output=True, text=True, check=True, timeout=60
    )
    return facts(
        [FileDescriptorProto.FromString(base64.b64decode(f)) for f in json.loads(done.stdout)]
    )


def ours() -> dict[str, Any]:
    files = []
    for module in (model_config_pb2, grpc_service_pb2):
        proto = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(proto)
        files.append(proto)
    return facts(files)


def test_every_name_number_and_type_is_the_published_one() -> None:
    theirs = published()
    mine = ours()
    assert len(mine) > 100
    assert {name: theirs.get(name) for name in mine} == mine


def test_the_stubs_are_those_of_the_proto_files() -> None:
    done = subprocess.run(
        [sys.executable, str(REPO / "protos" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
