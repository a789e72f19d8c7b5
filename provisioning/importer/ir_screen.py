"""What an OpenVINO IR must be before OpenVINO's parser sees it. Format: IR version 10 and 11.

The xml may declare no entities, and every constant must lie inside the bin and be as long as its
shape says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from xml.etree import ElementTree

from serving.domain.errors import InvalidRequest

_MOST_XML_BYTES = 256 * 1024**2
_MOST_DEPTH = 64
_MOST_INPUT_BITS = 8 * 4 * 1024**3
_DECLARATION = re.compile(r"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_BITS = re.compile(r"[a-z]+(\d+)")


def screen_ir(path: Path) -> tuple[Path, ...]:
    """Checks the xml and its bin; returns both. Raises InvalidRequest."""
    if path.suffix != ".xml":
        raise InvalidRequest(f"{path.name} is XML; name an OpenVINO IR .xml, with its .bin beside")
    if path.stat().st_size > _MOST_XML_BYTES:
        raise InvalidRequest(f"{path.name} is over 256 MiB of XML; it is no OpenVINO IR")
    weights = path.with_suffix(".bin")
    layers = _layers(path)
    if any(kind == "Const" for kind, _ in layers):
        _check_constants(path, weights, layers)
    for kind, data in layers:
        if kind == "Parameter" and _bits(data) > _MOST_INPUT_BITS:
            raise InvalidRequest(f"{path.name} declares an input of more than 4 GiB")
    return (path, weights) if weights.is_file() else (path,)


def _layers(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Type and data of each layer, of those in bodies of loops too."""
    try:
        text = path.read_bytes().decode("utf-8")
        if _DECLARATION.search(text):
            raise InvalidRequest(f"{path.name} declares XML entities, which no OpenVINO IR does")
        return _parse(path.name, text)
    except (UnicodeDecodeError, ElementTree.ParseError, ValueError):
        raise InvalidRequest(f"{path.name} is cut short or no valid XML") from None


def _parse(name: str, text: str) -> list[tuple[str, dict[str, str]]]:
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(
        ("start", "end")
    )
    parser.feed(text)
    parser.close()
    open_tags: list[str] = []
    kinds: list[str] = []
    layers = []
    for event, element in cast(Iterator[tuple[str, ElementTree.Element]], parser.read_events()):
        if event == "start":
            open_tags.append(element.tag)
            if open_tags[0] != "net" or len(open_tags) > _MOST_DEPTH:
                raise InvalidRequest(f"{name} is XML, but no OpenVINO IR")
            if element.tag == "layer":
                kinds.append(element.get("type", ""))
            elif element.tag == "data" and open_tags[-2] == "layer":
                layers.append((kinds[-1], dict(element.attrib)))
            continue
        open_tags.pop()
        if element.tag == "layer":
            kinds.pop()
        element.clear()
    return layers


def _check_constants(path: Path, weights: Path, layers: list[tuple[str, dict[str, str]]]) -> None:
    if weights.is_symlink() or not weights.is_file():
        raise InvalidRequest(f"{weights.name} is missing beside {path.name}")
    held = weights.stat().st_size
    for kind, data in layers:
        if kind != "Const":
            continue
        try:
            offset, size = int(data["offset"]), int(data["size"])
        except (KeyError, ValueError):
            raise InvalidRequest(f"{path.name} holds a constant without offset and size") from None
        if offset < 0 or size < 0 or offset + size > held:
            raise InvalidRequest(f"{weights.name} is shorter than {path.name} says; copy it anew")
        if data.get("element_type") != "string" and _bits(data) > 8 * size:
            raise InvalidRequest(f"{path.name} declares a constant larger than its data")


def _bits(data: dict[str, str]) -> int:
    """Of a tensor with `shape` and `element_type`; dynamic dimensions count as one."""
    sizes = [int(size) for size in re.findall(r"\d+", data.get("shape", "").replace("?", "1"))]
    found = _BITS.fullmatch(data.get("element_type", ""))
    return math.prod(sizes) * (int(found[1]) if found else 8)
