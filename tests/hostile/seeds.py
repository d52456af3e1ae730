"""Small valid files of every kind that glassnet reads: what the hostile ones are made from."""

import datetime as dt
import gzip
import io
import json
import struct
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.data import cifar
from glassnet.experiments.experiment import FOLDER as EXPERIMENTS
from glassnet.recipes.recipe import FOLDER

RECIPE = """
name = "rich"
[data]
name = "mnist"
validation = 100
[network]
hidden = [8, "BatchNorm", {type = "Dropout", rate = 0.2}, 4]
activation = {type = "LeakyReLU", slope = 0.1}
init = "HeNormal"
loss = {type = "CrossEntropy", smoothing = 0.1}
[optimizer]
type = "Adam"
lr = 1e-3
[schedule]
type = "WarmUp"
over = 10
then = {type = "CosineDecay"}
[[penalties]]
type = "L2"
strength = 1e-4
[training]
epochs = 2
batch_size = 32
shards = 2
class_weights = "balanced"
"""


def image(side: int = 8) -> np.ndarray:
    """A ring, which the readers of pictures take for a 0."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    radius = np.hypot(y, x) / side
    return np.where((radius > 0.22) & (radius < 0.34), 20, 240).astype(np.uint8)


def models() -> list[bytes]:
    dense = gn.Network([gn.Rescale(1 / 255), gn.Dense(3), gn.ReLU(), gn.Dense(2)], input_shape=6, classes=["a", "b"])
    deep = gn.Network(
        [gn.Reshape((4, 4, 1)), gn.Conv2D(2, 3), gn.BatchNorm(), gn.MaxPool2D(2), gn.Flatten(), gn.Dense(3)],
        input_shape=(4, 4),
        dtype=np.float64,
    )
    deep.loss, deep.threshold = gn.Hinge(), 0.5
    about = {"recipe": tomllib.loads(RECIPE), "data": {"white": 255}, "test": json.loads(evaluations()[0])}
    of_rows = gn.Network([gn.Standardize(), gn.Dense(3), gn.GELU(), gn.Dense(1)], input_shape=5, dtype=np.float64)
    of_rows.loss = gn.SquaredError()
    columns = [{"name": "n"}, {"name": "colour", "categories": ["blue", "red"]}, {"name": "size", "fill": 1.5}]
    with_table = about | {"table": {"inputs": columns, "target": {"name": "price"}}, "data": {"sha256": "0" * 64}}
    kept = [(dense, about), (deep, about), (of_rows, with_table)]
    return [written(lambda path, net=net, said=said: gn.save_network(net, path, about=said)) for net, said in kept]


def training() -> tuple[gn.Network, tuple[np.ndarray, np.ndarray], dict[str, Any]]:
    """A training that takes a moment, and has everything that a checkpoint keeps."""
    rng = np.random.default_rng(0)
    net = gn.Network([gn.Dense(4), gn.BatchNorm(), gn.ReLU(), gn.Dense(3)], input_shape=5)
    data = rng.standard_normal((16, 5)).astype(np.float32), rng.integers(0, 3, 16)
    return net, data, {"epochs": 3, "batch_size": 4, "optimizer": gn.Adam(0.01), "average": gn.WeightAverage(0.9)}


def importing() -> gn.Network:
    """A network that takes the weights of a PyTorch module."""
    return gn.Network([gn.Rescale(1 / 255), gn.Dense(3), gn.BatchNorm(), gn.Dense(2)], input_shape=4)


class _StopError(Exception):
    pass


class _StopAt(gn.Callback):
    def __init__(self, epoch: int, batch: int) -> None:
        self.place = (epoch, batch)

    def on_batch(self, training: Any) -> None:
        if (training.epoch, training.batch) == self.place:
            raise _StopError


def checkpoints() -> list[bytes]:
    def broken_off(path: Path, minutes: float) -> None:
        net, data, settings = training()
        with suppress(_StopError):
            gn.fit(net, data, **settings, callbacks=[gn.Checkpoint(path, minutes=minutes), _StopAt(2, 3)])

    return [written(lambda path, m=minutes: broken_off(path, m)) for minutes in (0, 1e-12)]


def idx_files() -> list[bytes]:
    images = struct.pack(">4B3I", 0, 0, 8, 3, 3, 4, 4) + bytes(range(48))
    labels = struct.pack(">4BI", 0, 0, 8, 1, 5) + bytes(5)
    reals = struct.pack(">4B2I", 0, 0, 13, 2, 2, 3) + struct.pack(">6f", *range(6))
    return [images, labels, reals, gzip.compress(images, mtime=0)]


def csv_files() -> list[bytes]:
    rows = "".join(f"{label},{','.join(str(13 * label + i) for i in range(9))}\n" for label in range(4))
    header = "label," + ",".join(f"pixel{i}" for i in range(9)) + "\n"
    unlabelled = "".join(row.partition(",")[2] + "\n" for row in rows.splitlines())
    texts = (header + rows, rows, unlabelled)
    return [*(text.encode() for text in texts), gzip.compress((header + rows).encode(), mtime=0)]


def npz_files() -> list[bytes]:
    arrays = {
        "x_train": np.arange(48, dtype=np.uint8).reshape(3, 4, 4),
        "y_train": np.array([0, 1, 2], ">i2"),
        "x_test": np.asfortranarray(np.ones((2, 4, 4), np.uint8)),
        "y_test": np.array([[2], [1]]),
    }
    files = []
    for save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        save(stream, **arrays)
        files.append(stream.getvalue())
    return files


def emnist_files() -> list[bytes]:
    images, labels = idx_files()[0], struct.pack(">4BI", 0, 0, 8, 1, 3) + bytes((1, 2, 3))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in ("train", "test"):
            archive.writestr(f"gzip/emnist-letters-{part}-images-idx3-ubyte.gz", gzip.compress(images, mtime=0))
            archive.writestr(f"gzip/emnist-letters-{part}-labels-idx1-ubyte.gz", gzip.compress(labels, mtime=0))
    return [stream.getvalue()]


def cifar_files() -> list[bytes]:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
        for name in cifar.TRAIN + cifar.TEST:
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = cifar.RECORD
            archive.addfile(member, io.BytesIO(bytes([3]) * cifar.RECORD))
    return [stream.getvalue()]


def pictures() -> list[bytes]:
    """Of every format that is read, with what each can carry: needs Pillow."""
    from PIL import Image, PngImagePlugin

    grey = Image.fromarray(image(40))
    text = PngImagePlugin.PngInfo()
    text.add_text("about", "a ring " * 20, zip=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    clear = grey.convert("RGBA")
    clear.putalpha(grey)
    deep = Image.fromarray(image(40).astype(np.uint16) * 257)
    kept: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (grey, "PNG", {"pnginfo": text, "icc_profile": bytes(200)}),
        (grey.convert("P"), "PNG", {"transparency": 0}),
        (grey.convert("1"), "PNG", {}),
        (clear, "PNG", {"exif": exif, "save_all": True, "append_images": [clear.rotate(90)]}),
        (deep, "PNG", {}),
        (grey.convert("RGB"), "JPEG", {"exif": exif, "icc_profile": bytes(200)}),
        (grey.convert("CMYK"), "JPEG", {"progressive": True}),
        (grey.convert("P"), "GIF", {"save_all": True, "append_images": [grey.convert("P")] * 3}),
        (grey, "BMP", {}),
        (grey.convert("RGB"), "TIFF", {"compression": "tiff_lzw", "save_all": True, "append_images": [grey]}),
        (deep, "TIFF", {}),
        (grey.convert("F"), "TIFF", {}),
        (grey.convert("1"), "TIFF", {"compression": "group4"}),
        (clear, "WEBP", {"exif": exif}),
        (grey, "PPM", {}),
        (grey.convert("RGB"), "JPEG2000", {}),
        (clear, "ICO", {}),
    ]
    files = []
    for picture, form, settings in kept:
        stream = io.BytesIO()
        picture.save(stream, form, **settings)
        files.append(stream.getvalue())
    return files


def zipped(**members: bytes) -> bytes:
    """A zip archive of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, contents in members.items():
            archive.writestr(name, contents)
    return stream.getvalue()


