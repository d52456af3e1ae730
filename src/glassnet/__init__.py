"""A neural network you can see through.

The names below are the library. Each is imported when it is first used, so that `import glassnet` costs next to nothing
and the command line can choose the kernel of NumPy's matrix products before NumPy is loaded.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from glassnet.version import __version__

if TYPE_CHECKING:  # the same names once more, for editors and type checkers
    from glassnet.data.augment import Augmentation as Augmentation
    from glassnet.data.dataset import Dataset as Dataset
    from glassnet.data.dataset import Split as Split
    from glassnet.data.errors import DataError as DataError
    from glassnet.data.outliers import Outliers as Outliers
    from glassnet.data.registry import load_dataset as load_dataset
    from glassnet.data.strokes import Strokes as Strokes
    from glassnet.explanation.example import Explanation as Explanation
    from glassnet.explanation.example import explain as explain
    from glassnet.export.html import export_html as export_html
    from glassnet.export.onnx import export_onnx as export_onnx
    from glassnet.export.torch import export_torch as export_torch
    from glassnet.export.torch import import_torch as import_torch
    from glassnet.model.answer import Answer as Answer
    from glassnet.model.model import Model as Model
    from glassnet.model.model import load_schema as load_schema
    from glassnet.model.number import Number as Number
    from glassnet.model.number import Page as Page
    from glassnet.modelfile import ModelFileError as ModelFileError
    from glassnet.modelfile import load_network as load_network
    from glassnet.modelfile import save_network as save_network
    from glassnet.nn.activations import Identity as Identity
    from glassnet.nn.activations import LeakyReLU as LeakyReLU
    from glassnet.nn.activations import ReLU as ReLU
    from glassnet.nn.activations import Sigmoid as Sigmoid
    from glassnet.nn.activations import Softmax as Softmax
    from glassnet.nn.activations import Tanh as Tanh
    from glassnet.nn.adaptive import AdaGrad as AdaGrad
    from glassnet.nn.adaptive import Adam as Adam
    from glassnet.nn.adaptive import AdamW as AdamW
    from glassnet.nn.adaptive import RMSProp as RMSProp
    from glassnet.nn.average import WeightAverage as WeightAverage
    from glassnet.nn.clip import Clip as Clip
    from glassnet.nn.conv import Conv2D as Conv2D
    from glassnet.nn.dense import Dense as Dense
    from glassnet.nn.dropout import Dropout as Dropout
    from glassnet.nn.entropy import BinaryCrossEntropy as BinaryCrossEntropy
    from glassnet.nn.entropy import CrossEntropy as CrossEntropy
    from glassnet.nn.errors import InputError as InputError
    from glassnet.nn.gradcheck import check_gradients as check_gradients
    from glassnet.nn.hinge import Hinge as Hinge
    from glassnet.nn.init import Constant as Constant
    from glassnet.nn.init import GlorotNormal as GlorotNormal
    from glassnet.nn.init import GlorotUniform as GlorotUniform
    from glassnet.nn.init import HeNormal as HeNormal
    from glassnet.nn.init import HeUniform as HeUniform
    from glassnet.nn.init import Initializer as Initializer
    from glassnet.nn.init import LeCunNormal as LeCunNormal
    from glassnet.nn.init import LeCunUniform as LeCunUniform
    from glassnet.nn.init import Normal as Normal
    from glassnet.nn.init import Orthogonal as Orthogonal
    from glassnet.nn.init import Uniform as Uniform
    from glassnet.nn.layer import Layer as Layer
    from glassnet.nn.loss import Loss as Loss
    from glassnet.nn.network import Network as Network
    from glassnet.nn.norm import BatchNorm as BatchNorm
    from glassnet.nn.optim import SGD as SGD
    from glassnet.nn.optim import Optimizer as Optimizer
    from glassnet.nn.penalty import L1 as L1
    from glassnet.nn.penalty import L2 as L2
    from glassnet.nn.penalty import MaxNorm as MaxNorm
    from glassnet.nn.penalty import Penalty as Penalty
    from glassnet.nn.pool import AveragePool2D as AveragePool2D
    from glassnet.nn.pool import GlobalAveragePool as GlobalAveragePool
    from glassnet.nn.pool import MaxPool2D as MaxPool2D
    from glassnet.nn.rectifiers import ELU as ELU
    from glassnet.nn.rectifiers import GELU as GELU
    from glassnet.nn.rectifiers import SiLU as SiLU
    from glassnet.nn.rectifiers import Softplus as Softplus
    from glassnet.nn.regression import AbsoluteError as AbsoluteError
    from glassnet.nn.regression import Huber as Huber
    from glassnet.nn.regression import Poisson as Poisson
    from glassnet.nn.regression import SquaredError as SquaredError
    from glassnet.nn.reshape import Flatten as Flatten
    from glassnet.nn.reshape import Rescale as Rescale
    from glassnet.nn.reshape import Reshape as Reshape
    from glassnet.nn.reshape import Standardize as Standardize
    from glassnet.nn.schedule import ConstantRate as ConstantRate
    from glassnet.nn.schedule import CosineDecay as CosineDecay
    from glassnet.nn.schedule import ExponentialDecay as ExponentialDecay
    from glassnet.nn.schedule import InverseScaling as InverseScaling
    from glassnet.nn.schedule import OneCycle as OneCycle
    from glassnet.nn.schedule import Schedule as Schedule
    from glassnet.nn.schedule import StepDecay as StepDecay
    from glassnet.nn.schedule import WarmUp as WarmUp
    from glassnet.pretrained.models import load_pretrained as load_pretrained
    from glassnet.progress import ProgressBar as ProgressBar
    from glassnet.progress import SweepBar as SweepBar
    from glassnet.reading.views import evidence as evidence
    from glassnet.reading.views import predict_views as predict_views
    from glassnet.sweeps.run import sweep as sweep
    from glassnet.tables.load import load_table as load_table
    from glassnet.tables.read import read_table as read_table
    from glassnet.tables.schema import Schema as Schema
    from glassnet.train.calibration import calibrate as calibrate
    from glassnet.train.calibration import expected_calibration_error as expected_calibration_error
    from glassnet.train.callbacks import Callback as Callback
    from glassnet.train.callbacks import EarlyStopping as EarlyStopping
    from glassnet.train.callbacks import ReduceOnPlateau as ReduceOnPlateau
    from glassnet.train.checkpoint import Checkpoint as Checkpoint
    from glassnet.train.checkpoint import CheckpointError as CheckpointError
    from glassnet.train.history import DivergenceError as DivergenceError
    from glassnet.train.history import History as History
    from glassnet.train.loop import fit as fit
    from glassnet.train.metrics import Evaluation as Evaluation
    from glassnet.train.metrics import ensemble as ensemble
    from glassnet.train.metrics import evaluate as evaluate
    from glassnet.train.plan import Plan as Plan
    from glassnet.train.regression import RegressionEvaluation as RegressionEvaluation
    from glassnet.train.regression import evaluate_regression as evaluate_regression
    from glassnet.train.trainer import Trainer as Trainer
    from glassnet.train.training import Training as Training
    from glassnet.train.training import TrainingState as TrainingState

_NAMES = {
    "glassnet.data.augment": "Augmentation",
    "glassnet.data.dataset": "Dataset Split",
    "glassnet.data.errors": "DataError",
    "glassnet.data.outliers": "Outliers",
    "glassnet.data.registry": "load_dataset",
    "glassnet.data.strokes": "Strokes",
    "glassnet.explanation.example": "Explanation explain",
    "glassnet.export.html": "export_html",
    "glassnet.export.onnx": "export_onnx",
    "glassnet.export.torch": "export_torch import_torch",
    "glassnet.model.answer": "Answer",
    "glassnet.model.model": "Model load_schema",
    "glassnet.model.number": "Number Page",
    "glassnet.modelfile": "ModelFileError load_network save_network",
    "glassnet.nn.activations": "Identity LeakyReLU ReLU Sigmoid Softmax Tanh",
    "glassnet.nn.adaptive": "AdaGrad Adam AdamW RMSProp",
    "glassnet.nn.average": "WeightAverage",
    "glassnet.nn.clip": "Clip",
    "glassnet.nn.conv": "Conv2D",
    "glassnet.nn.dense": "Dense",
    "glassnet.nn.regression": "AbsoluteError Huber Poisson SquaredError",
    "glassnet.nn.dropout": "Dropout",
    "glassnet.nn.entropy": "BinaryCrossEntropy CrossEntropy",
    "glassnet.nn.errors": "InputError",
    "glassnet.nn.gradcheck": "check_gradients",
    "glassnet.nn.hinge": "Hinge",
    "glassnet.nn.init": "Constant GlorotNormal GlorotUniform HeNormal HeUniform Initializer "
    "LeCunNormal LeCunUniform Normal Orthogonal Uniform",
    "glassnet.nn.layer": "Layer",
    "glassnet.nn.loss": "Loss",
    "glassnet.nn.network": "Network",
    "glassnet.nn.norm": "BatchNorm",
    "glassnet.nn.optim": "SGD Optimizer",
    "glassnet.nn.penalty": "L1 L2 MaxNorm Penalty",
    "glassnet.nn.pool": "AveragePool2D GlobalAveragePool MaxPool2D",
    "glassnet.nn.rectifiers": "ELU GELU SiLU Softplus",
    "glassnet.nn.reshape": "Flatten Rescale Reshape Standardize",
    "glassnet.nn.schedule": "ConstantRate CosineDecay ExponentialDecay InverseScaling OneCycle "
    "Schedule StepDecay WarmUp",
    "glassnet.pretrained.models": "load_pretrained",
    "glassnet.progress": "ProgressBar SweepBar",
    "glassnet.reading.views": "evidence predict_views",
    "glassnet.sweeps.run": "sweep",
    "glassnet.tables.load": "load_table",
    "glassnet.tables.schema": "Schema",
    "glassnet.tables.read": "read_table",
    "glassnet.train.calibration": "calibrate expected_calibration_error",
    "glassnet.train.callbacks": "Callback EarlyStopping ReduceOnPlateau",
    "glassnet.train.checkpoint": "Checkpoint CheckpointError",
    "glassnet.train.history": "DivergenceError History",
    "glassnet.train.loop": "fit",
    "glassnet.train.metrics": "Evaluation ensemble evaluate",
    "glassnet.train.plan": "Plan",
    "glassnet.train.regression": "RegressionEvaluation evaluate_regression",
    "glassnet.train.trainer": "Trainer",
    "glassnet.train.training": "Training TrainingState",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif not name.startswith("_") and find_spec(f"{__name__}.{name}"):
        value = import_module(f"{__name__}.{name}")  # such as glassnet.data
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "plots", "sklearn", *(name for name in globals() if name.startswith("__"))])
