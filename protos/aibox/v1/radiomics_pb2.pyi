from aibox.v1 import job_pb2 as _job_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RadiomicsHeader(_message.Message):
    __slots__ = ("priority", "idempotency_key", "settings_json", "preset", "in_place", "table_job_id", "model_name", "model_version")
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_JSON_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    IN_PLACE_FIELD_NUMBER: _ClassVar[int]
    TABLE_JOB_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    priority: _job_pb2.Priority
    idempotency_key: str
    settings_json: str
    preset: str
    in_place: bool
    table_job_id: str
    model_name: str
    model_version: int
    def __init__(self, priority: _Optional[_Union[_job_pb2.Priority, str]] = ..., idempotency_key: _Optional[str] = ..., settings_json: _Optional[str] = ..., preset: _Optional[str] = ..., in_place: _Optional[bool] = ..., table_job_id: _Optional[str] = ..., model_name: _Optional[str] = ..., model_version: _Optional[int] = ...) -> None: ...

class InputChunk(_message.Message):
    __slots__ = ("name", "data", "last")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    name: str
    data: bytes
    last: bool
    def __init__(self, name: _Optional[str] = ..., data: _Optional[bytes] = ..., last: _Optional[bool] = ...) -> None: ...

class RadiomicsRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: RadiomicsHeader
    chunk: InputChunk
    def __init__(self, header: _Optional[_Union[RadiomicsHeader, _Mapping]] = ..., chunk: _Optional[_Union[InputChunk, _Mapping]] = ...) -> None: ...
