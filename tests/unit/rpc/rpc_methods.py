"""Every RPC of every service of the box, from the descriptors of its protocols."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

PROTOS = Path(__file__).parents[3] / "protos"


def every_method() -> dict[str, MethodDescriptor]:
    """By the name that is on the wire, `/package.Service/Method`."""
    found = {}
    for file in _files():
        for service in file.services_by_name.values():
            for method in service.methods:
                found[f"/{service.full_name}/{method.name}"] = method
    return found


def _files() -> Iterator[FileDescriptor]:
    yield health_pb2.DESCRIPTOR
    yield reflection_pb2.DESCRIPTOR
    for path in sorted(PROTOS.rglob("*_pb2.py")):
        name = ".".join(path.relative_to(PROTOS).with_suffix("").parts)
        yield import_module(name).DESCRIPTOR
