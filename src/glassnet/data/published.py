"""The registered datasets: where each is published, its checksums, and how its files become arrays.

Addresses and checksums are those that the makers published. Importing this opens no file and no connection.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from glassnet.data import cifar, digits, emnist
from glassnet.data.csv import read_train_and_test
from glassnet.data.idx import FOUR_FILES, idx_names, read_four
from glassnet.nn.array import Array

Files = dict[str, Path]  # published name of a file -> its path
Arrays = dict[str, Array]  # x_train, y_train; also x_test, y_test if the dataset comes with test examples


@dataclass(frozen=True)
class RemoteFile:
    """A file of a dataset as it is published.

    Attributes:
        size: in bytes.
        sha256: the checksum of the file as published.
        content_sha256: the checksum of its unzipped contents, if known; then unzipped or re-zipped copies are valid
            too.
    """

    name: str
    size: int
    sha256: str
    content_sha256: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the file may have on this machine."""
        if self.content_sha256 is None:
            return (self.name,)
        return idx_names(self.name)


@dataclass(frozen=True)
class Entry:
    """A registered dataset.

    Attributes:
        name: its name in `load_dataset`.   about: a short description.
        folder: the folder of its files below GLASSNET_DATA, the cache or a mirror; several datasets may share one.
        classes: a name for each label.   white: the largest value that a pixel may have.
        read: makes the arrays from the files.   files: the files that it needs.   mirrors: addresses of folders that
            hold these files.
        derived_from: if given, a missing dataset is made from this one instead of being downloaded.
    """

    name: str
    about: str
    folder: str
    classes: tuple[str, ...]
    read: Callable[[Files], Arrays]
    files: tuple[RemoteFile, ...] = ()
    mirrors: tuple[str, ...] = ()
    white: int = 255
    derived_from: "Entry | None" = None


def read_csv_files(files: Files) -> Arrays:
    """Read train.csv, and test.csv if it exists."""
    return read_train_and_test(files["train.csv"], files.get("test.csv"))


def read_small_digits(files: Files) -> Arrays:
    """Read the digits of scikit-learn, which need no files."""
    x, y = digits.read_digits()
    return {"x_train": x, "y_train": y}


def read_emnist_files(files: Files, split: str) -> Arrays:
    """Read one of the six datasets in EMNIST's zip file."""
    return emnist.read_emnist(files["gzip.zip"], split)


def read_cifar10_files(files: Files) -> Arrays:
    """Read the archive of CIFAR-10."""
    return cifar.read_cifar10(files["cifar-10-binary.tar.gz"])


DIGITS = tuple("0123456789")


def four_files(name: str, about: str, classes: tuple[str, ...], files: tuple[RemoteFile, ...], *mirrors: str) -> Entry:
    """The entry of a dataset in the form of MNIST."""
    return Entry(name, about, name, classes, read_four, files, mirrors)


MNIST = four_files(
    "mnist",
    "handwritten digits (CC BY-SA 3.0)",
    DIGITS,
    (
        RemoteFile(
            FOUR_FILES[0],
            9_912_422,
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        RemoteFile(
            FOUR_FILES[1],
            28_881,
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        RemoteFile(
            FOUR_FILES[2],
            1_648_877,
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        RemoteFile(
            FOUR_FILES[3],
            4_542,
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
FASHION_MNIST = four_files(
    "fashion-mnist",
    "articles of clothing in MNIST's format (MIT)",
    ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    (
        RemoteFile(FOUR_FILES[0], 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        RemoteFile(FOUR_FILES[1], 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        RemoteFile(FOUR_FILES[2], 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        RemoteFile(FOUR_FILES[3], 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
KMNIST = four_files(
    "kmnist",
    "handwritten Japanese hiragana in MNIST's format",
    ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    (
        RemoteFile(FOUR_FILES[0], 18_165_135, "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4"),
        RemoteFile(FOUR_FILES[1], 29_497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"),
        RemoteFile(FOUR_FILES[2], 3_041_136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"),
        RemoteFile(FOUR_FILES[3], 5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"),
    ),
    "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
)
EMNIST = tuple(
    Entry(
        f"emnist-{split}",
        f"handwritten {'letters' if split == 'letters' else 'digits' if len(names) == 10 else 'letters and digits'}",
        "emnist",
        names,
        partial(read_emnist_files, split=split),
        (RemoteFile("gzip.zip", 561_753_746, "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e"),),
        ("https://www.itl.nist.gov/iaui/vip/cs_links/EMNIST/",),
    )
    for split, names in emnist.CLASSES.items()
)
CIFAR10 = Entry(
    "cifar-10",
    "small colour photographs of ten kinds of objects",
    "cifar-10",
    cifar.CLASSES,
    read_cifar10_files,
    (
        RemoteFile(
            "cifar-10-binary.tar.gz",
            170_052_171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
    ),
    ("https://www.cs.toronto.edu/~kriz/",),
)
SMALL_DIGITS = Entry(
    "digits",
    "8x8 handwritten digits that come with scikit-learn, no download (UCI)",
    "digits",
    DIGITS,
    read_small_digits,
    white=digits.WHITE,
)
MNIST_CSV = Entry(
    "mnist-csv",
    "MNIST read from CSV files in Kaggle's format, which are written once",
    "mnist-csv",
    DIGITS,
    read_csv_files,
    derived_from=MNIST,
)
PUBLISHED = (MNIST, MNIST_CSV, FASHION_MNIST, KMNIST, *EMNIST, CIFAR10, SMALL_DIGITS)
