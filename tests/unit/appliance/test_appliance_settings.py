"""Settings: sources merged, mistakes named."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.box_config import load_config, product_models, serving_settings
from appliance.commands.config import toml_lines
from appliance.errors import ConfigurationError
from appliance.settings_file import load_settings
from appliance.state_dir import StateDir


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIBOX_STATE", raising=False)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "box.toml"
    path.write_text(text, "utf-8")
    return path


def test_defaults_are_loopback_on_the_documented_ports() -> None:
    config = load_config()
    assert config.grpc_address == "127.0.0.1:8001"
    assert config.admin_address == "127.0.0.1:8002"
    assert config.state.root == Path.cwd() / ".aibox"


def test_environment_beats_file_beats_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "[grpc]\nport = 9001\ngrace_s = 3.0\n[admin]\nport = 9002\n")
    monkeypatch.setenv("AIBOX__GRPC__PORT", "9101")
    monkeypatch.setenv("AIBOX__ENGINE__NODES", '[{"cpus": [0]}, {"cpus": [1]}]')
    settings = load_settings(path)
    assert (settings.grpc.port, settings.grpc.grace_s, settings.admin.port) == (9101, 3.0, 9002)
    assert settings.engine.nodes is not None
    assert [node.cpus for node in settings.engine.nodes] == [(0,), (1,)]


def test_aibox_toml_of_the_working_directory_is_read(tmp_path: Path) -> None:
    (tmp_path / "aibox.toml").write_text("[log]\nlevel = 'debug'\n", "utf-8")
    assert load_settings().log.level == "debug"


@pytest.mark.parametrize(
    ("text", "named", "nearest"),
    [
        ("[grcp]\nport = 1\n", "grcp", "grpc"),
        ("[grpc]\nprot = 1\n", "grpc.prot", "grpc.port"),
        ("[jobs.retention]\nretention_day = 1\n", "retention_day", "jobs.retention.retention_days"),
        ("[[engine.nodes]]\ncpus = [0]\nstream = 1\n", "stream", "streams"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known(
    tmp_path: Path, text: str, named: str, nearest: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(write(tmp_path, text))
    assert named in caught.value.message
    assert nearest in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", ["AIBOX__GRCP__PORT", "AIBOX__GRPC__PROT"])
def test_an_unknown_variable_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(ConfigurationError, match="nearest known one is grpc"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[grpc\n", "not valid TOML"),
        ("[grpc]\nport = 70000\n", "grpc.port cannot be used"),
        ("[jobs]\nlease_s = 1.0\nheartbeat_s = 2.0\n", "jobs cannot be used"),
    ],
)
def test_values_that_cannot_be_are_refused_in_a_sentence(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        load_settings(write(tmp_path, text))


def test_a_missing_file_is_an_error_only_when_named(tmp_path: Path) -> None:
    load_settings()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_settings(tmp_path / "none.toml")


@pytest.mark.parametrize("section", ["grpc", "admin"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "box.hospital.example"])
def test_addresses_off_loopback_are_refused(tmp_path: Path, section: str, host: str) -> None:
    path = write(tmp_path, f"[{section}]\nhost = '{host}'\n")
    with pytest.raises(ConfigurationError, match="refused at start"):
        load_config(path)


def test_state_is_named_by_option_then_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIBOX_STATE", str(tmp_path / "b"))
    assert StateDir.locate(tmp_path / "a").root == tmp_path / "a"
    assert StateDir.locate().root == tmp_path / "b"


def test_the_engine_room_gets_product_and_imported_models(tmp_path: Path) -> None:
    config = load_config(None, tmp_path / "state")
    told = serving_settings(config)
    assert told.engine.repositories == (product_models(), tmp_path / "state" / "models")
    assert told.state_dir == tmp_path / "state"
    assert type(told).model_validate_json(told.model_dump_json()) == told


def test_shown_settings_can_be_read_again(tmp_path: Path) -> None:
    path = write(tmp_path, "[engine]\nnodes = [{cpus = [0], streams = 1}]\n[grpc]\nport = 9001\n")
    settings = load_settings(path)
    shown = "\n".join(toml_lines(settings.model_dump(mode="json")))
    assert load_settings(write(tmp_path, shown)) == settings
