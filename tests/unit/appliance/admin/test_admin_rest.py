"""Replicas, settings and the audit over HTTP; the document that describes all routes."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path

from typer.testing import CliRunner

from appliance.admin.problem import STATUS_BY_ERROR
from appliance.client.problems import ERROR_BY_KIND, error_in
from appliance.commands import models
from appliance.errors import BoxFailed
from serving.audit.log import AuditLog
from serving.domain.audit import AuditEvent, Outcome
from serving.domain.node_report import NodeReport
from serving.rpc.queue_board import NodeLoad, QueueBoard
from tests.unit.appliance.admin.small_admin import SmallAdmin


def test_replicas_with_plan_generation_and_queue(admin: SmallAdmin) -> None:
    none = admin.http.get("/v1/replicas").json()
    assert (none["generation"], none["replicas"]) == (1, [])
    assert none["plan"][0]["streams"] >= 1
    report = NodeReport(
        node=0,
        pid=os.getpid(),
        cpus=(0,),
        memory_policy="none",
        address="a:1",
        generation=1,
        models=(),
    )
    (admin.state.run / "node-0.json").write_text(report.model_dump_json())
    with closing(QueueBoard(admin.state.run / "queues.board", 1)) as board:
        board.publish(NodeLoad(0, length=3, slots=2, interactive=1))
        (found,) = admin.http.get("/v1/replicas").json()["replicas"]
    assert found["queue"] == {"length": 3, "slots": 2, "interactive": 1}
    assert (found["pid"], found["generation"]) == (os.getpid(), 1)


def test_settings_in_force(admin: SmallAdmin) -> None:
    found = admin.http.get("/v1/settings").json()
    assert found["jobs"]["intake"]["min_free_disk_gb"] == 0.0
    assert {"access", "registry", "canary", "trust", "grpc"} <= set(found)


def test_the_newest_lines_of_the_audit(admin: SmallAdmin) -> None:
    log = AuditLog(admin.parts.audit_dir)
    for number in range(3):
        subject = f"unet {number}"
        log.record(
            AuditEvent(
                actor="acme",
                role="vendor",
                action="model.promote",
                subject=subject,
                outcome=Outcome.DONE,
            )
        )
    found = admin.http.get("/v1/audit?last=2").json()
    assert [entry["subject"] for entry in found] == ["unet 1", "unet 2"]
    assert admin.http.get("/v1/audit?last=0").status_code == 422


def test_every_route_documents_refusals_and_its_errors(admin: SmallAdmin) -> None:
    document = admin.http.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            statuses = set(found["responses"])
            assert {"401", "403", "413", "500"} <= statuses, (method, path)
            if "{" in path:
                assert {"404", "422"} <= statuses, (method, path)
            if found["responses"].get("202"):
                assert {"200", "400", "409", "503", "504"} <= statuses, (method, path)


def test_the_document_says_who_may(admin: SmallAdmin) -> None:
    document = admin.http.get("/openapi.json").json()
    assert document["security"] == [{"bearer": []}]
    paths = document["paths"]
    assert paths["/healthz"]["get"]["security"] == []
    assert paths["/v1/models"]["get"]["x-permission"] == "read"
    assert paths["/v1/releases"]["post"]["x-permission"] == "versions"
    assert paths["/v1/audit"]["get"]["x-permission"] == "admin"


def test_the_client_knows_every_error_of_the_box() -> None:
    kinds = {error.__name__: error for error in STATUS_BY_ERROR}
    told = {
        "".join(word.title() for word in kind.split("-")): e for kind, e in ERROR_BY_KIND.items()
    }
    assert told == kinds
    assert isinstance(error_in(b"<html>", 502), BoxFailed)
    assert isinstance(
        error_in(b'{"type": "urn:aibox:problem:internal", "detail": "x"}', 500), BoxFailed
    )
    assert isinstance(error_in(b"[]", 500), BoxFailed)


def test_the_list_of_models_tells_state_and_labels(admin: SmallAdmin, tmp_path: Path) -> None:
    admin.change("POST", "/v1/models/unet/versions/2/promote")
    config = tmp_path / "aibox.toml"
    config.write_text(f'[engine]\nrepositories = ["{admin.box.product}"]\n')
    options = ["--config", str(config), "--state", str(admin.state.root)]
    result = CliRunner().invoke(models.commands, ["list", "--json", *options])
    assert result.exit_code == 0, result.output
    found = {(row["name"], row["version"]): row for row in json.loads(result.stdout)}
    assert (found["unet", 2]["state"], found["unet", 2]["labels"]) == ("active", ["stable"])
    assert (found["unet", 1]["state"], found["unet", 1]["labels"]) == ("active", [])
    assert (found["lonely", 1]["state"], found["lonely", 1]["labels"]) == ("imported", [])
    table = CliRunner().invoke(models.commands, ["list", *options]).stdout
    assert "stable" in table
