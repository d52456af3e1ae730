"""The contenders of the speed benchmark: glassnet, the matrix products alone, and the peers.

Each runs in a process of its own, as it does for its users: no thread pool of another library is in its way, and what
it allocates is its own. A peer is written as its documentation recommends, on the same arrays, sizes and dtype.

    echo work | python benchmarks/peers.py pytorch '{"folder": "FOLDER", "hidden": [128]}'

starts one by hand. It says {"ready": ...} or {"missing": reason}; then it answers every line "work" with what one
repetition took (seconds, or MB for memory) and every line "accuracy" with its accuracy on the test images.
"""

import gzip
import importlib
import itertools
import json
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
CORES = os.cpu_count() or 1
CLASSES = 10
PIECE = 16  # images
EPOCHS = 5  # of one call of glassnet.fit, which has to start workers; the time is divided by it


@dataclass(frozen=True)
class Work:
    """What a contender is to do: train a network for an epoch, or predict, or whatever it is for.

    Attributes:
        folder: holds x_train.npy (N, 784) uint8, y_train.npy, x_test.npy, y_test.npy and weights.npz, which `prepare`
            has written; `mapped` reads mapped-x.npy and mapped-y.npy.
        images: how many training images an epoch has.   calls: how many predictions a repetition makes.
        hidden: units of the hidden layers, each followed by ReLU and, if it is above 0, by dropout.
        convolutions: two convolutions with pooling come first.
        workers, shards: of glassnet.fit.   gz: the folder of the four original MNIST files.
    """

    folder: str
    images: int = 60_000
    hidden: tuple[int, ...] = (128,)
    convolutions: bool = False
    batch_size: int = 128
    optimizer: Literal["sgd", "adam"] = "sgd"
    rate: float = 0.1
    momentum: float = 0.0
    dropout: float = 0.0
    workers: int | None = None
    shards: int | None = None
    calls: int = 1
    gz: str = ""

    def array(self, name: str) -> Array:
        return np.load(Path(self.folder) / f"{name}.npy")

    def training_data(self) -> tuple[Array, Array]:
        return self.array("x_train")[: self.images], self.array("y_train")[: self.images]

    def weights(self) -> list[Array]:
        """W1, b1, W2, b2 of a trained 784-128-10 network; W is (in, out)."""
        with np.load(Path(self.folder) / "weights.npz") as file:
            return [file[name] for name in ("W1", "b1", "W2", "b2")]


class Contender(NamedTuple):
    """One that is ready: `work` does one repetition and returns what it took."""

    work: Callable[[], float]
    accuracy: Callable[[], float] | None = None
    about: dict[str, Any] | None = None


class MissingError(Exception):
    """The contender cannot take part here; the message says why."""


def needed(module: str, package: str = "") -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingError(f"needs {package or module}: {error}") from None


def seconds(work: Callable[[], object], calls: int = 1) -> Callable[[], float]:
    """`work`, timed: the seconds of one of its calls."""

    def timed() -> float:
        started = time.perf_counter()
        work()
        return (time.perf_counter() - started) / calls

    return timed


def scaled(x: Array) -> Array:
    """Pixels 0..255 as float32 from 0 to 1."""
    return x * np.float32(1 / 255)


def blas() -> dict[str, Any]:
    """The kernel that NumPy's BLAS has chosen, and its threads."""
    pools = [pool for pool in needed("threadpoolctl").threadpool_info() if pool["user_api"] == "blas"]
    return {
        "blas": [
            {key: pool.get(key) for key in ("internal_api", "version", "architecture", "num_threads")} for pool in pools
        ]
    }


# Training for one epoch


