"""Parsing a request where an error of it becomes one of the domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError

from serving.domain.errors import InvalidRequest

Codec = Callable[[Any], Any]


def unchanged(message: Any) -> Any:
    """The codec of a method that takes or gives bytes."""
    return message


def request_parser(deserialize: Codec | None) -> Codec:
    """A deserializer that raises InvalidRequest for bytes that are no such message."""
    if deserialize is None:
        return unchanged
    parse = deserialize

    def parsed(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            raise InvalidRequest(
                "the bytes are no message of the type that this method takes"
            ) from None

    return parsed
