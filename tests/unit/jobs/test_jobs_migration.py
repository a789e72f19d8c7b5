"""A job database of schema 1, as earlier boxes wrote it, opened by this one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from serving.domain.job import JobState
from serving.jobs.store import JobStore

SCHEMA_1 = """
CREATE TABLE jobs (
    seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, job_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, pipeline VARCHAR NOT NULL, pipeline_version VARCHAR NOT NULL,
    lane INTEGER NOT NULL, idempotency_key VARCHAR NOT NULL, parameters JSON NOT NULL,
    state VARCHAR NOT NULL, stage VARCHAR NOT NULL, progress DOUBLE NOT NULL,
    created_at_s DOUBLE NOT NULL, started_at_s DOUBLE, finished_at_s DOUBLE,
    attempt INTEGER NOT NULL, crashes INTEGER NOT NULL, setbacks INTEGER NOT NULL,
    not_before_s DOUBLE NOT NULL, owner VARCHAR, lease_expires_at_s DOUBLE,
    cancel_requested BOOLEAN NOT NULL, error_kind VARCHAR NOT NULL,
    error_message VARCHAR NOT NULL, files JSON NOT NULL, UNIQUE (job_id)
);
CREATE UNIQUE INDEX one_job_per_key ON jobs (idempotency_key)
    WHERE state NOT IN ('failed', 'cancelled') AND cancel_requested = 0;
CREATE INDEX jobs_to_claim ON jobs (state, lane, seq);
INSERT INTO jobs VALUES (
    7, 'old', 'study', 'chest_ct', '1.0', 2, 'key', '{"window": "lung"}', 'queued', 'queued', 0.0,
    1700000000.0, NULL, NULL, 0, 0, 0, 0.0, NULL, NULL, 0, '', '', '[]'
);
PRAGMA user_version = 1;
"""


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA_1)
    connection.close()
    return path


def _shape(path: Path) -> tuple[object, ...]:
    """Columns by name with their types and defaults, indices, version."""
    connection = sqlite3.connect(path)
    columns = connection.execute("PRAGMA table_info(jobs)").fetchall()
    indices = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()
    version = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return sorted(column[1:] for column in columns), sorted(indices), version


def test_an_old_file_has_the_shape_of_a_new_one(old_file: Path, tmp_path: Path) -> None:
    JobStore(old_file).close()
    JobStore(tmp_path / "new.sqlite").close()
    migrated, fresh = _shape(old_file), _shape(tmp_path / "new.sqlite")
    assert migrated[1:] == fresh[1:]
    assert [column[:3] for column in migrated[0]] == [column[:3] for column in fresh[0]]


def test_old_jobs_are_of_no_release_visible_and_run(old_file: Path, make_request) -> None:
    store = JobStore(old_file)
    job = store.get("old")
    assert (job.request.release, job.request.models, job.request.twin_of) == ("", {}, "")
    assert job.request.parameters == {"window": "lung"}
    assert list(store.list()) == [job]
    assert store.create("again", make_request())[0].job_id == "old"
    assert store.claim("owner/1/2/3/4", 10).job_id == "old"
    store.create("new", make_request("other"))
    assert store.counts()[JobState.QUEUED] == 1
    store.close()


def test_a_migrated_file_is_opened_again_as_it_is(old_file: Path) -> None:
    JobStore(old_file).close()
    before = _shape(old_file)
    JobStore(old_file).close()
    assert _shape(old_file) == before