def glassnet(work: Work) -> Contender:
    """Through `fit` with the default callbacks: data as it was stored, loss and accuracy of the epochs included."""
    import glassnet as gn

    network = glassnet_network(work)
    x, y = work.training_data()
    x = x.reshape(-1, *network.input_shape)
    seeds = itertools.count()
    settings: dict[str, Any] = {
        "optimizer": gn.SGD(work.rate, work.momentum) if work.optimizer == "sgd" else part("Adam")(lr=work.rate),
        "batch_size": work.batch_size,
        "shards": work.shards,
        "workers": work.workers,
    }
    try:
        gn.fit(network, (x[: work.batch_size], y[: work.batch_size]), epochs=1, **settings)
    except gn.InputError as error:
        raise MissingError(f"is not there yet: {error}") from None
    return Contender(
        seconds(lambda: gn.fit(network, (x, y), seed=next(seeds), epochs=EPOCHS, **settings), EPOCHS),
        lambda: gn.evaluate(network, (work.array("x_test"), work.array("y_test"))).accuracy,
        blas(),
    )


def glassnet_network(work: Work) -> Any:
    import glassnet as gn

    layers: list[Any] = [gn.Rescale(1 / 255)]
    if work.convolutions:
        for filters in (32, 64):
            layers += [part("Conv2D")(filters, 3), part("MaxPool2D")(2), gn.ReLU()]
        layers.append(gn.Flatten())
    for units in work.hidden:
        layers += [gn.Dense(units), gn.ReLU()]
        if work.dropout:
            layers.append(part("Dropout")(work.dropout))
    return gn.Network([*layers, gn.Dense(CLASSES)], input_shape=(28, 28, 1) if work.convolutions else 784)


def part(name: str) -> Any:
    import glassnet as gn

    if not hasattr(gn, name):
        raise MissingError(f"is not there yet: glassnet.{name}")
    return getattr(gn, name)


def products(work: Work) -> Contender:
    """The matrix products of the epoch and nothing else: what no network on this BLAS can be faster than.

    Those of a convolution are of its windows. They are made in pieces of PIECE images, faster than all at once.
    """
    counts = [min(work.batch_size, work.images - start) for start in range(0, work.images, work.batch_size)]
    products = {count: _of_a_step(work, count) for count in set(counts)}

    def epoch() -> None:
        for count in counts:
            for a, b, out in products[count]:
                np.matmul(a, b, out=out)

    return Contender(seconds(epoch), about=blas())


def _of_a_step(work: Work, count: int) -> list[tuple[Array, Array, Array]]:
    """The products of a step with `count` examples: factors and results."""
    if work.convolutions:
        pieces = [min(PIECE, count - start) for start in range(0, count, PIECE)]
        convolutions = [
            product
            for n in pieces
            for product in [*_of_a_layer(26 * 26 * n, 9, 32, first=True), *_of_a_layer(11 * 11 * n, 9 * 32, 64)]
        ]
        sizes = [5 * 5 * 64, *work.hidden, CLASSES]
    else:
        convolutions, sizes = [], [784, *work.hidden, CLASSES]
    dense = [
        product
        for k, (D, M) in enumerate(pairwise(sizes))
        for product in _of_a_layer(count, D, M, first=k == 0 and not convolutions)
    ]
    return convolutions + dense


def _of_a_layer(N: int, D: int, M: int, *, first: bool = False) -> list[tuple[Array, Array, Array]]:
    """The products of a dense layer: y = x W, dW = x^T dy and, but for the first layer, dx = dy W^T."""
    rng = np.random.default_rng(0)
    x, dy = (rng.standard_normal((N, size), np.float32) for size in (D, M))
    W = rng.standard_normal((D, M), np.float32) / np.float32(D**0.5)
    pairs = [(x, W), (x.T, dy)] + ([] if first else [(dy, W.T)])
    return [(a, b, np.empty((len(a), b.shape[1]), np.float32)) for a, b in pairs]


