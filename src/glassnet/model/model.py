"""A model: one object with a network and what is known about its input and its output.

Parts that only some methods need, such as pictures, explanations and evaluation, are imported when they are used.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.files import Progress
from glassnet.model.answer import Answer
from glassnet.model.path import model_path
from glassnet.model.trained_on import TrainedOn
from glassnet.modelfile import ModelFileError, read_model, save_network
from glassnet.nn.array import Array
from glassnet.nn.decision import NEVER, Decision
from glassnet.nn.errors import InputError, require
from glassnet.nn.network import Network
from glassnet.nn.plain import nearest, shown
from glassnet.nn.settings import from_table
from glassnet.pretrained.models import pretrained_names
from glassnet.tables.arrow import check_frame, is_frame, read_frame
from glassnet.tables.column import UnknownPolicy
from glassnet.tables.rows import check_forms, has_truths, read_rows, said_of_unknown
from glassnet.tables.schema import Schema
from glassnet.tables.table import Table
from glassnet.warn import warn

if TYPE_CHECKING:
    from glassnet.explanation.example import Explanation
    from glassnet.model.number import Page
    from glassnet.reading.picture import Source
    from glassnet.recipes.recipe import Recipe
    from glassnet.train.importance import Importance
    from glassnet.train.metrics import Evaluation
    from glassnet.train.regression import RegressionEvaluation


class RowError(DataError):
    """A row that a file does not have; `count` says how many it has."""

    def __init__(self, message: str, count: int) -> None:
        super().__init__(message)
        self.count = count


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A network with the meaning of its input and its output.

    Attributes:
        path: its file.   network: raw pixels or rows in, logits out.
        schema: the columns of the table that it was trained on; None for images.
        about: everything else in the file, tables by name; do not trust it, because a file may come from anyone.
    """

    path: Path
    network: Network
    schema: Schema | None
    about: dict[str, Any]

    @classmethod
    def open(cls, given: str | Path, *, unknown: UnknownPolicy | None = None) -> Self:
        """Open a pretrained model by its name, a model file, or the folder of a run.

        Args:
            unknown: what becomes of rows with an unknown or missing value, as in `Schema`; by default the file's.

        Raises:
            ModelFileError: none of these, a damaged file, or a run without a model yet.   InputError: neither a text
                nor a path.
        """
        require(isinstance(given, str | Path), f"expected the name or the path of a model, got {type(given).__name__}")
        path = model_path(given)
        if not path.exists() and not path.suffix:
            raise ModelFileError(
                f"{path}: expected a glassnet model, such as a file, the folder of a run or a pretrained one, but it "
                f"does not exist; {nearest(str(path), pretrained_names())}"
            )
        network, about = read_model(path)
        schema = _schema(path, network, about)
        if unknown is not None:
            require(schema is not None, f"{path}: unknown is for the rows of a table, but this model takes images")
            schema = replace(schema, unknown=unknown) if schema else None
        return cls(path, network, schema, about)

    def __repr__(self) -> str:
        what = "numbers" if self.predicts_numbers else f"{len(self.classes)} classes"
        return f"Model({str(self.path)!r}: examples of shape {self.network.input_shape}, {what})"

    @property
    def predicts_numbers(self) -> bool:
        """Whether it is a regression: it predicts real numbers, not classes."""
        return self.network.task == "regression"

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the network's outputs; empty if it predicts numbers."""
        return () if self.predicts_numbers else self.network.class_names

    @property
    def threshold(self) -> float:
        """A picture whose answer has less evidence than this is refused; 0 refuses none."""
        return self.network.threshold

    @cached_property
    def decision(self) -> Decision | None:
        """Which of two classes is said, if a threshold was chosen (`with_decision`); None if the more probable one.

        Raises:
            ModelFileError: what the file says of it cannot be used.
        """
        said = self.about.get("decision")
        if said is None:
            return None
        fine = isinstance(said, dict) and said.get("label") in (0, 1) and len(self.classes) == 2
        threshold: Any = said.get("threshold") if fine else None
        if type(threshold) not in (int, float) or not 0 <= threshold <= NEVER:
            raise ModelFileError(f"{self.path}: this model file is damaged: its decision is {shown(said)}")
        return Decision(int(said["label"]), float(threshold))

    def with_decision(self, decision: Decision | None) -> Self:
        """The same model with another choice between its two classes; None says the more probable one.

        `save` keeps it.

        Raises:
            InputError: it does not have two classes with probabilities.
        """
        network, count = self.network, len(self.classes)
        fits = network.loss.probabilistic and (network.loss.softmax or network.output_shape == (1,))
        has = f"has the loss {type(network.loss).__name__}" if count == 2 else f"predicts {count or 'no'} classes"
        require(
            count == 2 and fits,
            f"{self.path}: a threshold decides between two classes whose probabilities add up to 1; this model {has}",
        )
        about = {key: value for key, value in self.about.items() if key != "decision"}
        return replace(self, about=about | ({"decision": decision._asdict()} if decision else {}))

    def save(self, path: str | Path | None = None) -> None:
        """Write the model into a file, by default its own; the file appears only when it is complete.

        Raises:
            ModelFileError: it cannot be written.
        """
        about = {name: table for name, table in self.about.items() if isinstance(table, dict)}  # not the version
        save_network(self.network, self.path if path is None else path, about=about)

    @property
    def reads_numbers(self) -> bool:
        """Whether `read_number` can be used: it takes digits in the form of MNIST, and refuses what is none."""
        network = self.network
        digits = network.class_names == tuple("0123456789") and math.prod(network.input_shape) == 28 * 28
        return digits and network.loss.softmax and network.threshold > 0

    @property
    def white(self) -> int:
        """The largest value of a pixel, 1 to 255."""
        white = self.about.get("data", {}).get("white")
        return white if type(white) is int and 1 <= white <= 255 else 255

    @property
    def figures(self) -> dict[str, Any]:
        """Its figures on the test split after training, from its file; may be empty."""
        return self.about.get("test", {})

    @property
    def trained_on(self) -> TrainedOn:
        """The data it was trained on, as far as the file says."""
        return TrainedOn(self.about, self.schema)

    @cached_property
    def recipe(self) -> "Recipe | None":
        """The recipe that it was trained with; None if the file has none.

        Raises:
            RecipeError: the recipe cannot be used.
        """
        from glassnet.recipes.recipe import Recipe
        from glassnet.recipes.toml import RecipeError

        try:
            return from_table(Recipe, self.about["recipe"], "") if "recipe" in self.about else None
        except (InputError, RecursionError) as error:
            raise RecipeError(f"{self.path}: the recipe in this model file cannot be used: {error}") from None

    def predict(self, x: Any) -> Array:
        """The name of the class of each example (N,); for a regression, the number (N,), or (N, M) for M outputs.

        Args:
            x: raw pixels or rows (N, ...); for a model trained on a table also a frame, or a table from `read_table`.

        Raises:
            InputError: examples of another shape, or not finite.   DataError: a cell of the table does not fit.
        """
        outputs = self.network.predict_proba(self._inputs(x))
        if self.predicts_numbers:
            return outputs[:, 0] if outputs.shape[1] == 1 else outputs
        labels = self.decision.labels if self.decision else self.network.loss.labels
        return np.array(self.classes)[labels(self.network.loss.by_class(outputs) if self.decision else outputs)]

    def predict_proba(self, x: Any) -> Array:
        """The probability of each class (N, C), or its score if the loss gives no probabilities.

        Args and errors are as in `predict`; a regression also raises InputError.
        """
        self._check_classes()
        return self._by_class(self._inputs(x))

    def answers(self, x: Any) -> list[Answer]:
        """The answer to each example: its class, the runner-up, all probabilities; nothing is refused.

        Args and errors are as in `predict_proba`.
        """
        self._check_classes()
        inputs = self._inputs(x)
        names, probabilistic = self.network.class_names, self.network.loss.probabilistic
        by_class = self._by_class(inputs)
        said = [None] * len(by_class) if self.decision is None else self.decision.labels(by_class).tolist()
        return [
            Answer(names, p, image, probabilistic=probabilistic, decided=label)
            for p, image, label in zip(by_class, inputs, said, strict=True)
        ]

    def read(self, drawing: "Source") -> Answer:
        """The digit in a picture, or why it is refused: there is no digit, there are several, or too little evidence.

        The picture is cleaned, and brought into the form of the training digits. It can be cleaned in several ways, its
        readings (`reading.readings`), and the network chooses one (`model.judge`). A classifier with a threshold uses
        five views of each (`predict_views`), and refuses a picture with less evidence, and one that could be two
        digits.

        Args:
            drawing: a picture file, its bytes, or that file open for reading bytes; a Pillow image; or grey values
                (H, W), uint8, dark on light or light on dark.

        Raises:
            DataError: this is not a picture; the model was not trained on digits.   InputError: it has one output, or
                outputs are not finite.
        """
        from glassnet.model import judge
        from glassnet.reading import picture
        from glassnet.reading.drawing import form_for
        from glassnet.reading.readings import readings

        self._check_reads()
        grey = picture.read(drawing)
        return self._decided(judge.read(self.network, readings(grey, form_for(self.network.input_shape))))

    def read_number(self, drawing: "Source") -> "Page":
        """The numbers in a picture of one or more rows of digits, digit by digit.

        Args:
            drawing: as for `read`.

        Raises:
            DataError: this is not a picture; the model was not trained on digits of 28x28 pixels.
            InputError: outputs are not finite.
        """
        from glassnet.model import number
        from glassnet.reading import picture
        from glassnet.reading.drawing import form_for

        self._check_reads()
        form_for(self.network.input_shape)
        if not self.reads_numbers:
            raise DataError(
                f"{self.path}: numbers need a network for 28x28 pixels and the classes 0 to 9 with a threshold, such "
                "as the pretrained cnn"
            )
        return number.read(self.network, picture.read(drawing))

    def judge(self, image: Array) -> Answer:
        """The digit in an image that has the form of the training digits, or why it is refused: as `read`.

        Args:
            image: (H, W), uint8, from 0 to `white`.

        Raises:
            InputError: an image of another size; it has one output; outputs are not finite.
        """
        from glassnet.model import judge
        from glassnet.reading.readings import Reading

        self._check_choice()
        return self._decided(judge.judge(self.network, [Reading((), image)])[0])

    def measure(self, data: Any) -> "Evaluation | RegressionEvaluation":
        """Measure the model: the results of a classifier, or of a regression.

        Args:
            data: a split, a pair (x, y), or a frame or table with the truth in each row; `rows_of` finds the rows that
                have it.

        Raises:
            InputError: the data does not fit.   DataError: a cell of the table does not fit.
        """
        from glassnet.train.metrics import evaluate
        from glassnet.train.regression import evaluate_regression

        data = self._rows(data)
        if self.predicts_numbers:
            return evaluate_regression(self.network, data)
        result = evaluate(self.network, data)
        if (decision := self.decision) is None:
            return result
        return replace(result, predicted=decision.labels(result.probabilities), decision=decision)

    def importance(
        self, data: Any, *, repeats: int = 5, seed: int = 0, progress: Progress | None = None
    ) -> "list[Importance]":
        """How much worse the model gets when one column of a table is shuffled, the most important column first.

        Args:
            data: a frame or table with the truth in each row, a split, or a pair (x, y).
            repeats, seed, progress: as in `permutation_importance`.

        Raises:
            InputError, DataError: as `measure`; the model was not trained on a table.
        """
        from glassnet.train.importance import permutation_importance

        columns = [(column.name, len(column.inputs)) for column in self._table_schema().inputs]
        rows = self._rows(data)
        rows = (rows.x, rows.y) if hasattr(rows, "inputs") else rows
        return permutation_importance(self.measure, rows, columns, repeats=repeats, seed=seed, progress=progress)

    def explain(self, x: Any, y: Any = None, *, neuron: str | None = None, lr: float = 0.1) -> "Explanation":
        """Every number of the way of one example through the network, and of a training step on it: as `gn.explain`.

        Args:
            x: one example, or a frame or table with one row.
            y: its class, by name or number; or another target, as in `gn.explain`.   neuron, lr: as there.

        Raises:
            InputError, DataError: as `gn.explain`, `target` and `predict`.
        """
        from glassnet.explanation.example import explain

        truth = self.target(y) if isinstance(y, str) else y
        inputs = self._inputs(x)
        about: dict[str, Any] = {}
        if self.decision and not self.predicts_numbers:
            predicted = int(self.decision.labels(self._by_class(np.atleast_2d(inputs)))[0])
            about = {"predicted": predicted, "assumed": truth is None}
            truth = predicted if truth is None else truth
        elif self.schema and self.predicts_numbers:
            about = {"amount": self.schema.target.amount}
        names = self.schema.input_names if self.schema else ()
        return replace(explain(self.network, inputs, truth, neuron=neuron, lr=lr, names=names), **about)

    def target(self, text: str) -> float:
        """The number of the class with this name or number; for a regression, the text as a number.

        Raises:
            InputError: there is no such class, or the text is not a number.
        """
        if self.predicts_numbers:
            try:
                return float(text)
            except ValueError:
                raise InputError(f"{text!r}: expected a number, which this network predicts") from None
        if text in self.classes:
            return self.classes.index(text)
        if text.isdecimal() and int(text) < len(self.classes):
            return int(text)
        raise InputError(f"{text!r}: no such class; {nearest(text, self.classes)}")

    def example(self, file: str | Path, row: int = 0) -> tuple[Array, Any]:
        """One example of a file, and its truth: a label, a real target, or None.

        Args:
            file: a picture, an IDX or a CSV file; for a model trained on a table, a CSV file with the same columns.
            row: the number of the example, from 0; other rows of a table are not checked.

        Raises:
            DataError: the file does not fit; RowError if it has no such row.
        """
        from glassnet.reading.examples import read_examples

        file = Path(file)
        if self.schema is None:
            x, labels = read_examples(file, self.network.input_shape)
            _check_row(file, row, len(x))
            return x[row], None if labels is None else labels[row]
        table = read_rows(file)
        _check_row(file, row, len(table))
        single = table.rows([row])
        known = has_truths(single, self.schema)
        return self.schema.examples(single)[0], self.schema.targets(single)[0] if known else None

    def _decided(self, answer: Answer) -> Answer:
        """The answer with the class that the threshold of the model says, if it has one."""
        if self.decision is None or answer.probabilities is None:
            return answer
        return replace(answer, decided=int(self.decision.labels(answer.probabilities[None])[0]))

    def _check_reads(self) -> None:
        if self.schema:
            raise DataError(f"{self.path}: this model was trained on a table and reads no pictures: use predict")
        self._check_choice()

    def _check_choice(self) -> None:
        count = self.network.output_shape[0]
        require(count > 1, f"{self.path}: this model has one output, so it cannot choose among digits: use predict")

    def _check_classes(self) -> None:
        require(not self.predicts_numbers, f"{self.path}: this model predicts numbers, not classes: use predict")

    def _inputs(self, x: Any) -> Array:
        if (table := self._table(x)) is not None:
            schema = self._table_schema()
            check_forms(table, schema)
            x, problems, unknown = schema.read_examples(table)
            if problems:
                raise problems[min(problems)]
            for said in said_of_unknown(unknown):
                warn(said)
            return x
        if isinstance(x, str | Path):
            way = "read_table(file) makes a table of it" if self.schema else "read(file) answers for a picture"
            raise InputError(f"{self.path}: expected examples, got the name of a file, {shown(str(x))}: {way}")
        pixels = self.schema is None and "white" in self.about.get("data", {}) and self.white > 1
        if pixels and isinstance(x, np.ndarray) and x.dtype.kind == "f" and 0 < x.max(initial=0) <= 1:
            warn(
                f"the inputs go up to {x.max():.3g}, but this model takes pixels from 0 to {self.white}, as they are "
                "stored, and divides them itself: give it the stored pixels"
            )
        return x

    def _rows(self, data: Any) -> Any:
        """A frame or a table as inputs and targets; other data as it is."""
        if (table := self._table(data)) is not None:
            schema = self._table_schema()
            return schema.examples(table), schema.targets(table)
        return data

    def _table(self, given: Any) -> Table | None:
        """The table that is given, or that a frame becomes; None for anything else."""
        if self.schema and is_frame(given):
            return read_frame(given)
        if self.schema:
            check_frame(given)
        return given if isinstance(given, Table) else None

    def _table_schema(self) -> Schema:
        if self.schema is None:
            raise InputError(
                f"{self.path}: expected an array of examples, because this model was not trained on a table"
            )
        return self.schema

    def _by_class(self, x: Array) -> Array:
        return self.network.loss.by_class(self.network.predict_proba(x))


def load_schema(path: str | Path) -> Schema | None:
    """The schema in a model file; None if the model was not trained on a table.

    Raises:
        ModelFileError: as `load_network`; the schema is damaged, or does not fit the network.
    """
    return _schema(Path(path), *read_model(path))


def _schema(path: Path, network: Network, about: dict[str, Any]) -> Schema | None:
    if "table" not in about:
        return None
    try:
        schema = from_table(Schema, about["table"], "table")
    except InputError as error:
        raise ModelFileError(f"{path}: this model file is damaged: {error}") from None
    classes = schema.target.categories
    inputs_fit = network.input_shape == (len(schema.input_names),)
    outputs_fit = network.classes == classes if classes else network.classes is None and network.output_shape == (1,)
    if not (inputs_fit and outputs_fit):
        raise ModelFileError(f"{path}: this model file is damaged: the columns it names do not fit its network")
    return schema


def _check_row(file: Path, row: int, count: int) -> None:
    if not 0 <= row < count:
        raise RowError(f"row {row}: {file} holds {count:,} examples, so rows are 0 to {count - 1}", count)
