"""Jobs to the wire and back, as far as a client may see."""

from __future__ import annotations

from datetime import UTC, datetime

from appliance.client.jobs import to_job
from serving.domain.job import Job, JobRequest, JobState
from serving.domain.lane import Lane
from serving.rpc.job_converters import job_to_wire


def test_the_release_goes_over_the_wire_and_what_it_pins_stays_with_the_box() -> None:
    request = JobRequest(
        "study",
        "chest_ct",
        "1.0",
        Lane.STAT,
        "key",
        {"window": "lung"},
        release="chest_ct@2",
        models={"net": 2},
        release_parameters={"a": "b"},
        study_key="ab" * 32,
    )
    job = Job("j", request, JobState.QUEUED, "queued", 0.0, 0, datetime.now(UTC))
    wire = job_to_wire(job)
    assert wire.release == "chest_ct@2"
    assert b"abab" not in wire.SerializeToString()
    back = to_job(wire).request
    assert (back.release, back.lane, back.pipeline) == ("chest_ct@2", Lane.STAT, "chest_ct")
    assert (back.models, back.parameters, back.study_key) == ({}, {}, "")
