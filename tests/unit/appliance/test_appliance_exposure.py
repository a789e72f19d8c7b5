"""Where the box may listen: only loopback is open without TLS and known callers."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from appliance.box_config import load_config
from appliance.errors import ConfigurationError
from appliance.exposure import Listener, check_exposure, check_listener, is_loopback
from appliance.settings import AdminSettings, Settings
from serving.access.settings import AccessSettings
from serving.rpc.settings import GrpcSettings
from serving.rpc.tls_settings import GrpcTlsSettings, KeyPairSettings

OPEN = "0.0.0.0"
CERT, KEY, CA = Path("/c/server.pem"), Path("/c/server.key"), Path("/c/ca.pem")


def box(
    *,
    grpc: str = "127.0.0.1",
    admin: str = "127.0.0.1",
    tls: bool = False,
    mutual: bool = False,
    tokens: bool = False,
) -> Settings:
    pair = KeyPairSettings(cert=CERT, key=KEY) if tls else None
    with_clients = GrpcTlsSettings(cert=CERT, key=KEY, client_ca=CA if mutual else None)
    return Settings(
        grpc=GrpcSettings(host=grpc, tls=with_clients if tls else None),
        admin=AdminSettings(host=admin, tls=pair),
        access=AccessSettings(required=tokens),
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_is_open_by_default(host: str) -> None:
    check_exposure(box(grpc=host, admin=host))


@pytest.mark.parametrize(
    "host",
    [OPEN, "::", "192.168.1.4", "fd00::5", "box.example", "localhost.example", "", "127.0.0.1.x"],
)
def test_everything_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("section", ["grpc", "admin"])
@pytest.mark.parametrize(("tls", "mutual", "tokens"), [*product([False, True], repeat=3)])
def test_another_address_needs_tls_and_known_callers(
    section: str, tls: bool, mutual: bool, tokens: bool
) -> None:
    settings = box(**{section: OPEN}, tls=tls, mutual=mutual, tokens=tokens)  # type: ignore[arg-type]
    if tls and tokens:
        check_exposure(settings)
        return
    with pytest.raises(ConfigurationError) as caught:
        check_exposure(settings)
    message = caught.value.message
    assert message.startswith(f"{section}.host is {OPEN}, which is not a loopback address")
    assert ("while anyone may call" if tls else "without TLS") in message
    assert "\n" not in message


def test_client_certificates_open_no_address_by_themselves() -> None:
    with pytest.raises(ConfigurationError, match=r"grpc\.host .* access\.required"):
        check_exposure(box(grpc=OPEN, admin=OPEN, tls=True, mutual=True))


def test_one_listener_is_judged_alone() -> None:
    check_listener(Listener("grpc", OPEN, tls=True, authenticated=True))


def test_a_box_off_loopback_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "box.toml"
    path.write_text(
        f"[grpc]\nhost = '{OPEN}'\n[grpc.tls]\ncert = 's.pem'\nkey = 's.key'\n", "utf-8"
    )
    with pytest.raises(ConfigurationError, match="while anyone may call"):
        load_config(path)
    path.write_text(path.read_text() + "[access]\nrequired = true\n", "utf-8")
    config = load_config(path)
    assert config.settings.grpc.tls is not None
    assert config.settings.grpc.tls.cert == Path.cwd() / "s.pem"
    assert config.admin_url == "http://127.0.0.1:8002"


def test_the_admin_url_says_how_it_speaks(tmp_path: Path) -> None:
    path = tmp_path / "box.toml"
    path.write_text("[admin.tls]\ncert = 's.pem'\nkey = 's.key'\n", "utf-8")
    assert load_config(path).admin_url == "https://127.0.0.1:8002"