def pytorch(work: Work, *, compiled: bool = False, channels_last: bool = False) -> Contender:
    """A Sequential, a fused optimizer, the data as one tensor that is scaled already, and no DataLoader."""
    torch = all_cores()
    pixels, labels = work.training_data()
    x, y = torch.from_numpy(scaled(pixels)), torch.from_numpy(labels)
    test_x, test_y = torch.from_numpy(scaled(work.array("x_test"))), torch.from_numpy(work.array("y_test"))
    network = torch_network(torch, work)
    if work.convolutions:
        x, test_x = x.reshape(-1, 1, 28, 28), test_x.reshape(-1, 1, 28, 28)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
        network = network.to(memory_format=torch.channels_last)
    if work.optimizer == "sgd":
        optimizer = torch.optim.SGD(network.parameters(), lr=work.rate, momentum=work.momentum, fused=True)
    else:
        optimizer = torch.optim.Adam(network.parameters(), lr=work.rate, fused=True)
    criterion = torch.nn.CrossEntropyLoss()

    def loss_of(x: Any, y: Any) -> Any:
        return criterion(network(x), y)

    loss = torch.compile(loss_of) if compiled else loss_of

    def epoch() -> None:
        network.train()
        for rows in torch.randperm(len(x)).split(work.batch_size):
            optimizer.zero_grad()
            loss(x.index_select(0, rows), y.index_select(0, rows)).backward()
            optimizer.step()

    def accuracy() -> float:
        network.eval()
        with torch.inference_mode():
            right = [
                (network(a).argmax(1) == b).sum() for a, b in zip(test_x.split(1000), test_y.split(1000), strict=True)
            ]
        return int(sum(right)) / len(test_y)

    if compiled:
        try:
            epoch()
        except Exception as error:  # whatever goes wrong between Python, compiler and linker
            raise MissingError(
                f"does not work here: {type(error).__name__}: {str(error).strip().splitlines()[0]}"
            ) from None
    return Contender(seconds(epoch), accuracy, about_torch(torch))


def all_cores() -> Any:
    torch = needed("torch")
    torch.set_num_threads(CORES)
    torch.manual_seed(0)
    return torch


def about_torch(torch: Any) -> dict[str, Any]:
    return {"threads": torch.get_num_threads(), "capability": torch.backends.cpu.get_cpu_capability()}


