"""Makes a network strongly typed: constants of the right type, and casts where precisions meet.

Every tensor has one type, that of the layer that makes it. A layer of the other precision reads a
cast of it; casts are made once per tensor and stand right behind what they read. Inputs and outputs
of the network stay float32 under their names.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .graph_view import GraphView
from .precisions import TYPELESS, Precisions

FLOAT: int = onnx.TensorProto.FLOAT
HALF: int = onnx.TensorProto.FLOAT16

_ALWAYS_FLOAT = {"Resize": (1, 2)}
"""Inputs that ONNX wants in float32 whatever the layer's type: region and scales."""


def insert_casts(model: onnx.ModelProto, view: GraphView, precisions: Precisions) -> int:
    """Rewrites `model`, which `view` shows, in place. Returns how many casts it has now more."""
    return _Rewriting(model, view, precisions).run()


class _Rewriting:
    def __init__(self, model: onnx.ModelProto, view: GraphView, precisions: Precisions) -> None:
        self.graph = model.graph
        self.view = view
        self.half_nodes = precisions.half
        self.taken = set(view.types)
        self.nodes: list[onnx.NodeProto] = []
        self.cast_names: dict[tuple[str, int], str] = {}
        self.half_constants: dict[str, str] = {}
        self.float_constants: set[str] = set()
        self.casts = 0

    def run(self) -> int:
        for index, node in enumerate(self.view.nodes):
            self.nodes.append(self._retyped(index, node))
            self._cast_outputs(index)
        self._replace_constants()
        del self.graph.node[:]
        self.graph.node.extend(self.nodes)
        del self.graph.value_info[:]  # of types that are no longer right
        return self.casts

    def _retyped(self, index: int, node: onnx.NodeProto) -> onnx.NodeProto:
        """The node with the names of what it is to read and to make."""
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        if node.op_type not in TYPELESS:
            wanted = HALF if index in self.half_nodes else FLOAT
            keep = _ALWAYS_FLOAT.get(node.op_type, ())
            for position, name in enumerate(node.input):
                if self.view.is_float(name):
                    kind = FLOAT if position in keep else wanted
                    copy.input[position] = self._read(name, kind)
        else:
            self.float_constants.update(node.input)
        for position, name in enumerate(node.output):
            if index in self.half_nodes and name in self.view.outputs and self.view.is_float(name):
                copy.output[position] = self._half_output(name)
        return copy

    def _read(self, name: str, kind: int) -> str:
        """The name under which float tensor `name` can be read as `kind`."""
        if name in self.view.constants:
            if kind == FLOAT:
                self.float_constants.add(name)
                return name
            if name not in self.half_constants:
                self.half_constants[name] = self._new_name(f"{name}:half")
            return self.half_constants[name]
        if self._home(name) == kind:
            return self.cast_names.get((name, kind), name)
        if (name, kind) not in self.cast_names:  # an input of the network: cast before its reader
            self.cast_names[name, kind] = self._cast(name, kind)
        return self.cast_names[name, kind]

    def _home(self, name: str) -> int:
        return HALF if self.view.producers.get(name) in self.half_nodes else FLOAT

    def _half_output(self, name: str) -> str:
        """An output of the network that is computed in half: the result under another name."""
        result = self._new_name(f"{name}:half")
        self.cast_names[name, HALF] = result
        return result

    def _cast_outputs(self, index: int) -> None:
        """Behind a node: the casts that later nodes, or the network's outputs, will read."""
        for name in self.view.float_outputs(index):
            home = self._home(name)
            if name in self.view.outputs and home == HALF:
                self._cast(self.cast_names[name, HALF], FLOAT, name)
                self.cast_names[name, FLOAT] = name
                continue
            for reader in self.view.readers_of(name):
                wanted = HALF if reader in self.half_nodes else FLOAT
                typeless = self.view.nodes[reader].op_type in TYPELESS
                if not typeless and wanted != home and (name, wanted) not in self.cast_names:
                    self.cast_names[name, wanted] = self._cast(name, wanted)

    def _cast(self, name: str, kind: int, result: str = "") -> str:
        result = result or self._new_name(f"{name}:{'half' if kind == HALF else 'float'}")
        node = helper.make_node("Cast", [name], [result], name=f"cast/{result}", to=kind)
        self.nodes.append(node)
        self.casts += 1
        return result

    def _replace_constants(self) -> None:
        """Replaces constants that only half-precision layers read; adds a copy of the others."""
        for tensor in list(self.graph.initializer):
            half_name = self.half_constants.get(tensor.name)
            if half_name is None:
                continue
            values = numpy_helper.to_array(tensor).astype(np.float16)
            half = numpy_helper.from_array(values, half_name)
            if tensor.name in self.float_constants:
                self.graph.initializer.append(half)
            else:
                tensor.CopyFrom(half)

    def _new_name(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self.taken:
            count += 1
            name = f"{wanted}~{count}"
        self.taken.add(name)
        return name
