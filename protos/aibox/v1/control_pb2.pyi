from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class PrepareRequest(_message.Message):
    __slots__ = ("model_set_json",)
    MODEL_SET_JSON_FIELD_NUMBER: _ClassVar[int]
    model_set_json: str
    def __init__(self, model_set_json: _Optional[str] = ...) -> None: ...

class ActivateRequest(_message.Message):
    __slots__ = ("generation",)
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    generation: int
    def __init__(self, generation: _Optional[int] = ...) -> None: ...

class DiscardRequest(_message.Message):
    __slots__ = ("generation",)
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    generation: int
    def __init__(self, generation: _Optional[int] = ...) -> None: ...

class StateRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetState(_message.Message):
    __slots__ = ("generation", "prepared", "node")
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    PREPARED_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    generation: int
    prepared: int
    node: int
    def __init__(self, generation: _Optional[int] = ..., prepared: _Optional[int] = ..., node: _Optional[int] = ...) -> None: ...