def torch_network(torch: Any, work: Work) -> Any:
    nn = torch.nn
    layers: list[Any] = []
    size = 784
    if work.convolutions:
        layers += [nn.Conv2d(1, 32, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.MaxPool2d(2), nn.ReLU()]
        layers.append(nn.Flatten())
        size = 5 * 5 * 64
    for units in work.hidden:
        layers += [nn.Linear(size, units), nn.ReLU()]
        if work.dropout:
            layers.append(nn.Dropout(work.dropout))
        size = units
    return nn.Sequential(*layers, nn.Linear(size, CLASSES))


def sklearn(work: Work) -> Contender:
    """MLPClassifier; `partial_fit` is one epoch over data that is scaled already."""
    neural = needed("sklearn.neural_network", "scikit-learn")
    x, y = work.training_data()
    x = scaled(x)
    classifier = neural.MLPClassifier(
        work.hidden,
        solver="sgd",
        learning_rate_init=work.rate,
        momentum=0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=work.batch_size,
        max_iter=1,
        early_stopping=False,
        random_state=0,
    )
    classes = np.arange(CLASSES)
    return Contender(
        seconds(lambda: classifier.partial_fit(x, y, classes=classes)),
        lambda: classifier.score(scaled(work.array("x_test")), work.array("y_test")),
        blas(),
    )


def jax_scan(work: Work) -> Contender:
    """The whole epoch in one scan under jit, parameters donated; compiled before it is timed."""
    jax = needed("jax")
    jnp, lax = jax.numpy, jax.lax
    pixels, labels = work.training_data()
    x, y = jnp.asarray(scaled(pixels)), jnp.asarray(labels, jnp.int32)
    sizes = [784, *work.hidden, CLASSES]
    glorot = jax.nn.initializers.glorot_uniform()
    keys = jax.random.split(jax.random.key(0), len(sizes) - 1)
    state = [
        (glorot(key, (d, m), jnp.float32), jnp.zeros(m, jnp.float32))
        for key, d, m in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]
    rng = np.random.default_rng(0)

    def logits(parameters: Any, a: Any) -> Any:
        for W, b in parameters[:-1]:
            a = jax.nn.relu(a @ W + b)
        W, b = parameters[-1]
        return a @ W + b

    def loss(parameters: Any, a: Any, target: Any) -> Any:
        z = logits(parameters, a)
        chosen = jnp.take_along_axis(z, target[:, None], axis=1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - chosen)

    def one_epoch(parameters: Any, x: Any, y: Any, order: Any) -> Any:
        def step(parameters: Any, rows: Any) -> Any:
            gradients = jax.grad(loss)(parameters, x[rows], y[rows])
            return jax.tree.map(lambda p, g: p - work.rate * g, parameters, gradients), None

        whole = len(order) // work.batch_size * work.batch_size
        parameters, _ = lax.scan(step, parameters, order[:whole].reshape(-1, work.batch_size))
        return step(parameters, order[whole:])[0] if whole < len(order) else parameters

    compiled = jax.jit(one_epoch, donate_argnums=0)

    def epoch() -> None:
        nonlocal state
        state = jax.block_until_ready(compiled(state, x, y, rng.permutation(work.images).astype(np.int32)))

    def accuracy() -> float:
        labels = logits(state, jnp.asarray(scaled(work.array("x_test")))).argmax(1)
        return float(np.mean(np.asarray(labels) == work.array("y_test")))

    return Contender(seconds(epoch), accuracy, {"backend": jax.default_backend(), "devices": jax.device_count()})


# Prediction: the same weights for all, from uint8 pixels to labels. One image a call, or all 10,000 in one.


def prediction(work: Work, labels_of: Callable[[Array], Any], about: dict[str, Any]) -> Contender:
    x, y = work.array("x_test")[: work.images], work.array("y_test")[: work.images]
    if work.calls == 1:
        return Contender(
            seconds(lambda: labels_of(x)), lambda: float(np.mean(np.asarray(labels_of(x)).reshape(-1) == y)), about
        )
    images = [x[i : i + 1] for i in range(work.calls)]

    def one_by_one() -> list[Any]:
        return [labels_of(image) for image in images]

    return Contender(
        seconds(one_by_one, work.calls),
        lambda: float(
            np.mean(np.concatenate([np.asarray(label).reshape(-1) for label in one_by_one()]) == y[: len(images)])
        ),
        about,
    )


def glassnet_predict(work: Work) -> Contender:
    network = glassnet_network(work)
    _, dense1, _, dense2 = network.layers
    for bound, value in zip((dense1.W, dense1.b, dense2.W, dense2.b), work.weights(), strict=True):
        bound[...] = value
    return prediction(work, network.predict, blas())


def glassnet_cnn(work: Work) -> Contender:
    """The pretrained model `cnn`."""
    import glassnet as gn

    return prediction(work, gn.Model.open("cnn").network.predict, blas())


def onnx_cnn(work: Work) -> Contender:
    """The same model, exported."""
    import glassnet as gn
    from glassnet.export.onnx import export_onnx

    runtime = needed("onnxruntime")
    needed("onnx")
    path = Path(work.folder) / f"cnn-{os.getpid()}.onnx"
    export_onnx(gn.Model.open("cnn").network, path)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = CORES
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    path.unlink()
    return prediction(work, lambda x: session.run(["label"], {"x": x.reshape(-1, 28, 28)})[0], {"threads": CORES})


def pytorch_predict(work: Work) -> Contender:
    torch = all_cores()
    network = torch_network(torch, work).eval()
    W1, b1, W2, b2 = map(torch.from_numpy, work.weights())
    network.load_state_dict({"0.weight": W1.T, "0.bias": b1, "2.weight": W2.T, "2.bias": b2})

    def labels_of(x: Array) -> Any:
        with torch.inference_mode():
            return network(torch.from_numpy(x).float().div_(255)).argmax(1)

    return prediction(work, labels_of, about_torch(torch))


def sklearn_predict(work: Work) -> Contender:
    neural = needed("sklearn.neural_network", "scikit-learn")
    classifier = neural.MLPClassifier(work.hidden)
    x, y = work.training_data()
    classifier.partial_fit(scaled(x[:100]), y[:100], classes=np.arange(CLASSES))
    W1, b1, W2, b2 = work.weights()
    classifier.coefs_, classifier.intercepts_ = [W1, W2], [b1, b2]
    return prediction(work, lambda x: classifier.predict(scaled(x)), blas())


def onnx_predict(work: Work) -> Contender:
    """ONNX Runtime on a graph that takes the pixels and gives the labels."""
    runtime, onnx = needed("onnxruntime"), needed("onnx")
    helper, kinds = onnx.helper, onnx.TensorProto
    constants = dict(zip(("W1", "b1", "W2", "b2"), work.weights(), strict=True)) | {"scale": np.float32(1 / 255)}
    nodes = [
        ("Cast", ["x"], "float", {"to": kinds.FLOAT}),
        ("Mul", ["float", "scale"], "a0", {}),
        ("Gemm", ["a0", "W1", "b1"], "z1", {}),
        ("Relu", ["z1"], "a1", {}),
        ("Gemm", ["a1", "W2", "b2"], "z2", {}),
        ("ArgMax", ["z2"], "labels", {"axis": 1, "keepdims": 0}),
    ]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [output], **settings) for kind, inputs, output, settings in nodes],
        "digits",
        [helper.make_tensor_value_info("x", kinds.UINT8, ["N", 784])],
        [helper.make_tensor_value_info("labels", kinds.INT64, ["N"])],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = CORES
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return prediction(work, lambda x: session.run(None, {"x": x})[0], {"threads": CORES})