def written(write: Callable[[Path], object]) -> bytes:
    """The bytes of the file that this writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write(path)
        return path.read_bytes()


def histories() -> list[bytes]:
    records = [{"epoch": n, "training_loss": 1 / n, "training_accuracy": 0.5, "seconds": 0.1} for n in range(1, 5)]
    return ["".join(json.dumps(record) + "\n" for record in records).encode()]


def evaluations() -> list[bytes]:
    truth, predicted = np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])
    result = gn.Evaluation(0.5, ("a", "b"), truth, predicted, np.full((4, 2), 0.5))
    return [json.dumps(result.to_table()).encode()]


def tables() -> list[bytes]:
    rows = "".join(f"{row},{row / 7:.3f},{'red' if row % 3 else 'blue'},{row % 2}\n" for row in range(20))
    people = "".join(
        f"{row + 1}.03.24 {row}:30;{row + 1}.250,5 €;{row},5 %;{'ja' if row % 3 else 'Nein'};NA;{row % 2};\n"
        for row in range(20)
    )
    named = "".join(f"row{row},{row},{row * 1.5},{row % 2}\n" for row in range(20))
    return [
        ("n,size,colour,y\n" + rows).encode(),
        ("n;size;colour;y\n" + rows.replace(",", ";")).encode(),
        ("# Grüße\nday;price;share;member;gap;y;\n" + people).encode("cp1252"),
        ("n,size,y\n" + named).encode("utf-16"),
        zipped(**{"t.csv": ("sep=|\nn|size|colour|y\n" + rows.replace(",", "|")).encode()}),
    ]


def parquet_files() -> list[bytes]:
    import pyarrow as pa
    from pyarrow import parquet

    day = dt.date(2024, 3, 1)
    columns = {
        "n": list(range(20)),
        "size": [None if row == 3 else row / 7 for row in range(20)],
        "colour": ["red" if row % 3 else " blue" for row in range(20)],
        "kind": pa.array(["a", None] * 10).dictionary_encode(),
        "fine": [row % 3 == 0 for row in range(20)],
        "day": [day + dt.timedelta(row) for row in range(20)],
        "at": pa.array([dt.datetime(2024, 3, 1, row) for row in range(20)], pa.timestamp("ns", "Europe/Berlin")),
        "cost": pa.array([row + 0.5 for row in range(20)]).cast(pa.decimal128(9, 2)),
        "y": [row % 2 for row in range(20)],
    }
    table = pa.table(columns)
    nested = table.select(["n", "y"]).append_column("tags", pa.array([["a"], None] * 10))
    return [
        written(lambda path: parquet.write_table(table, path, compression="none")),
        written(lambda path: parquet.write_table(table, path, compression="none", use_dictionary=False)),
        written(lambda path: parquet.write_table(table, path, compression="none", row_group_size=7)),
        written(lambda path: parquet.write_table(table, path, compression="zstd")),
        written(lambda path: parquet.write_table(table.select(["n", "size", "y"]), path, data_page_version="2.0")),
        written(lambda path: parquet.write_table(nested, path, compression="none")),
    ]


SEEDS: dict[str, Callable[[], list[bytes]]] = {
    "model": models,
    "checkpoint": checkpoints,
    "statedict": lambda: [written(lambda path: gn.export_torch(importing(), path))],
    "experiment": lambda: [path.read_bytes() for path in sorted(EXPERIMENTS.glob("*.toml"))],
    "recipe": lambda: [RECIPE.encode(), *(path.read_bytes() for path in sorted(FOLDER.glob("*.toml")))],
    "history": histories,
    "evaluation": evaluations,
    "table": tables,
    "kernel": lambda: [b'{"kernel": "SkylakeX", "processor": "any", "numpy": "2.0"}\n'],
    "idx": idx_files,
    "csv": csv_files,
    "npz": npz_files,
    "emnist": emnist_files,
    "cifar": cifar_files,
    "picture": pictures,
    **({"parquet": parquet_files} if find_spec("pyarrow") else {}),
}


@cache
def seeds(kind: str) -> tuple[bytes, ...]:
    """The valid files of a kind."""
    return tuple(SEEDS[kind]())
