"""Writes a network as an ONNX file, which ONNX Runtime and many other programs run without glassnet."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from glassnet.export.columns import ENCODERS, PROBLEM, encode, name_cells, refuse
from glassnet.export.graph import INT64, Graph
from glassnet.modelfile import ModelFileError, check_network
from glassnet.nn.decision import Decision
from glassnet.nn.entropy import BinaryCrossEntropy, CrossEntropy
from glassnet.nn.errors import InputError, require
from glassnet.nn.hinge import Hinge
from glassnet.nn.loss import Loss
from glassnet.nn.network import Network
from glassnet.nn.regression import AbsoluteError, Huber, Poisson, SquaredError
from glassnet.nn.reshape import Flatten, Rescale, Reshape
from glassnet.nn.settings import describe, to_table
from glassnet.tables.schema import Schema
from glassnet.version import __version__
from glassnet.wholefile import write_whole

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

OPSET, IR_VERSION = 17, 8  # from 2022: old enough for the runtimes in use
TEXT_OPSET, TEXT_IR_VERSION, ENCODERS_OPSET = 20, 9, 3  # from 2023: the first that look at texts
MOST_BYTES = 2**31 - 2**24  # for the arrays: a file is one message of less than 2 GB, with some room for the graph
OUTPUTS: dict[type[Loss], str] = {  # the operation that turns logits into predictions
    CrossEntropy: "Softmax",
    BinaryCrossEntropy: "Sigmoid",
    SquaredError: "Identity",
    AbsoluteError: "Identity",
    Huber: "Identity",
    Hinge: "Identity",
    Poisson: "Exp",
}
InputType = Literal["uint8", "float32"]


def export_onnx(
    network: Network,
    path: str | Path,
    *,
    input_type: InputType | None = None,
    schema: Schema | None = None,
    decision: Decision | None = None,
    about: dict[str, Any] | None = None,
) -> None:
    """Write a network to an ONNX file, computed in float32. The same network gives the same bytes.

    The model takes `x` (N, *input_shape), raw values like `network.predict`, for any N. It returns

        label          (N,) int64, the number of the class
        probabilities  (N, M) float32, as `network.predict_proba`; called `outputs` for a loss without probabilities
        class          (N,) strings, the name of the class, if the network has names

    If `network.predict` returns no labels, as for real targets, the model returns only the second. The metadata hold
    the layers, the loss, the names of the classes, and the `threshold` below which an answer should be refused.

    With a schema the model takes the columns of its table instead: for each an input (N,) of strings, its cells as they
    stand in a CSV file, without the spaces around them. The input has the name of the column, with `_` behind it if an
    output has that name. One more output says of each row what is wrong with it:

        problem        (N,) strings, such as "column 'deck': unknown category"; empty for a row that is answered

    A row with a problem has the label -1, no class, and NaN for the rest. It is opset 20, IR version 9 with a schema,
    else opset 17, IR version 8.

    Args:
        path: usually ends in .onnx.
        input_type: the type of x, "uint8" or "float32"; by default uint8 if the network begins with Rescale(1 / 255),
            because it then takes pixels, else float32.
        schema: the columns of the table that the network was trained on, such as `Model.schema`.
        decision: which of two classes is said, such as `Model.decision`; None for the more probable one.
        about: additional metadata, plain values by name.

    Raises:
        InputError: a layer or a loss of your own, which has no ONNX form; parameters that are not finite in float32; a
            schema with other inputs, or beside an input_type; a decision without two classes with probabilities.
        ModelFileError: the file cannot be written; the network has 2 GB or more; onnx is not installed.
    """
    check_network(network)
    require(input_type in ("uint8", "float32", None), f"input_type must be 'uint8' or 'float32', got {input_type!r}")
    if schema is not None:
        require(input_type is None, f"input_type {input_type!r}: with a schema the file takes columns of texts")
        require(
            network.input_shape == (len(schema.input_names),),
            f"expected a schema for inputs of shape {network.input_shape}, but it has {len(schema.input_names)} inputs",
        )
    count = len(network.theta) + len(network.buffers)
    if 4 * count > MOST_BYTES:
        raise ModelFileError(f"{path}: not written: {count:,} numbers exceed the 2 GB of an ONNX file")
    model = _model(network, input_type or _input_type(network), schema, decision, about or {})
    contents = model.SerializeToString(deterministic=True)
    try:
        write_whole(path, contents)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be written: {error.strerror or error}") from None


def _input_type(network: Network) -> InputType:
    """uint8 if the first layer that changes values scales pixels to 0..1, else float32."""
    first = next((layer for layer in network.layers if not isinstance(layer, Flatten | Reshape)), None)
    return "uint8" if isinstance(first, Rescale) and np.isclose(first.scale, 1 / 255) else "float32"


def _model(
    network: Network,
    input_type: InputType,
    schema: Schema | None,
    decision: Decision | None,
    about: dict[str, Any],
) -> "ModelProto":
    """The contents of the file as an ONNX message."""
    try:
        from onnx import helper, numpy_helper, shape_inference
    except ImportError:
        raise ModelFileError("ONNX files need onnx: pip install 'glassnet[export]'") from None

    opsets = {"": OPSET} if schema is None else {"": TEXT_OPSET, ENCODERS: ENCODERS_OPSET}
    is_float = schema is None and input_type == "float32"
    graph = Graph(is_float=is_float, is_wide=schema is not None, opset=opsets[""])
    if schema:
        encode(schema, graph)
    for layer in network.layers:
        graph.follow(layer)
    graph.to_float()
    graph.to_channels_last(len(network.output_shape))
    outputs = _predict(network, graph, decision)
    if schema:
        refuse(graph, [output.name for output in outputs])
        outputs.append(_tensor(PROBLEM, "object", ("N",), "What is wrong with the row; empty if it is answered."))
        names = name_cells(schema, graph, [output.name for output in outputs])
        inputs = [_tensor(name, "object", ("N",), "Cells as texts, as they stand in the table.") for name in names]
    else:
        doc = "Raw values, as they are stored; the scaling is inside."
        inputs = [_tensor("x", input_type, ("N", *network.input_shape), doc)]
    message = helper.make_model(
        helper.make_graph(
            [
                helper.make_node(
                    n.operation, n.inputs, [n.name, *n.unused], name=n.name, doc_string=n.doc, **n.attributes
                )
                for n in graph.nodes
            ],
            "network",
            inputs,
            outputs,
            [numpy_helper.from_array(array, name) for name, array in graph.arrays.items()],
            doc_string=network.summary(),
        ),
        opset_imports=[helper.make_opsetid(domain, version) for domain, version in opsets.items()],
        ir_version=TEXT_IR_VERSION if schema else IR_VERSION,
        producer_name="glassnet",
        producer_version=__version__,
    )
    told = {"table": to_table(schema), "inputs": schema.input_names} if schema else {}
    told |= {"decision": decision._asdict()} if decision else {}
    helper.set_model_props(message, _metadata(network, told | about))
    return shape_inference.infer_shapes(message, check_type=True, strict_mode=True)  # every result with its shape


def _predict(network: Network, graph: Graph, decision: Decision | None) -> list["ValueInfoProto"]:
    """Append the operations after the logits, and return the outputs of the model, as in `Network.predict`."""
    loss, shape = network.loss, network.output_shape
    if type(loss) not in OUTPUTS:
        raise InputError(f"the loss {type(loss).__name__} has no ONNX form; only losses of glassnet have one")
    name = "probabilities" if loss.probabilistic else "outputs"
    axis: dict[str, Any] = {"axis": -1} if OUTPUTS[type(loss)] == "Softmax" else {}
    chooses = len(shape) == 1 and network.task == "classification"
    of_two = chooses and shape[0] == 1 and loss.probabilistic
    prediction = graph.node(OUTPUTS[type(loss)], "p" if of_two else name, graph.tensor, doc=describe(loss), **axis)
    of_one = of_two and len(set(network.class_names)) == 1  # all training examples were of one class
    if of_two:
        if of_one:
            graph.arrays["zero"] = np.array(0, np.float32)
            prediction = graph.node("Pow", name, prediction, "zero", doc="p ** 0 = 1: there is one class.")
        else:
            graph.arrays["one"] = np.array(1, np.float32)
            other = graph.node("Sub", "q", "one", prediction, doc="The probability of no: q = 1 - p.")
            graph.node("Concat", name, other, prediction, doc="A column for each of the two classes.", axis=1)
    columns = (1,) if of_one else (2,) if of_two else shape
    outputs = [_tensor(name, "float32", ("N", *columns), f"What {describe(loss)} makes of the logits.")]
    fits = chooses and loss.probabilistic and columns == (2,)
    require(decision is None or fits, "decision: it is between two classes with probabilities")
    if not chooses:
        return outputs
    if decision:
        _decide(graph, name, decision)
    elif shape[0] > 1:
        graph.node("ArgMax", "label", prediction, doc="The largest, or the first of several.", axis=1, keepdims=0)
    else:
        least = loss.least_yes
        graph.arrays["least"], graph.arrays["axis"] = np.array(least, np.float32), np.array([1])
        yes = graph.node("GreaterOrEqual", "yes", prediction, "least", doc=f"Whether it is at least {least}.")
        column = graph.node("Cast", "column", yes, doc="1 for yes, 0 for no.", to=INT64)
        graph.node("Squeeze", "label", column, "axis", doc="A row, not a column.")
    outputs.insert(0, _tensor("label", "int64", ("N",), "The number of the class, from 0."))
    if network.classes:
        graph.arrays["classes"] = np.array(network.classes, object)
        graph.node("Gather", "class", "classes", "label", doc="The name of the class.")
        outputs.append(_tensor("class", "object", ("N",), "The name of the class."))
    return outputs


def _decide(graph: Graph, probabilities: str, decision: Decision) -> None:
    """Append the choice between two classes by a threshold."""
    label, other = decision.label, 1 - decision.label
    graph.arrays |= {
        "said": np.array(label),
        "unsaid": np.array(other),
        "least": np.array(decision.threshold, np.float32),
    }
    p = graph.node("Gather", "of_said", probabilities, "said", doc=f"The probability of class {label}.", axis=1)
    yes = graph.node("GreaterOrEqual", "yes", p, "least", doc=f"Whether it is at least {decision.threshold:g}.")
    graph.node("Where", "label", yes, "said", "unsaid", doc=f"Class {label} then, else class {other}.")


def _tensor(name: str, dtype: str, shape: tuple[str | int, ...], doc: str) -> "ValueInfoProto":
    """An input or output; dtype "object" means strings."""
    from onnx import helper

    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape, doc)


def _metadata(network: Network, about: dict[str, Any]) -> dict[str, str]:
    """The metadata of the model, each value as JSON."""
    known = {
        "layers": [to_table(layer) for layer in network.layers],
        "loss": to_table(network.loss),
        "classes": None if network.classes is None else list(network.classes),
        "threshold": network.threshold or None,
        **about,
    }
    return {name: json.dumps(value, ensure_ascii=False) for name, value in known.items() if value is not None}