# Memory: each repetition in a new process


def memory(key: Literal["VmHWM", "RssAnon"]) -> float:
    """This process's peak of resident memory, or what it holds now of anonymous memory; MB.

    VmHWM is what ru_maxrss means to be, but begins anew with the program; ru_maxrss is handed down by the parent.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024 / 1e6
    raise MissingError(f"needs {key} in /proc/self/status")


def private_memory(process: int) -> float:
    """What a process shares with no other; MB."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private")) * 1024 / 1e6


def glassnet_memory(work: Work) -> Contender:
    """The peak of the process, and what its workers have for themselves at the end of an epoch."""
    import glassnet as gn

    network = glassnet_network(work)

    def two_epochs() -> float:
        data = gn.load_dataset("mnist", validation=0)
        others = [0.0]

        def look(training: Any) -> None:
            if training.batch == training.batches:
                others.append(sum(private_memory(child.pid or 0) for child in multiprocessing.active_children()))

        gn.fit(
            network,
            data.train,
            optimizer=gn.SGD(work.rate),
            epochs=2,
            batch_size=work.batch_size,
            shards=work.shards,
            workers=work.workers,
            progress=look,
        )
        return memory("VmHWM") + max(others)

    return Contender(
        two_epochs, lambda: gn.evaluate(network, (work.array("x_test"), work.array("y_test"))).accuracy, blas()
    )


def pytorch_memory(work: Work) -> Contender:
    torch = all_cores()
    network = torch_network(torch, work)
    optimizer = torch.optim.SGD(network.parameters(), lr=work.rate, fused=True)
    criterion = torch.nn.CrossEntropyLoss()

    def two_epochs() -> float:
        x = torch.from_numpy(read_gz(work.gz, "train-images-idx3-ubyte.gz", 16)).reshape(-1, 784).float().div_(255)
        y = torch.from_numpy(read_gz(work.gz, "train-labels-idx1-ubyte.gz", 8)).long()
        for _ in range(2):
            for rows in torch.randperm(len(x)).split(work.batch_size):
                optimizer.zero_grad()
                criterion(network(x.index_select(0, rows)), y.index_select(0, rows)).backward()
                optimizer.step()
        return memory("VmHWM")

    def accuracy() -> float:
        with torch.inference_mode():
            labels = network(torch.from_numpy(scaled(work.array("x_test")))).argmax(1).numpy()
        return float(np.mean(labels == work.array("y_test")))

    return Contender(two_epochs, accuracy, about_torch(torch))


