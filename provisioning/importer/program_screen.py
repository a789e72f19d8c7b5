"""The step `screen_program`: a `.pt2` becomes a copy in which nothing is left to be run.

Format: the archive of torch.export.save, version 0 (torch/export/pt2_archive). What
torch.export.load of torch 2.13 does with the members of such an archive, as its source says:

- weights and constants marked `use_pickle`, custom and opaque objects, and files of the old
  format are unpickled without any restriction: such an archive is refused;
- the sample inputs are unpickled, with a fall-back without restriction: the copy has none;
- `guards_code` is compiled and run, symbolic expressions go through `eval`, and the target of a
  node may name any attribute reachable from torch: guards and metadata are left out, expressions
  and targets are checked against what an honest export holds.
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from provisioning.importer.magic import PICKLE
from serving.domain.errors import InvalidRequest
from serving.domain.slices import Progress

_MOST_MEMBERS = 100_000
_MOST_JSON_BYTES = 256 * 1024**2
_SAMPLES = "data/sample_inputs/model.pt"
_MODEL = "models/model.json"
_CONFIGS = (
    "data/weights/model_weights_config.json",
    "data/constants/model_constants_config.json",
)
_PLAIN = re.compile(
    r"archive_format|archive_version|byteorder|\.data/(version|serialization_id)"
    r"|data/weights/weight_\d+|data/constants/tensor_\d+"
)
_TARGET = re.compile(
    r"torch\.ops\.(aten|prims)\.[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?|_operator\.[a-z_]+"
)
_TARGETS = {
    "torch.ops.higher_order.wrap_with_set_grad_enabled",
    "torch.sym_int",
    "torch.sym_float",
    "torch.sym_max",
    "torch.sym_min",
    "torch.sym_sqrt",
}
_FORBIDDEN_TARGETS = re.compile(r"from_file|_operator\.(attrgetter|methodcaller|itemgetter|call)")
_DUNDER_OPERATORS = re.compile(r"__i?(and|or|xor|lshift|rshift)__")
_EXPRESSION = re.compile(r"[A-Za-z0-9_+\-*/%() ,<>=!&|~]*")
_QUOTED = re.compile(r"Symbol\('[a-z]+\d+'(, [a-z]{4,12}=(True|False))*\)")
_SYMBOL = re.compile(r"[a-z]+\d+")
_FUNCTION = re.compile(
    r"Add|Mul|Pow|Max|Min|Mod|PythonMod|FloorDiv|CeilDiv|CleanDiv|IntTrueDiv|Identity"
    r"|Eq|Ne|Lt|Le|Gt|Ge|And|Or|Not|Where|ModularIndexing|True|False|int_oo|oo"
    r"|Integer|Equality|Unequality|GreaterThan|LessThan|StrictGreaterThan|StrictLessThan"
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ScreenOrder(BaseModel):
    """Read `source`, write `clean`."""

    source: Path
    clean: Path


class Screened(BaseModel):
    """How many members the copy has."""

    members: int


def screen_program(order: ScreenOrder, report: Progress) -> Screened:
    """Raises InvalidRequest for a damaged archive and for one that would run anything."""
    report(0.0, "checking the exported program")
    name = order.source.name
    try:
        with zipfile.ZipFile(order.source) as source, zipfile.ZipFile(order.clean, "w") as clean:
            return Screened(members=_copy(name, source, clean))
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, TypeError):
        raise InvalidRequest(f"{name} is a damaged exported program; save it anew") from None
    except (RecursionError, AttributeError, NotImplementedError, RuntimeError):
        raise InvalidRequest(
            f"{name} is no exported program as torch.export.save writes it"
        ) from None


def _copy(name: str, source: zipfile.ZipFile, clean: zipfile.ZipFile) -> int:
    infos = source.infolist()
    names = [info.filename.partition("/")[2] for info in infos]
    if len(set(names)) != len(names) or len(names) > _MOST_MEMBERS:
        raise InvalidRequest(f"{name} holds members twice or too many of them")
    for info, member in zip(infos, names, strict=True):
        if info.compress_type != zipfile.ZIP_STORED:
            raise InvalidRequest(f"{name} is packed in a way that torch.export.save never does")
        clean.writestr(f"program/{member}", _cleaned(name, member, source, info))
    return len(infos)


def _cleaned(name: str, member: str, source: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if member == _SAMPLES:
        return b""
    if member in _CONFIGS:
        _check_config(name, _json(source, info))
    elif member == _MODEL:
        return json.dumps(_checked_program(name, _json(source, info))).encode()
    elif not _PLAIN.fullmatch(member):
        raise InvalidRequest(f"{name} {PICKLE}" if member.endswith((".pt", ".pkl")) else _odd(name))
    return source.read(info)


def _odd(name: str) -> str:
    return f"{name} holds more than one model or parts that torch.export.save does not write"


def _json(source: zipfile.ZipFile, info: zipfile.ZipInfo) -> Any:
    if info.file_size > _MOST_JSON_BYTES:
        raise ValueError("too long")
    return json.loads(source.read(info))


def _check_config(name: str, config: Any) -> None:
    for entry in config["config"].values():
        if entry["use_pickle"] is not False or not re.fullmatch(
            r"(weight|tensor)_\d+", entry["path_name"]
        ):
            raise InvalidRequest(f"{name} {PICKLE}")


def _checked_program(name: str, program: Any) -> Any:
    program["guards_code"] = []
    for key, holder in _walk(program):
        value = holder[key]
        if key == "target" and "inputs" in holder and not _is_plain_target(value):
            raise InvalidRequest(f"{name} calls {_shown(value)}, which no import allows")
        if key == "expr_str" and not _is_plain_expression(value):
            raise InvalidRequest(f"{name} holds an expression that is no arithmetic of sizes")
        if key == "metadata" and "target" in holder:
            holder[key] = {}
    return program


def _walk(root: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of every object, however deep."""
    pending = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            yield from ((key, value) for key in list(value))
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _is_plain_target(value: Any) -> bool:
    if not isinstance(value, str) or _FORBIDDEN_TARGETS.search(value):
        return False
    if "__" in _DUNDER_OPERATORS.sub("", value):
        return False
    return value in _TARGETS or _TARGET.fullmatch(value) is not None


def _is_plain_expression(value: Any) -> bool:
    return (
        isinstance(value, str)
        and len(value) < 10_000
        and _EXPRESSION.fullmatch(plain := _QUOTED.sub("s0", value)) is not None
        and all(_FUNCTION.fullmatch(w) or _SYMBOL.fullmatch(w) for w in _WORD.findall(plain))
    )


def _shown(value: Any) -> str:
    return re.sub(r"[^A-Za-z0-9_.:]", "?", str(value))[:80]
