"""`aibox config check` and `aibox config show`."""

from __future__ import annotations

import typer

from appliance.box_config import load_config, serving_settings
from appliance.certificate_check import check_certificates
from appliance.commands.console import answers, print_json
from appliance.commands.options import ConfigOption, JsonOption, StateOption
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan

commands = typer.Typer(
    help="The settings after merging file and environment.", no_args_is_help=True
)


@commands.command()
def check(config: ConfigOption = None, state: StateOption = None) -> None:
    """Check the settings against this machine; exit 1 and one sentence where they cannot be."""
    chosen = load_config(config, state)
    check_certificates(chosen.settings)
    make_plan(read_machine(), serving_settings(chosen).engine)
    answers.print("the settings are fine")


@commands.command()
def show(
    config: ConfigOption = None, state: StateOption = None, as_json: JsonOption = False
) -> None:
    """Print every setting, defaults and overrides merged."""
    chosen = load_config(config, state)
    settings = chosen.settings.model_dump(mode="json")
    if as_json:
        print_json({"state": str(chosen.state.root), **settings})
        return
    answers.print(f"# state directory: {chosen.state.root}", soft_wrap=True, markup=False)
    for line in toml_lines(settings):
        answers.print(line, soft_wrap=True, markup=False)


def toml_lines(table: dict[str, object], path: str = "") -> list[str]:
    """The settings as they would stand in aibox.toml; what is undecided is commented out."""
    lines = [f"[{path}]"] if path else []
    inner = {key: value for key, value in table.items() if isinstance(value, dict)}
    for key, value in table.items():
        if key not in inner:
            lines.append(f"# {key} is not set" if value is None else _pair(key, value))
    for key, value in inner.items():
        lines += ["", *toml_lines(value, f"{path}.{key}" if path else key)]
    return lines


def _pair(key: str, value: object) -> str:
    return f"{key} = {_toml_value(value)}"


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    if isinstance(value, dict):
        pairs = [_pair(key, inner) for key, inner in value.items() if inner is not None]
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)
