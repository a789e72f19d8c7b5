"""`aibox certs`, and the check of certificates before a box starts."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from appliance.certificate_check import check_certificates
from appliance.commands.certs import commands
from appliance.settings import Settings
from serving.domain.errors import InvalidRequest


def run(*arguments: object) -> str:
    result = CliRunner().invoke(commands, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def settings_said(output: str) -> Settings:
    """The part of the answer that goes into aibox.toml, as the box reads it."""
    start = output.index("[grpc.tls]")
    lines = output[start:].splitlines()
    return Settings(**tomllib.loads("\n".join(x for x in lines if not x.startswith("client "))))


@pytest.mark.parametrize("clients", [(), ("--client", "pacs")])
def test_what_is_printed_for_aibox_toml_works(tmp_path: Path, clients: tuple[str, ...]) -> None:
    said = settings_said(run("make", "--dir", tmp_path, "--host", "box.example", *clients))
    check_certificates(said)
    assert said.grpc.tls is not None
    assert said.grpc.tls.client_ca == (tmp_path / "ca.pem" if clients else None)
    assert said.admin.tls is not None


def test_make_as_json_names_the_files(tmp_path: Path) -> None:
    made = json.loads(run("make", "--dir", tmp_path, "--client", "pacs", "--json"))
    assert made["clients"] == [str(tmp_path / "client-pacs.pem")]
    assert (tmp_path / "server.key").exists()
    assert made["new_authority"] is True


def test_no_key_is_printed(tmp_path: Path) -> None:
    output = run("make", "--dir", tmp_path, "--client", "pacs") + run("show", tmp_path)
    assert "PRIVATE" not in output


def test_make_refuses_to_overwrite(tmp_path: Path) -> None:
    run("make", "--dir", tmp_path)
    with pytest.raises(InvalidRequest, match="--force"):
        run("make", "--dir", tmp_path)
    run("make", "--dir", tmp_path, "--force")


def test_show_warns_of_what_ends_soon(tmp_path: Path) -> None:
    run("make", "--dir", tmp_path, "--host", "10.0.0.5", "--days", "29", "--client", "pacs")
    output = run("show", tmp_path)
    assert "10.0.0.5" in output
    assert "server.pem ends in 28 days; renew it" in output
    assert "client-pacs.pem ends in 28 days" in output
    assert "ca.pem ends" not in output
    run("make", "--dir", tmp_path, "--client", "pacs", "--force", "--days", "31")
    assert "client-pacs.pem ends" not in run("show", tmp_path)


def test_show_as_json(tmp_path: Path) -> None:
    run("make", "--dir", tmp_path, "--days", "90")
    found = json.loads(run("show", tmp_path, "--json"))
    assert [(f["file"], f["ends_soon"]) for f in found] == [
        ("ca.pem", False),
        ("server.pem", False),
    ]
    assert found[1]["days_left"] == 89


@pytest.mark.parametrize("section", ["grpc", "admin"])
@pytest.mark.parametrize("file", ["cert", "key"])
def test_a_file_that_cannot_be_used_is_named_by_its_setting(
    tmp_path: Path, section: str, file: str
) -> None:
    run("make", "--dir", tmp_path)
    pair = {"cert": tmp_path / "server.pem", "key": tmp_path / "server.key"}
    (tmp_path / "bad").write_bytes(b"\xffbad")
    with pytest.raises(InvalidRequest, match=rf"{section}\.tls\.{file}"):
        check_certificates(Settings(**{section: {"tls": pair | {file: tmp_path / "bad"}}}))


def test_an_authority_of_clients_that_cannot_be_used(tmp_path: Path) -> None:
    run("make", "--dir", tmp_path)
    tls = {"cert": tmp_path / "server.pem", "key": tmp_path / "server.key"}
    with pytest.raises(InvalidRequest, match=r"grpc\.tls\.client_ca.*holds no certificate"):
        check_certificates(
            Settings(**{"grpc": {"tls": tls | {"client_ca": tmp_path / "server.key"}}})
        )


def test_a_box_without_tls_has_nothing_to_check() -> None:
    check_certificates(Settings())
