"""An OpenVINO network in the making: layers and edges of its XML, and the constants beside it."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree as Xml

import numpy as np

from serving.domain.volume import Float64

ANY = -1
"""A dimension of any size."""
_PRECISION = {"f32": "FP32", "boolean": "BOOL"}

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Port:
    """Where an edge starts: a layer's output, its shape and type."""

    layer: int
    port: int
    shape: Shape
    kind: str = "f32"


class IrNetwork:
    """Layers, edges and constants in the order in which they are added."""

    def __init__(self) -> None:
        self.weights = b""
        self._root = Xml.Element("net", name="linear", version="11")
        self._layers = Xml.SubElement(self._root, "layers")
        self._edges = Xml.SubElement(self._root, "edges")
        self._count = 0

    def parameter(self, name: str, shape: Shape) -> Port:
        text = ",".join("?" if size == ANY else str(size) for size in shape)
        data = {"shape": text, "element_type": "f32"}
        return self._add(name, "Parameter", "opset1", data, (), shape, names=name)

    def constant(self, name: str, values: Float64) -> Port:
        content = np.ascontiguousarray(values, dtype="<f4").tobytes()
        data = {
            "element_type": "f32",
            "shape": ", ".join(map(str, values.shape)),
            "offset": str(len(self.weights)),
            "size": str(len(content)),
        }
        self.weights += content
        return self._add(name, "Const", "opset1", data, (), values.shape)

    def operation(
        self,
        name: str,
        kind: str,
        inputs: tuple[Port, ...],
        shape: Shape,
        *,
        opset: str = "opset1",
        element: str = "f32",
        tensor: str = "",
        **data: str,
    ) -> Port:
        return self._add(name, kind, opset, data, inputs, shape, element=element, names=tensor)

    def result(self, source: Port) -> None:
        layer = self._layer("result", "Result", "opset1", {})
        self._inputs(layer, (source,))

    def xml(self) -> bytes:
        Xml.indent(self._root)
        return bytes(Xml.tostring(self._root, encoding="utf-8", xml_declaration=True))

    def _add(
        self,
        name: str,
        kind: str,
        opset: str,
        data: dict[str, str],
        inputs: tuple[Port, ...],
        shape: Shape,
        *,
        element: str = "f32",
        names: str = "",
    ) -> Port:
        number = self._count
        layer = self._layer(name, kind, opset, data)
        self._inputs(layer, inputs)
        output = Xml.SubElement(layer, "output")
        marks = {"id": str(len(inputs)), "precision": _PRECISION[element]}
        port = Xml.SubElement(output, "port", {**marks, **({"names": names} if names else {})})
        _dimensions(port, shape)
        return Port(number, len(inputs), shape, element)

    def _layer(self, name: str, kind: str, opset: str, data: dict[str, str]) -> Xml.Element:
        layer = Xml.SubElement(
            self._layers, "layer", id=str(self._count), name=name, type=kind, version=opset
        )
        if data:
            Xml.SubElement(layer, "data", data)
        self._count += 1
        return layer

    def _inputs(self, layer: Xml.Element, sources: tuple[Port, ...]) -> None:
        if not sources:
            return
        inputs = Xml.SubElement(layer, "input")
        for number, source in enumerate(sources):
            marks = {"id": str(number), "precision": _PRECISION[source.kind]}
            _dimensions(Xml.SubElement(inputs, "port", marks), source.shape)
            edge = {"from-layer": str(source.layer), "from-port": str(source.port)}
            Xml.SubElement(
                self._edges,
                "edge",
                {**edge, "to-layer": layer.attrib["id"], "to-port": str(number)},
            )


def _dimensions(port: Xml.Element, shape: Shape) -> None:
    for size in shape:
        Xml.SubElement(port, "dim").text = str(size)
