from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from serving.graph.environment import (
    UNIX_SOCKET_PATH_MAX,
    forget_old_sessions,
    make_private,
    ray_environment,
    ray_temp_dir,
)
from serving.ray_settings import RaySettings
from serving.settings import ServingSettings


def test_ray_stays_on_loopback_silent_and_behind_a_private_token(tmp_path: Path) -> None:
    settings = ServingSettings(state_dir=tmp_path / "state", box_version="1")
    environment = ray_environment(settings, {"KEPT": "yes"})
    assert environment["KEPT"] == "yes"
    assert environment["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] == "0"
    assert environment["RAY_USAGE_STATS_ENABLED"] == "0"
    token = Path(environment["RAY_AUTH_TOKEN_PATH"])
    assert len(token.read_text()) >= 32
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert ray_environment(settings, {})["RAY_AUTH_TOKEN_PATH"] == str(token)
    assert stat.S_IMODE(settings.state_dir.stat().st_mode) == 0o700


def test_ray_leaves_loopback_only_for_an_address_that_is_named(tmp_path: Path) -> None:
    ray = RaySettings.model_validate({"listen": "192.0.2.7", "port": 7000})
    settings = ServingSettings(state_dir=tmp_path / "state", box_version="1", ray=ray)
    environment = ray_environment(settings, {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"})
    assert "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER" not in environment
    assert environment["RAY_GCS_SERVER_PORT"] == "7000"
    assert environment["RAY_AUTH_MODE"] == "token"
    assert (ray.address, RaySettings().address) == ("192.0.2.7", "127.0.0.1")


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "127.0.0.1", "box.example"])
def test_ray_listens_on_one_reachable_address(address: str) -> None:
    with pytest.raises(ValidationError):
        RaySettings.model_validate({"listen": address})


def test_a_long_state_path_moves_rays_session_elsewhere(tmp_path: Path) -> None:
    short = ray_temp_dir(Path("/srv/box"))
    assert short == Path("/srv/box/ray")
    long = ray_temp_dir(tmp_path / ("x" * UNIX_SOCKET_PATH_MAX))
    assert len(str(long)) < 40
    assert long != ray_temp_dir(tmp_path / ("y" * UNIX_SOCKET_PATH_MAX))


def test_a_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_private(tmp_path / "mine")
    monkeypatch.setattr("serving.graph.environment.os.getuid", lambda: 12345)
    with pytest.raises(PermissionError):
        make_private(tmp_path / "mine")


def test_only_the_newest_old_session_of_ray_is_kept(tmp_path: Path) -> None:
    for name in ("session_2026-01-01", "session_2026-01-03", "session_2026-01-02"):
        (tmp_path / name).mkdir()
    (tmp_path / "session_latest").symlink_to(tmp_path / "session_2026-01-03")
    forget_old_sessions(tmp_path)
    assert [p.name for p in sorted(tmp_path.glob("session_2*"))] == ["session_2026-01-03"]