def read_gz(folder: str, name: str, header: int) -> Array:
    with gzip.open(Path(folder) / name) as file:
        return np.frombuffer(bytearray(file.read()), np.uint8, offset=header)


def glassnet_mapped(work: Work) -> Contender:
    """One epoch from a mapped file; the most anonymous memory that was seen."""
    import glassnet as gn

    network = glassnet_network(work)
    x = np.load(Path(work.folder) / "mapped-x.npy", mmap_mode="r")
    y = np.load(Path(work.folder) / "mapped-y.npy")

    def epoch() -> float:
        seen = [memory("RssAnon")]
        finished = threading.Event()

        def watch() -> None:
            while not finished.wait(0.005):
                seen.append(memory("RssAnon"))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            gn.fit(network, (x, y), optimizer=gn.SGD(work.rate), epochs=1, batch_size=work.batch_size)
        finally:
            finished.set()
            watcher.join()
        return max(seen)

    return Contender(epoch, lambda: gn.evaluate(network, (work.array("x_test"), work.array("y_test"))).accuracy, blas())


CONTENDERS: dict[str, Callable[[Work], Contender]] = {
    "glassnet": glassnet,
    "products": products,
    "pytorch": pytorch,
    "pytorch-compiled": partial(pytorch, compiled=True),
    "pytorch-channels-last": partial(pytorch, channels_last=True),
    "sklearn": sklearn,
    "jax": jax_scan,
    "glassnet-predict": glassnet_predict,
    "glassnet-cnn": glassnet_cnn,
    "onnx-cnn": onnx_cnn,
    "pytorch-predict": pytorch_predict,
    "sklearn-predict": sklearn_predict,
    "onnx-predict": onnx_predict,
    "glassnet-memory": glassnet_memory,
    "pytorch-memory": pytorch_memory,
    "glassnet-mapped": glassnet_mapped,
}


def prepare(folder: Path) -> Path:
    """Write MNIST as .npy files and the weights of a trained network; return the folder of the original files."""
    import glassnet as gn
    from glassnet.data.registry import get_dataset

    original = get_dataset("mnist")
    data = gn.load_dataset("mnist", validation=0)
    for split, name in ((data.train, "train"), (data.test, "test")):
        np.save(folder / f"x_{name}.npy", split.inputs.reshape(-1, 784))
        np.save(folder / f"y_{name}.npy", np.asarray(split.targets))
    network = glassnet_network(Work(str(folder)))
    gn.fit(network, data.train, epochs=3)
    _, dense1, _, dense2 = network.layers
    np.savez(folder / "weights.npz", W1=dense1.W, b1=dense1.b, W2=dense2.W, b2=dense2.b)
    return original


def prepare_mapped(folder: Path, images: int) -> None:
    """Write the training images again and again, until there are so many: mapped-x.npy and mapped-y.npy."""
    x, y = np.load(folder / "x_train.npy"), np.load(folder / "y_train.npy")
    mapped = np.lib.format.open_memmap(folder / "mapped-x.npy", "w+", np.uint8, (images, 784))
    for start in range(0, images, len(x)):
        mapped[start : start + len(x)] = x[: images - start]
    mapped.flush()
    np.save(folder / "mapped-y.npy", np.resize(y, images))


def main() -> None:
    name, settings = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer

    def answer(value: Any) -> None:
        print(json.dumps(value), file=answers)

    table = json.loads(settings)
    if "hidden" in table:
        table["hidden"] = tuple(table["hidden"])
    try:
        contender = CONTENDERS[name](Work(**table))
    except MissingError as reason:
        answer({"missing": str(reason)})
        return
    answer({"ready": contender.about or {}})
    for line in sys.stdin:
        if line.strip() == "work":
            answer(contender.work())
        else:
            answer(contender.accuracy() if contender.accuracy else None)


if __name__ == "__main__":
    main()
