"""A neural network you can see through."""

from glassnet.data.dataset import DataError, Dataset, Split
from glassnet.data.registry import load_dataset
from glassnet.modelfile import ModelFileError, load_network, save_network
from glassnet.nn.activations import ReLU, Sigmoid, Tanh
from glassnet.nn.conv import Conv2D
from glassnet.nn.dense import Dense
from glassnet.nn.dropout import Dropout
from glassnet.nn.gradcheck import check_gradients
from glassnet.nn.init import Constant, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Initializer, Normal, Uniform
from glassnet.nn.layer import Layer
from glassnet.nn.loss import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError
from glassnet.nn.network import Network
from glassnet.nn.optim import SGD, Adam, Optimizer
from glassnet.nn.pool import MaxPool2D
from glassnet.nn.reshape import Flatten, Rescale, Standardize
from glassnet.nn.schedule import ConstantRate, OneCycle, Schedule
from glassnet.nn.settings import InputError
from glassnet.progress import ProgressBar
from glassnet.train.callbacks import Callback, EarlyStopping
from glassnet.train.checkpoint import Checkpoint, CheckpointError
from glassnet.train.history import History
from glassnet.train.loop import DivergenceError, fit
from glassnet.train.metrics import Evaluation, evaluate
from glassnet.version import __version__

__all__ = [
    "SGD",
    "Adam",
    "BinaryCrossEntropy",
    "Callback",
    "Checkpoint",
    "CheckpointError",
    "Constant",
    "ConstantRate",
    "Conv2D",
    "CrossEntropy",
    "DataError",
    "Dataset",
    "Dense",
    "DivergenceError",
    "Dropout",
    "EarlyStopping",
    "Evaluation",
    "Flatten",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "History",
    "Initializer",
    "InputError",
    "Layer",
    "Loss",
    "MaxPool2D",
    "ModelFileError",
    "Network",
    "Normal",
    "OneCycle",
    "Optimizer",
    "ProgressBar",
    "ReLU",
    "Rescale",
    "Schedule",
    "Sigmoid",
    "Split",
    "SquaredError",
    "Standardize",
    "Tanh",
    "Uniform",
    "__version__",
    "check_gradients",
    "evaluate",
    "fit",
    "load_dataset",
    "load_network",
    "save_network",
]
