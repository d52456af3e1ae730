"""The cells of one column: texts, as a CSV file has them, or the values of a frame or a Parquet file.

Most columns hold the same cell many times. So each distinct text is stored once, and each row stores its index. A
distinct cell is parsed once.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

import numpy as np

from glassnet.data.errors import DataError
from glassnet.nn.array import Array
from glassnet.tables.date_form import in_one_place

A_DAY = 86_400_000_000  # microseconds


class Cells(ABC):
    """The cells of a column.

    Attributes:
        kind: the type declared by the file or frame: number, date, boolean or category; "" if it declares none.
        date, clock, zone: of dates how the days are written, whether there is a time of day, the time zone: as in
            `Column`.
        problem: why the column cannot be used; "" if it can.
    """

    kind: str = ""
    date: str | None = None
    clock: bool = False
    zone: str | None = None
    problem: str = ""

    @property
    @abstractmethod
    def texts(self) -> Sequence[str]:
        """The different cells as text, without the spaces around them; "" is a missing cell.

        Where nearly all cells are different, some may stand here twice.
        """

    @property
    @abstractmethod
    def places(self) -> Array:
        """The place of each row's cell among `texts` (N,)."""

    @abstractmethod
    def rows(self, rows: Sequence[int]) -> "Cells":
        """The cells of these rows."""

    @abstractmethod
    def stated(self, kind: str, date: str | None, zone: str | None) -> Array | None:
        """The number in each cell (N,) float64, NaN where it is missing, if they are declared to be of this kind.

        Args:
            kind: number or date.   date: "" for a time of day alone.   zone: the time zone; None if any will do.
        """

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, row: int) -> str:
        return self.texts[self.places[row]]

    def __iter__(self) -> Iterator[str]:
        return map(self.texts.__getitem__, self.places.tolist())

    @property
    def largest_integer(self) -> int:
        """The largest size of a declared integer; 0 if there is none."""
        return 0

    def counts(self) -> Counter[str]:
        """How often each different cell stands in the column."""
        numbers = np.bincount(self.places, minlength=len(self.texts)).tolist()
        counts = {text: count for text, count in zip(self.texts, numbers, strict=True) if count}
        return Counter(counts if len(counts) == len(numbers) - numbers.count(0) else self)

    def are(self, texts: Collection[str]) -> Array:
        """Whether each cell is one of these (N,)."""
        if not texts:
            return np.zeros(len(self), bool)
        return np.array([text in texts for text in self.texts], bool)[self.places]


class Texts(Cells):
    """Cells of text: of a CSV file, or of a column of texts, booleans or categories.

    Attributes:
        texts: each different one, if `places` is given; else the cell of each row.
    """

    def __init__(self, texts: Sequence[str], places: Array | None = None, *, kind: str = "") -> None:
        if places is None:
            different: dict[str, int] = {}
            places = np.array([different.setdefault(text, len(different)) for text in texts], np.int32)
            texts = list(different)
        self._texts, self._places, self.kind = texts, places, kind

    @property
    def texts(self) -> Sequence[str]:
        return self._texts

    @property
    def places(self) -> Array:
        return self._places

    def rows(self, rows: Sequence[int]) -> "Texts":
        return Texts(self.texts, self.places[np.asarray(rows, np.int64)], kind=self.kind)

    def stated(self, kind: str, date: str | None, zone: str | None) -> None:
        return


class _Values(Cells):
    """Cells that are declared numbers or dates; they become text only when it is needed, as for a category."""

    def __init__(self, values: Array, missing: Array) -> None:
        self._values, self._missing = values, missing

    def __len__(self) -> int:
        return len(self._values)

    @property
    def texts(self) -> Sequence[str]:
        return self._different[0]

    @property
    def places(self) -> Array:
        return self._different[1]

    @cached_property
    def _different(self) -> tuple[list[str], Array]:
        values, places = np.unique(self._values[~self._missing], return_inverse=True)
        all_places = np.zeros(len(self), np.int64)
        all_places[~self._missing] = places + 1
        return ["", *self._write(values)], all_places

    @abstractmethod
    def _write(self, values: Array) -> list[str]:
        """These values as texts, in the form of a CSV file."""


class Numbers(_Values):
    """Cells that are declared numbers: integers or floats (N,); and which of them are missing (N,)."""

    kind = "number"

    def rows(self, rows: Sequence[int]) -> "Numbers":
        chosen = np.asarray(rows, np.int64)
        return Numbers(self._values[chosen], self._missing[chosen])

    def stated(self, kind: str, date: str | None, zone: str | None) -> Array | None:
        return np.where(self._missing, np.nan, self._values.astype(np.float64)) if kind == "number" else None

    @property
    def largest_integer(self) -> int:
        whole = self._values.dtype.kind in "iu" and len(self)
        return max(abs(int(self._values.max())), abs(int(self._values.min()))) if whole else 0

    def _write(self, values: Array) -> list[str]:
        return [str(value).removesuffix(".0") for value in values.tolist()]


class Dates(_Values):
    """Cells that are declared dates or times of day: datetime64[us] (N,); and which of them are missing (N,).

    Attributes:
        date: how the days are written as text; "" for times of day alone.
        clock: whether they say a time of day; never, if all are midnight.
        zone: their time zone, such as "+01:00"; "" if they name none.
    """

    kind = "date"

    def __init__(self, values: Array, missing: Array, *, date: str, clock: bool, zone: str) -> None:
        super().__init__(values, missing)
        self.days, self.offset = date, zone
        self.date, self.clock, self.zone = date, clock, zone

    def rows(self, rows: Sequence[int]) -> "Dates":
        chosen = np.asarray(rows, np.int64)
        return Dates(self._values[chosen], self._missing[chosen], date=self.days, clock=self.clock, zone=self.offset)

    def stated(self, kind: str, date: str | None, zone: str | None) -> Array | None:
        in_zone = zone is None or in_one_place({zone, self.offset})
        if kind != "date" or bool(date) != bool(self.days) or not in_zone:
            return None
        return np.where(self._missing, np.nan, self._values.astype(np.int64) / A_DAY)

    def _write(self, values: Array) -> list[str]:
        if not self.clock:
            return np.datetime_as_string(values, unit="D").tolist()
        moments = [text.removesuffix(".000000").replace("T", " ") for text in np.datetime_as_string(values, unit="us")]
        return [moment + self.offset if self.days else moment.partition(" ")[2] for moment in moments]


class Unusable(Cells):
    """Cells of a type that no network takes, such as lists; the column can only be left out."""

    def __init__(self, problem: str, count: int) -> None:
        self.problem, self.count = problem, count

    def __len__(self) -> int:
        return self.count

    @property
    def texts(self) -> Sequence[str]:
        raise DataError(self.problem)

    @property
    def places(self) -> Array:
        raise DataError(self.problem)

    def rows(self, rows: Sequence[int]) -> "Unusable":
        return Unusable(self.problem, len(rows))

    def stated(self, kind: str, date: str | None, zone: str | None) -> None:
        raise DataError(self.problem)
