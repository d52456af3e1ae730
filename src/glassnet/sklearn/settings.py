"""Constructor arguments: checks their values, and turns them into layers, optimizers and schedules of glassnet."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any, Self, final

import numpy as np

from glassnet.nn.activations import Identity, ReLU, Sigmoid, Tanh
from glassnet.nn.adaptive import Adam
from glassnet.nn.array import Array
from glassnet.nn.dense import Dense
from glassnet.nn.dropout import Dropout
from glassnet.nn.errors import InputError, require
from glassnet.nn.init import Initializer, Uniform
from glassnet.nn.layer import Layer
from glassnet.nn.norm import BatchNorm
from glassnet.nn.optim import SGD, Optimizer, State
from glassnet.nn.plain import nearest
from glassnet.nn.schedule import ConstantRate, Schedule
from glassnet.nn.settings import final_classes, from_table
from glassnet.train.callbacks import Callback

ACTIVATIONS: dict[str, type[Layer]] = {"identity": Identity, "logistic": Sigmoid, "tanh": Tanh, "relu": ReLU}

# For each number: the lower and the upper bound, and whether each bound itself is allowed.
RANGES: dict[str, tuple[float, float, bool, bool]] = {
    "alpha": (0, np.inf, True, False),
    "learning_rate_init": (0, np.inf, False, False),
    "power_t": (0, np.inf, True, False),
    "tol": (0, np.inf, True, False),
    "momentum": (0, 1, True, False),
    "validation_fraction": (0, 1, True, False),
    "beta_1": (0, 1, True, False),
    "beta_2": (0, 1, True, False),
    "epsilon": (0, np.inf, False, False),
}
BOOLEANS = ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping", "batch_norm")
WHOLE = ("max_iter", "max_fun")


def check_settings(estimator: Any) -> None:
    """Raise InputError, with one line, if a constructor argument cannot be used."""
    for name, (low, high, with_low, with_high) in RANGES.items():
        value = getattr(estimator, name)
        number = isinstance(value, Real) and not isinstance(value, bool)
        is_valid = number and (low < value < high or (with_low and value == low) or (with_high and value == high))
        bounds = f"{'[' if with_low else '('}{low}, {high}{']' if with_high else ')'}"
        require(bool(is_valid), f"{name}: expected a number in {bounds}, got {value!r}")
    for name in WHOLE:
        value = getattr(estimator, name)
        require(_is_whole(value) and value >= 1, f"{name}: expected a whole number of at least 1, got {value!r}")
    for name in BOOLEANS:
        value = getattr(estimator, name)
        require(isinstance(value, bool | np.bool_), f"{name}: expected True or False, got {value!r}")
    require(isinstance(estimator.verbose, Integral), f"verbose: expected True or False, got {estimator.verbose!r}")
    patience = estimator.n_iter_no_change
    require(
        (_is_whole(patience) and patience >= 1) or patience == np.inf,
        f"n_iter_no_change: expected a whole number of at least 1, or infinity, got {patience!r}",
    )
    shards = estimator.shards
    is_valid = shards is None or (_is_whole(shards) and shards >= 1)
    require(is_valid, f"shards: expected None or a whole number of at least 1, got {shards!r}")
    unknown = estimator.unknown
    require(unknown in ("refuse", "answer"), f"unknown: expected 'refuse' or 'answer', got {unknown!r}")
    size = estimator.batch_size
    is_valid = (isinstance(size, str) and size == "auto") or (_is_whole(size) and size >= 1)
    require(is_valid, f"batch_size: expected 'auto' or a whole number of at least 1, got {size!r}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


def hidden_sizes(given: Any) -> list[int]:
    """The sizes of the hidden layers, from a sequence or, for one layer, from a number."""
    sizes = list(given) if np.iterable(given) and not isinstance(given, str) else [given]
    require(
        all(_is_whole(size) and size >= 1 for size in sizes),
        f"hidden_layer_sizes must be > 0: expected whole numbers such as (100,), got {given!r}",
    )
    return [int(size) for size in sizes]


def layers_of(
    features: int, hidden: list[int], outputs: int, *, activation: Any, batch_norm: bool, dropout: Any, init: Any
) -> list[Layer]:
    """New layers: for each hidden size Dense, BatchNorm if wanted, the activation, Dropout if any; then Dense."""
    activations = each_layer(activation, len(hidden), "activation")
    rates = each_layer(dropout, len(hidden), "dropout")
    layers: list[Layer] = []
    fan_in = features
    for units, name, rate in zip(hidden, activations, rates, strict=True):
        layers.append(_dense(fan_in, units, init, name))
        layers += [BatchNorm()] if batch_norm else []
        layers.append(_activation(name))
        if not isinstance(rate, Real) or rate:
            layers.append(from_table(Dropout, {"rate": rate}, "dropout"))
        fan_in = units
    return [*layers, _dense(fan_in, outputs, init, activations[-1] if activations else "identity")]


def each_layer(given: Any, count: int, name: str) -> list[Any]:
    """A setting for each hidden layer: the same for all, or one each in a list."""
    if not isinstance(given, list | tuple):
        return [given] * count
    require(len(given) == count, f"{name}: expected one for each of the {count} hidden layers, got {len(given)}")
    return list(given)


def _activation(given: Any) -> Layer:
    homes = ("glassnet.nn.activations", "glassnet.nn.rectifiers")
    module = type(given).__module__
    if isinstance(given, Layer) and (module in homes or not module.startswith("glassnet.")):
        layer = copy.copy(given)  # because fitting must not change the argument
        layer.release()
        return layer
    if isinstance(given, str) and given in ACTIVATIONS:
        return ACTIVATIONS[given]()
    known = {name.lower(): cls for name, cls in final_classes(Layer).items() if cls.__module__ in homes}
    name = str(given).lower().replace("_", "")
    if not isinstance(given, str) or name not in known:
        raise InputError(
            f"activation: expected {', '.join(map(repr, ACTIVATIONS))}, another activation of glassnet such as 'gelu', "
            f"or a layer, got {given!r}; {nearest(name, [*ACTIVATIONS, *known])}"
        )
    return known[name]()


def _dense(fan_in: int, units: int, init: Any, activation: Any) -> Dense:
    if init is not None:
        return Dense(units, init=init if isinstance(init, Initializer) else from_table(Initializer, init, "init"))
    # As in scikit-learn: Glorot's bound for weights and biases, and a smaller one before the flatter sigmoid.
    bound = float(np.sqrt((2 if activation == "logistic" else 6) / (fan_in + units)))
    return Dense(units, init=Uniform(-bound, bound), bias_init=Uniform(-bound, bound))


def optimizer_of(estimator: Any) -> Optimizer:
    """The update rule that `solver` stands for."""
    solver, lr = estimator.solver, estimator.learning_rate_init
    if isinstance(solver, Optimizer):
        return solver
    if solver == "sgd":
        momentum = estimator.momentum
        return RateInVelocity(lr, momentum, bool(estimator.nesterovs_momentum)) if momentum else SGD(lr)
    if solver == "adam":
        return Adam(lr, beta1=estimator.beta_1, beta2=estimator.beta_2, epsilon=estimator.epsilon)
    known = {name.lower(): name for name in final_classes(Optimizer)}
    if not isinstance(solver, str) or solver.lower() not in known:
        raise InputError(
            f"solver: expected 'lbfgs', 'sgd', 'adam', another optimizer of glassnet such as 'rmsprop', or one with "
            f"settings, such as RMSProp(0.01), got {solver!r}; {nearest(str(solver), ['lbfgs', *known])}"
        )
    return from_table(Optimizer, {"type": known[solver.lower()], "lr": lr}, "solver")


def schedule_of(estimator: Any, examples: int, batches: int, *, goes_on: bool) -> Schedule:
    """The schedule of the learning rate; for "adaptive" it is constant, and `Convergence` lowers the rate.

    Args:
        examples, batches: per epoch.   goes_on: whether the rate continues from the last call, as in `partial_fit`.
    """
    rate = estimator.learning_rate
    if isinstance(rate, Schedule):
        return rate
    names = ("constant", "invscaling", "adaptive")
    require(
        isinstance(rate, str) and rate in names,
        f"learning_rate: expected {', '.join(map(repr, names))} or a schedule such as CosineDecay(), got {rate!r}",
    )
    if rate == "invscaling" and estimator.solver != "adam":
        return InverseOfExamples(float(estimator.power_t), examples, batches, estimator.t_, goes_on)
    return ConstantRate()


@final
@dataclass(frozen=True)
class InverseOfExamples(Schedule):
    """scikit-learn's "invscaling": factor = 1 / (1 + t)^power, where t is the number of examples in finished epochs.

    Every `fit` begins with an epoch at the full rate, also one that continues an earlier one (`warm_start`).

    Args:
        power: not negative.   examples, batches: per epoch.   before: number of examples in earlier trainings.
        goes_on: whether the first epoch continues with the rate of the last training.
    """

    power: float
    examples: int
    batches: int
    before: int
    goes_on: bool

    def factor(self, step: int, steps: int) -> float:
        epoch = step // self.batches
        if epoch == 0 and not self.goes_on:
            return 1.0
        return float((1 + self.before + self.examples * epoch) ** -self.power)


@final
@dataclass(frozen=True)
class RateInVelocity(Optimizer):
    """scikit-learn's momentum: each gradient is multiplied by the learning rate of its own step, also in later steps.

    Update:    v = momentum v - lr g     theta = theta + v
    Nesterov:  v = momentum v - lr g     theta = theta + momentum v - lr g

    With a constant rate this equals `SGD` of glassnet, whose velocity does not contain the rate.
    """

    momentum: float
    nesterov: bool

    def start(self, theta: Array) -> State:
        return {"velocity": np.zeros_like(theta)}

    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        v = state["velocity"]
        grad *= lr
        v *= self.momentum
        v -= grad
        if self.nesterov:
            theta -= grad
            theta += np.multiply(v, self.momentum, out=grad)
        else:
            theta += v


@final
@dataclass(frozen=True)
class Continued(Optimizer):
    """An update rule that continues an earlier training, with its state and its number of steps.

    Args:
        lr: the learning rate of the rule.   rule: the update rule.   steps: the number of steps that it has taken.

    Attributes:
        state: the state of the rule; not a setting, so that a checkpoint can save the settings.
    """

    rule: Optimizer
    steps: int
    state: State = field(init=False, repr=False, default_factory=dict)

    def with_state(self, state: State) -> Self:
        """Use this state, and return self."""
        object.__setattr__(self, "state", state)
        return self

    def start(self, theta: Array) -> State:
        return self.state

    def update(self, theta: Array, grad: Array, state: State, *, lr: float, step: int) -> None:
        self.rule.update(theta, grad, state, lr=lr, step=step + self.steps)


def callbacks_of(estimator: Any) -> Sequence[Callback]:
    """The callbacks as a list."""
    callbacks = [] if estimator.callbacks is None else estimator.callbacks
    is_valid = isinstance(callbacks, Sequence) and all(isinstance(callback, Callback) for callback in callbacks)
    require(is_valid, f"callbacks: expected a list of callbacks, got {estimator.callbacks!r}")
    return callbacks
