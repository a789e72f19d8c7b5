"""Headers of radiomics jobs from the wire."""

from __future__ import annotations

from aibox.v1 import job_pb2, radiomics_pb2
from pydantic import ValidationError

from serving.domain.errors import InvalidRequest
from serving.domain.lane import Lane
from serving.domain.radiomics import RadiomicsHeader, RadiomicsKind


def header_from_wire(kind: RadiomicsKind, wire: radiomics_pb2.RadiomicsHeader) -> RadiomicsHeader:
    """The header; a priority that is left out means batch. Raises InvalidRequest."""
    unspecified = wire.priority == job_pb2.PRIORITY_UNSPECIFIED
    try:
        return RadiomicsHeader(
            kind=kind,
            lane=Lane.BATCH if unspecified else Lane.parse(int(wire.priority)),
            idempotency_key=wire.idempotency_key,
            settings_json=wire.settings_json,
            preset=wire.preset,
            in_place=wire.in_place,
            table_job_id=wire.table_job_id,
            model_name=wire.model_name,
            model_version=wire.model_version,
        )
    except ValidationError as error:
        field = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise InvalidRequest(f"the header's {field} is longer than is allowed") from None
