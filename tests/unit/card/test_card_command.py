"""`aibox models card`."""

from __future__ import annotations

from pathlib import Path

import pytest
from card_example import example, version_folder

from appliance.commands.models_card import card
from provisioning.manifest_file import write_manifest
from serving.domain.errors import InvalidRequest, ModelNotFound


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A settings file whose only repository holds the example's version 3."""
    folder = version_folder(tmp_path / "models")
    write_manifest(example(folder), folder)
    path = tmp_path / "aibox.toml"
    path.write_text(f'[engine]\nrepositories = ["{tmp_path / "models"}"]\n', "utf-8")
    return path


def test_the_page_lands_beside_the_manifest_or_where_it_is_wanted(
    settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, out = tmp_path / "state", tmp_path / "page.html"
    card("example_covid", config=settings, state=state)
    beside = tmp_path / "models" / "example_covid" / "3" / "model_card.html"
    card("example_covid", version=3, out=out, config=settings, state=state)
    assert out.read_text("utf-8") == beside.read_text("utf-8")
    assert capsys.readouterr().out.split() == [str(beside), str(out)]


@pytest.mark.parametrize(("name", "version"), [("example_covid", 4), ("other", None), ("..", None)])
def test_an_unknown_model_or_version_is_said(
    settings: Path, tmp_path: Path, name: str, version: int | None
) -> None:
    with pytest.raises(ModelNotFound):
        card(name, version=version, config=settings, state=tmp_path / "state")


def test_a_place_that_cannot_be_written_is_said(settings: Path, tmp_path: Path) -> None:
    out = tmp_path / "missing" / "page.html"
    with pytest.raises(InvalidRequest, match="--out"):
        card("example_covid", out=out, config=settings, state=tmp_path / "state")
