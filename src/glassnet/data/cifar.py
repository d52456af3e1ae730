"""CIFAR-10 in its binary form: small colour photographs of ten kinds of things.

The archive holds six files of records. A record is a label and the red, green and blue plane of a 32x32 image. (The
better known Python form is a pickle, which runs code when it is opened.)
"""

import gzip
import tarfile
from pathlib import Path, PurePosixPath

import numpy as np

from glassnet.data.errors import DataError
from glassnet.data.files import MOST_EXPANSION
from glassnet.nn.array import Array
from glassnet.nn.plain import brief

RECORD = 1 + 3 * 32 * 32  # bytes: the label, then three planes
MOST_RECORDS = 10_000  # in one file of the published archive
TRAIN = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST = ("test_batch.bin",)
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read_cifar10(path: str | Path) -> dict[str, Array]:
    """Read cifar-10-binary.tar.gz.

    Returns:
        x_train and x_test (N, 32, 32, 3) uint8, red green blue; y_train and y_test (N,) int64.

    Raises:
        DataError: no such file, not a tar.gz or a broken one, a file of records is missing or has an impossible size.
    """
    batches: dict[str, Array] = {}
    try:
        most = Path(path).stat().st_size * MOST_EXPANSION
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                if archive.offset > most:  # offset: where the next file should begin; tarfile would read up to there
                    raise DataError(f"{path}: a file in it claims more bytes than the archive can hold")
                name = PurePosixPath(member.name).name
                if name not in TRAIN + TEST:
                    continue
                if not member.isfile() or member.size % RECORD or not 0 < member.size <= MOST_RECORDS * RECORD:
                    raise DataError(
                        f"{path}: expected {name} to be up to {MOST_RECORDS:,} records of {RECORD:,} bytes, "
                        f"got {member.size:,} bytes"
                    )
                file = archive.extractfile(member)
                contents = file.read() if file else b""
                batches[name] = np.frombuffer(contents, np.uint8).reshape(-1, RECORD)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except DataError:
        raise
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise DataError(f"{path}: not a .tar.gz archive, or a broken one: {brief(error)}") from None
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except Exception as error:  # on a damaged header tarfile raises nearly anything
        raise DataError(f"{path}: not a .tar.gz archive, or a broken one: {brief(error)}") from None
    missing = [name for name in TRAIN + TEST if name not in batches]
    if missing:
        raise DataError(f"{path}: {', '.join(missing)} missing in the archive")
    x_train, y_train = _images_and_labels([batches.pop(name) for name in TRAIN])
    x_test, y_test = _images_and_labels([batches.pop(name) for name in TEST])
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def _images_and_labels(batches: list[Array]) -> tuple[Array, Array]:
    x = np.empty((sum(map(len, batches)), 32, 32, 3), np.uint8)
    start = 0
    for batch in batches:
        planes = batch[:, 1:].reshape(-1, 3, 32, 32)
        x[start : start + len(batch)] = planes.transpose(0, 2, 3, 1)
        start += len(batch)
    return x, np.concatenate([batch[:, 0] for batch in batches]).astype(np.int64)
