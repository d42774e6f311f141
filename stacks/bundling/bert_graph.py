"""Builds the ONNX model of a BERT encoder from its weights, without PyTorch (Devlin et al. 2018, arXiv:1810.04805).

The names of the weights and of the configuration's keys are those of Hugging Face's `BertModel`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tuner.core.strict_model import FrozenModel

Array = np.ndarray[Any, Any]
# The first version with Gelu. The exporter of PyTorch writes the same, so ONNX Runtime reads both.
_OPSET, _IR_VERSION = 20, 10


class BertConfig(FrozenModel):
    """The part of a model's config.json that determines its graph."""

    hidden_size: int
    num_attention_heads: int
    num_hidden_layers: int
    layer_norm_eps: float
    max_position_embeddings: int
    pad_token_id: int


def bert_model(config: BertConfig, weights: Mapping[str, Array]) -> onnx.ModelProto:
    """The model: `input_ids` and `attention_mask` (batch, length) to `vectors` (batch, length, hidden size)."""
    graph = _Graph(config, weights)
    mask = graph.mask()
    vectors = graph.embeddings()
    for layer in range(config.num_hidden_layers):
        vectors = graph.layer(f"encoder.layer.{layer}", vectors, mask)
    graph.add("Identity", vectors, output="vectors")
    shape = ["batch", "length"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")]
    outputs = [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, [*shape, config.hidden_size])]
    made = helper.make_graph(graph.nodes, "bert", inputs, outputs, graph.initializers)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)


class _Graph:
    """Collects nodes and initializers. Methods return the name of their output."""

    def __init__(self, config: BertConfig, weights: Mapping[str, Array]) -> None:
        self._config, self._weights = config, weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, value: Array, name: str = "") -> str:
        name = name or f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def mask(self) -> str:
        """0 for tokens and a very low number for padding, (batch, 1, 1, length): it is added to the attention."""
        lowest = np.float32(np.finfo(np.float32).min)
        real = self.add("Cast", "attention_mask", to=TensorProto.BOOL)
        axes = self.constant(np.array([1, 2]))
        return self.add(
            "Where",
            self.add("Unsqueeze", real, axes),
            self.constant(np.array(0, np.float32)),
            self.constant(np.array(lowest)),
        )

    def embeddings(self) -> str:
        """The embeddings of token, segment (always the first) and position, summed in the order of BertModel."""
        words = self.add("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids", axis=0)
        segment = self.constant(self._weights["embeddings.token_type_embeddings.weight"][0])
        length = self.add("Shape", "input_ids", start=1, end=2)
        start, axis = self.constant(np.array([0])), self.constant(np.array([0]))
        positions = self.add("Slice", self._weight("embeddings.position_embeddings.weight"), start, length, axis)
        total = self.add("Add", self.add("Add", words, segment), positions)
        return self._normalized("embeddings.LayerNorm", total)

    def layer(self, name: str, vectors: str, mask: str) -> str:
        """One transformer layer: attention, then two dense layers, each with a residual and a normalization."""
        attended = self._linear(f"{name}.attention.output.dense", self._attention(f"{name}.attention", vectors, mask))
        vectors = self._normalized(f"{name}.attention.output.LayerNorm", self.add("Add", attended, vectors))
        inner = self.add("Gelu", self._linear(f"{name}.intermediate.dense", vectors))
        outer = self._linear(f"{name}.output.dense", inner)
        return self._normalized(f"{name}.output.LayerNorm", self.add("Add", outer, vectors))

    def _attention(self, name: str, vectors: str, mask: str) -> str:
        heads, size = self._config.num_attention_heads, self._config.hidden_size // self._config.num_attention_heads
        # In a shape of Reshape, 0 keeps the dimension.
        split, joined = self.constant(np.array([0, 0, heads, size])), self.constant(np.array([0, 0, heads * size]))

        def head(part: str, order: list[int]) -> str:
            projected = self._linear(f"{name}.self.{part}", vectors)
            return self.add("Transpose", self.add("Reshape", projected, split), perm=order)

        query, key, value = head("query", [0, 2, 1, 3]), head("key", [0, 2, 3, 1]), head("value", [0, 2, 1, 3])
        scale = self.constant(np.array(size**-0.5, np.float32))
        scores = self.add("MatMul", self.add("Mul", query, scale), key)
        shares = self.add("Softmax", self.add("Add", scores, mask), axis=-1)
        mixed = self.add("Transpose", self.add("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self.add("Reshape", mixed, joined)

    def _linear(self, name: str, vectors: str) -> str:
        # Weights are stored as (outputs, inputs).
        matrix = self.constant(self._weights[f"{name}.weight"].T, f"{name}.weight")
        return self.add("Add", self.add("MatMul", vectors, matrix), self._weight(f"{name}.bias"))

    def _normalized(self, name: str, vectors: str) -> str:
        weight, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self.add("LayerNormalization", vectors, weight, bias, axis=-1, epsilon=self._config.layer_norm_eps)

    def _weight(self, name: str) -> str:
        return self.constant(self._weights[name], name)
