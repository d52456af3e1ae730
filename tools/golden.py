"""Golden values: what PyTorch computes for every layer, loss, optimizer, schedule and initialiser of glassnet.

    python tools/golden.py            write tests/golden.json
    python tools/golden.py --check    compare the file with what PyTorch computes now, byte for byte

Needs PyTorch (the extra `bench`); the tests that use the file do not. Nothing of glassnet is imported here: the values
are an opinion of its own. Numbers are in float64 and kept to twelve digits, for the last ones depend on the
processor. Images are N H W C, as in glassnet.
"""

import argparse
import json
import math
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  # as everyone calls it

FILE = Path(__file__).parent.parent / "tests" / "golden.json"
Table = dict[str, Any]


def plain(value: Any) -> Any:
    """Tensors and arrays as nested lists of numbers of twelve digits."""
    if isinstance(value, Tensor):
        value = value.detach().numpy()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if not isinstance(value, float):
        return value
    return float(f"{value:.12g}") if abs(value) > 1e-14 else 0.0  # what is smaller is rounding


def normal(number: int, *shape: int) -> Tensor:
    """Normal numbers, the same for ever: of twelve digits, so that the file holds exactly what was computed with."""
    return torch.tensor(plain(np.random.default_rng(number).standard_normal(shape)), dtype=torch.float64)


# Layers


def channels_first(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2)


def channels_last(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1)


def convolution(stride: int, same: bool) -> Callable[..., Tensor]:
    """glassnet pads as TensorFlow does: half on each side, an odd one after."""

    def forward(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
        K = W.shape[0]
        x = channels_first(x)
        if same:
            margins = []
            for side in (x.shape[3], x.shape[2]):  # F.pad begins with the last axis
                missing = max((math.ceil(side / stride) - 1) * stride + K - side, 0)
                margins += [missing // 2, missing - missing // 2]
            x = F.pad(x, margins)
        return channels_last(F.conv2d(x, W.permute(3, 2, 0, 1).contiguous(), b, stride=stride))

    return forward


def standardized(x: Tensor) -> Tensor:
    """By the statistics of normal(99, 20, ...), on which the test adapts the layer."""
    seen = normal(99, 20, *x.shape[1:])
    return (x - seen.mean(0)) / seen.std(0, correction=0)


# Type, settings, shape of one example, parameters with their shapes, the function.
LAYERS: list[tuple[str, Table, tuple[int, ...], dict[str, tuple[int, ...]], Callable[..., Tensor]]] = [
    ("Dense", {"units": 4}, (3,), {"W": (3, 4), "b": (4,)}, lambda x, W, b: F.linear(x, W.T, b)),
    ("Dense", {"units": 1}, (5,), {"W": (5, 1), "b": (1,)}, lambda x, W, b: F.linear(x, W.T, b)),
    ("Conv2D", {"filters": 2, "kernel_size": 3}, (5, 4, 2), {"W": (3, 3, 2, 2), "b": (2,)}, convolution(1, False)),
    (
        "Conv2D",
        {"filters": 3, "kernel_size": 2, "stride": 2},
        (5, 6, 1),
        {"W": (2, 2, 1, 3), "b": (3,)},
        convolution(2, False),
    ),
    (
        "Conv2D",
        {"filters": 2, "kernel_size": 4, "stride": 3, "padding": "same"},
        (5, 6, 1),
        {"W": (4, 4, 1, 2), "b": (2,)},
        convolution(3, True),
    ),
    (
        "Conv2D",
        {"filters": 1, "kernel_size": 2, "padding": "same"},
        (3, 4, 2),
        {"W": (2, 2, 2, 1), "b": (1,)},
        convolution(1, True),
    ),
    ("MaxPool2D", {"size": 2}, (5, 4, 2), {}, lambda x: channels_last(F.max_pool2d(channels_first(x), 2))),
    ("MaxPool2D", {"size": 3}, (7, 6, 1), {}, lambda x: channels_last(F.max_pool2d(channels_first(x), 3))),
    ("AveragePool2D", {"size": 2}, (5, 4, 2), {}, lambda x: channels_last(F.avg_pool2d(channels_first(x), 2))),
    ("AveragePool2D", {"size": 3}, (7, 6, 1), {}, lambda x: channels_last(F.avg_pool2d(channels_first(x), 3))),
    ("GlobalAveragePool", {}, (3, 4, 2), {}, lambda x: F.adaptive_avg_pool2d(channels_first(x), 1).flatten(1)),
    ("Identity", {}, (5,), {}, lambda x: x),
    ("ReLU", {}, (5,), {}, F.relu),
    ("LeakyReLU", {}, (5,), {}, F.leaky_relu),
    ("LeakyReLU", {"slope": 0.3}, (5,), {}, lambda x: F.leaky_relu(x, 0.3)),
    ("Sigmoid", {}, (5,), {}, F.sigmoid),
    ("Tanh", {}, (5,), {}, F.tanh),
    ("Softmax", {}, (5,), {}, lambda x: F.softmax(x, dim=-1)),
    ("Softmax", {}, (2, 3), {}, lambda x: F.softmax(x, dim=-1)),
    ("ELU", {}, (5,), {}, F.elu),
    ("ELU", {"alpha": 0.4}, (5,), {}, lambda x: F.elu(x, 0.4)),
    ("GELU", {}, (5,), {}, lambda x: F.gelu(x, approximate="tanh")),
    ("SiLU", {}, (5,), {}, F.silu),
    ("Softplus", {}, (5,), {}, F.softplus),
    ("Rescale", {"scale": -0.3}, (5,), {}, lambda x: -0.3 * x),
    ("Standardize", {}, (4,), {}, standardized),
    ("Flatten", {}, (3, 2), {}, lambda x: x.flatten(1)),
    ("Reshape", {"shape": [2, 3, 1]}, (3, 2), {}, lambda x: x.unflatten(1, (1, 3)).reshape(len(x), 2, 3, 1)),
    ("Dropout", {"rate": 0.0}, (5,), {}, lambda x: F.dropout(x, 0.0)),
    (
        "BatchNorm",
        {"epsilon": 1e-3},
        (3,),
        {"gamma": (3,), "beta": (3,)},
        lambda x, gamma, beta: F.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-3),
    ),
    (
        "BatchNorm",
        {},
        (3, 2, 2),
        {"gamma": (2,), "beta": (2,)},
        lambda x, gamma, beta: channels_last(
            F.batch_norm(channels_first(x), None, None, gamma, beta, training=True, eps=1e-5)
        ),
    ),
]


def layers() -> list[Table]:
    found = []
    for number, (kind, settings, shape, parameters, function) in enumerate(LAYERS):
        x = normal(10 * number, 4, *shape).requires_grad_()
        arrays = {name: normal(10 * number + k, *size) for k, (name, size) in enumerate(parameters.items(), 1)}
        for array in arrays.values():
            array.requires_grad_()
        y = function(x, **arrays)
        dy = normal(10 * number + 9, *y.shape)
        dx, *gradients = torch.autograd.grad(y, [x, *arrays.values()], dy)
        entry = {"type": kind, "settings": settings, "x": x, "parameters": arrays, "dy": dy, "y": y, "dx": dx}
        found.append(entry | {"gradients": dict(zip(arrays, gradients, strict=True))})
    return found


def running_statistics() -> list[Table]:
    """The buffers of batch normalisation after three batches, and what is predicted with them."""
    found = []
    for shape in ((3,), (3, 2, 2)):
        C = shape[-1]
        mean, variance = torch.zeros(C, dtype=torch.float64), torch.ones(C, dtype=torch.float64)
        batches = [2 * normal(300 + k, 5, *shape) + k for k in range(3)]
        gamma, beta = normal(310, C), normal(311, C)
        order = channels_first if len(shape) == 3 else (lambda x: x)
        for batch in batches:
            F.batch_norm(order(batch), mean, variance, training=True, momentum=0.1)
        predicted = F.batch_norm(order(batches[0]), mean, variance, gamma, beta, training=False)
        y = channels_last(predicted) if len(shape) == 3 else predicted
        found.append({"batches": batches, "gamma": gamma, "beta": beta, "mean": mean, "variance": variance, "y": y})
    return found


# Losses


def per_example(function: Callable[..., Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda z, t: function(z, t, reduction="none").sum(1)


def hinge(z: Tensor, labels: Tensor) -> Tensor:
    """PyTorch divides by the number of classes."""
    return F.multi_margin_loss(z, labels, reduction="none") * z.shape[1]


def one_hinge(z: Tensor, labels: Tensor) -> Tensor:
    return (1 - (2 * labels - 1) * z[:, 0]).clamp(min=0)


def poisson(z: Tensor, t: Tensor) -> Tensor:
    """PyTorch's loss leaves out what does not depend on z."""
    return (F.poisson_nll_loss(z, t, log_input=True, reduction="none") + torch.xlogy(t, t) - t).sum(1)


def one_hot(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of labels as that of one-hot rows."""
    return lambda z, labels: function(z, F.one_hot(labels, z.shape[1]).double())


# Type, settings, kinds of targets ("yes or no" for one output), the loss of each example.
LOSSES: list[tuple[str, Table, str, Callable[[Tensor, Tensor], Tensor]]] = [
    ("CrossEntropy", {}, "labels", lambda z, t: F.cross_entropy(z, t, reduction="none")),
    ("CrossEntropy", {}, "distributions", lambda z, t: F.cross_entropy(z, t, reduction="none")),
    *(
        (
            "CrossEntropy",
            {"smoothing": 0.1},
            kind,
            lambda z, t: F.cross_entropy(z, t, reduction="none", label_smoothing=0.1),
        )
        for kind in ("labels", "distributions")
    ),
    ("BinaryCrossEntropy", {}, "distributions", per_example(F.binary_cross_entropy_with_logits)),
    ("BinaryCrossEntropy", {}, "labels", one_hot(per_example(F.binary_cross_entropy_with_logits))),
    (
        "BinaryCrossEntropy",
        {},
        "yes or no",
        lambda z, t: F.binary_cross_entropy_with_logits(z[:, 0], t.double(), reduction="none"),
    ),
    ("SquaredError", {}, "labels", one_hot(lambda z, t: 0.5 * F.mse_loss(z, t, reduction="none").sum(1))),
    ("SquaredError", {}, "numbers", lambda z, t: 0.5 * F.mse_loss(z, t, reduction="none").sum(1)),
    ("AbsoluteError", {}, "numbers", per_example(F.l1_loss)),
    ("Huber", {}, "numbers", per_example(F.huber_loss)),
    ("Huber", {"delta": 0.3}, "numbers", lambda z, t: F.huber_loss(z, t, reduction="none", delta=0.3).sum(1)),
    ("Hinge", {}, "labels", hinge),
    ("Hinge", {}, "yes or no", one_hinge),
    ("Poisson", {}, "counts", poisson),
]


def losses() -> list[Table]:
    found = []
    for number, (kind, settings, targets, function) in enumerate(LOSSES, 500):
        z = normal(number, 5, 1 if targets == "yes or no" else 4).requires_grad_()
        t = {
            "labels": torch.tensor([3, 0, 1, 1, 2]),
            "yes or no": torch.tensor([1, 0, 1, 1, 0]),
            "distributions": torch.tensor(
                plain(np.random.default_rng(number).dirichlet(np.ones(4), 5)), dtype=torch.float64
            ),
            "numbers": normal(number + 50, 5, 4),
            "counts": normal(number + 50, 5, 4).square().mul(3).floor(),
        }[targets]
        for weights in (None, torch.tensor([1, 0.5, 0, 2, 3], dtype=torch.float64)):
            w = torch.ones(5, dtype=torch.float64) if weights is None else weights
            value = (w * function(z, t)).sum() / w.sum()
            (dz,) = torch.autograd.grad(value, z)
            entry = {"type": kind, "settings": settings, "z": z, "targets": t, "value": value.item(), "dz": dz}
            found.append(entry | {"weights": weights})
    return found


# Optimizers, clipping

OPTIMIZERS: list[tuple[str, Table, Callable[[list[Tensor]], torch.optim.Optimizer]]] = [
    ("SGD", {"lr": 0.1}, lambda p: torch.optim.SGD(p, lr=0.1)),
    ("SGD", {"lr": 0.1, "momentum": 0.9}, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    (
        "SGD",
        {"lr": 0.1, "momentum": 0.8, "nesterov": True},
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True),
    ),
    ("AdaGrad", {"lr": 0.1}, lambda p: torch.optim.Adagrad(p, lr=0.1, eps=1e-10)),
    (
        "RMSProp",
        {"lr": 0.01, "decay": 0.8},
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.8, eps=1e-8),
    ),
    (
        "RMSProp",
        {"lr": 0.01, "momentum": 0.7},
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-8, momentum=0.7),
    ),
    ("Adam", {"lr": 0.01}, lambda p: torch.optim.Adam(p, lr=0.01)),
    (
        "Adam",
        {"lr": 0.1, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3},
        lambda p: torch.optim.Adam(p, lr=0.1, betas=(0.5, 0.9), eps=1e-3),
    ),
    ("AdamW", {"lr": 0.01, "decay": 0.5}, lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.5)),
]


def optimizers() -> list[Table]:
    """Ten steps, each with another gradient."""
    gradients = [normal(600 + k, 6) for k in range(10)]
    found = []
    for kind, settings, make in OPTIMIZERS:
        theta = normal(650, 6).requires_grad_()
        optimizer, path = make([theta]), []
        for gradient in gradients:
            theta.grad = gradient.clone()
            optimizer.step()
            path.append(theta.detach().clone())
        found.append(
            {"type": kind, "settings": settings, "theta": normal(650, 6), "gradients": gradients, "path": path}
        )
    return found


def clipping() -> list[Table]:
    found = []
    for settings in ({"norm": 1.0}, {"norm": 100.0}, {"value": 0.4}, {"value": 0.4, "norm": 0.5}):
        g = normal(700, 8)
        tensor = torch.zeros(8, dtype=torch.float64, requires_grad=True)
        tensor.grad = g.clone()
        if "value" in settings:
            torch.nn.utils.clip_grad_value_([tensor], settings["value"])
        if "norm" in settings:
            torch.nn.utils.clip_grad_norm_([tensor], settings["norm"])
        found.append({"settings": settings, "gradient": g, "clipped": tensor.grad})
    return found


# Schedules

STEPS = 12
Scheduler = torch.optim.lr_scheduler.LRScheduler
S = torch.optim.lr_scheduler


def warm_up(o: torch.optim.Optimizer) -> Scheduler:
    rising = S.LinearLR(o, start_factor=1 / 4, end_factor=1.0, total_iters=3)
    return S.SequentialLR(o, [rising, S.CosineAnnealingLR(o, T_max=STEPS - 3 - 1)], milestones=[3])


def one_cycle(o: torch.optim.Optimizer) -> Scheduler:
    # The first phase takes pct_start steps of the total; its last step is the highest rate.
    rise = 4 / (STEPS - 1)
    return S.OneCycleLR(
        o, max_lr=1.0, total_steps=STEPS, pct_start=(rise * (STEPS - 1) + 1) / STEPS, div_factor=25, final_div_factor=4
    )


SCHEDULES: list[tuple[str, Table, Callable[[torch.optim.Optimizer], Scheduler]]] = [
    ("ConstantRate", {}, lambda o: S.ConstantLR(o, factor=1.0)),
    ("StepDecay", {"every": 5, "drop": 0.3}, lambda o: S.StepLR(o, step_size=5, gamma=0.3)),
    ("ExponentialDecay", {"end": 0.05}, lambda o: S.ExponentialLR(o, gamma=0.05 ** (1 / (STEPS - 1)))),
    ("InverseScaling", {"power": 0.7}, lambda o: S.LambdaLR(o, lambda step: 1 / (1 + step) ** 0.7)),
    ("CosineDecay", {"end": 0.1}, lambda o: S.CosineAnnealingLR(o, T_max=STEPS - 1, eta_min=0.1)),
    ("OneCycle", {"rise": 4 / (STEPS - 1), "start": 0.04, "end": 0.01}, one_cycle),
    ("WarmUp", {"over": 3, "then": {"type": "CosineDecay"}}, warm_up),
]


def schedules() -> list[Table]:
    import warnings

    found = []
    for kind, settings, make in SCHEDULES:
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of SequentialLR, about its own calls
            scheduler, factors = make(optimizer), []
            for _ in range(STEPS):
                factors.append(float(optimizer.param_groups[0]["lr"]))
                optimizer.step()
                if len(factors) < STEPS:
                    scheduler.step()
        found.append({"type": kind, "settings": settings, "factors": factors})
    return found


# Initialisers: other random numbers, so their moments are compared

I = torch.nn.init
INITIALIZERS: list[tuple[str, Table, Callable[[Tensor], Any]]] = [
    ("Constant", {"value": 0.3}, lambda W: I.constant_(W, 0.3)),
    ("Uniform", {"low": -0.2, "high": 0.7}, lambda W: I.uniform_(W, -0.2, 0.7)),
    ("Normal", {"std": 0.3}, lambda W: I.normal_(W, std=0.3)),
    ("HeNormal", {}, lambda W: I.kaiming_normal_(W, nonlinearity="relu")),
    ("HeUniform", {}, lambda W: I.kaiming_uniform_(W, nonlinearity="relu")),
    ("GlorotNormal", {}, I.xavier_normal_),
    ("GlorotUniform", {}, I.xavier_uniform_),
    ("LeCunNormal", {}, lambda W: I.kaiming_normal_(W, nonlinearity="linear")),
    ("LeCunUniform", {}, lambda W: I.kaiming_uniform_(W, nonlinearity="linear")),
    ("Orthogonal", {"gain": 2.0}, lambda W: I.orthogonal_(W, gain=2.0)),
]


def initializers() -> list[Table]:
    """Moments of weights with 600 inputs and 400 outputs (in PyTorch the outputs come first)."""
    found = []
    for kind, settings, fill in INITIALIZERS:
        torch.manual_seed(0)
        W = torch.empty(400, 600, dtype=torch.float64)
        fill(W)
        moments = {"mean": W.mean().item(), "std": W.std(correction=0).item(), "largest": W.abs().max().item()}
        found.append({"type": kind, "settings": settings, "shape": [600, 400], **plain_moments(moments)})
    return found


def plain_moments(moments: dict[str, float]) -> dict[str, float]:
    """To six digits: they are compared statistically."""
    return {name: float(f"{value:.6g}") for name, value in moments.items()}


# Whole networks: a state_dict and what is predicted with it. An entry without a module of its own stands for a layer of
# glassnet that PyTorch does not have, or for one that it has in two parts.


class Standardize(nn.Module):
    """(x - mean) factor, with both as buffers."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("factor", torch.ones(shape))

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) * self.factor


# Shape of an example, the layers of glassnet, the modules by the names of those layers.
NETWORKS: list[tuple[tuple[int, ...], list[Any], dict[str, nn.Module]]] = [
    (
        (5,),
        ["Standardize", {"type": "Dense", "units": 4}, "BatchNorm", "ReLU", {"type": "Dense", "units": 3}],
        {
            "standardize1": Standardize(5),
            "dense1": nn.Linear(5, 4),
            "batchnorm1": nn.BatchNorm1d(4),
            "relu1": nn.ReLU(),
            "dense2": nn.Linear(4, 3),
        },
    ),
    (
        (6, 5, 2),
        [
            "Standardize",
            {"type": "Conv2D", "filters": 3, "kernel_size": 2, "padding": "same"},
            "BatchNorm",
            "ReLU",
            {"type": "Conv2D", "filters": 2, "kernel_size": 2, "stride": 2},
            "Flatten",
            "BatchNorm",
            {"type": "Dense", "units": 3},
        ],
        {
            "standardize1": Standardize(2, 6, 5),
            "conv2d1": nn.Conv2d(2, 3, 2, padding="same"),
            "batchnorm1": nn.BatchNorm2d(3),
            "relu1": nn.ReLU(),
            "conv2d2": nn.Conv2d(3, 2, 2, stride=2),
            "flatten1": nn.Flatten(),
            "batchnorm2": nn.BatchNorm1d(12),
            "dense1": nn.Linear(12, 3),
        },
    ),
    (
        (7, 8, 2),
        [
            {"type": "Conv2D", "filters": 3, "kernel_size": 4, "stride": 3, "padding": "same"},
            {"type": "MaxPool2D", "size": 2},
            {"type": "Conv2D", "filters": 2, "kernel_size": 1},
            "GlobalAveragePool",
            {"type": "Dense", "units": 3},
        ],
        {
            "padding1": nn.ZeroPad2d((1, 1, 1, 2)),
            "conv2d1": nn.Conv2d(2, 3, 4, stride=3),
            "maxpool2d1": nn.MaxPool2d(2),
            "conv2d2": nn.Conv2d(3, 2, 1),
            "globalaveragepool1": nn.AdaptiveAvgPool2d(1),
            "flatten1": nn.Flatten(),
            "dense1": nn.Linear(2, 3),
        },
    ),
]


def networks() -> list[Table]:
    found = []
    for number, (shape, table, modules) in enumerate(NETWORKS):
        network = nn.Sequential(OrderedDict(modules)).double().eval()
        state = network.state_dict()
        for k, (name, tensor) in enumerate(state.items()):
            values = normal(800 + 20 * number + k, *tensor.shape)
            if tensor.ndim:  # not how many batches a BatchNorm has seen
                tensor.copy_(0.5 + values.abs() if name.endswith("running_var") else values)
        x = normal(880 + number, 4, *shape)
        y = network(channels_first(x) if len(shape) == 3 else x)
        entry = {"layers": table, "input_shape": shape, "x": x, "y": y}
        found.append(entry | {"state": {name: tensor for name, tensor in state.items() if tensor.ndim}})
    return found


def contents() -> str:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    parts = (layers, running_statistics, losses, optimizers, clipping, schedules, initializers, networks)
    tables = {part.__name__: plain(part()) for part in parts}
    lines = [f'"{name}": [\n' + ",\n".join(map(json.dumps, table)) + "\n]" for name, table in tables.items()]
    return "{\n" + f'"torch": "{torch.__version__.split("+")[0]}",\n' + ",\n".join(lines) + "\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if parser.parse_args().check:
        same = FILE.read_text(encoding="utf-8") == contents()
        print(f"{FILE.name}: {'the same, byte for byte' if same else 'PyTorch computes something else'}")
        return 0 if same else 1
    FILE.write_text(contents(), encoding="utf-8")
    print(f"{FILE}: {FILE.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
