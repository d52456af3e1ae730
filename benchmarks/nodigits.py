"""Pictures of what is no digit, as a user could draw or photograph them by mistake: letters, scribbles and marks.

Each is dark strokes on white paper, one or two hundred pixels wide, with its readings by the library, as a picture of a
digit would have them. Nothing here comes from, or goes into, the training of a network.
"""

import math
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.reading.drawing import to_mnist
from glassnet.reading.readings import Reading, readings

Array = NDArray[Any]
Rng = np.random.Generator
Stroke = Array  # points (P, 2), x to the right and y downwards, in any unit

LIKE_DIGITS = frozenset("OIlSZBqg")  # letters that have the shape of a digit
LETTERS = [letter for letter in string.ascii_uppercase + string.ascii_lowercase if letter not in LIKE_DIGITS]
FONTS = ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf", "cmr10.ttf", "STIXGeneral.ttf")
FOREIGN = "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθλμξπρσφχψωБГДЖИЛПУФЦЧШЩЪЫЬЭЮЯбвгджийклмнптфцчшщъыьэюя@#$%&?!£€§¶∞∑∏√∂∫≈≠≤≥"
FOREIGN_FONTS = ("DejaVuSans-Bold.ttf", "DejaVuSerif-Bold.ttf", "DejaVuSans-Oblique.ttf", "STIXGeneralItalic.ttf")
PER_LETTER = 6  # pictures of each letter in each font
COUNT = 1200  # scribbles, and marks
PEN, FINE_PEN = (0.08, 0.14), (0.05, 0.1)  # the width of marks and of scribbles, in parts of their longer side
FINER = 4  # strokes are drawn so many times finer than the picture, which makes their edges grey


@dataclass(frozen=True, eq=False)
class Group:
    """Things that are no digit.

    Attributes:
        pictures: grey values (H, W) each, uint8, dark on white.   kinds: what each shows, such as the letter.
        readings: of each picture, the usual one first.
    """

    pictures: list[Array]
    kinds: list[str]
    readings: list[list[Reading]]

    @property
    def taken(self) -> Array:
        """Whether the usual reading has found something that could be a digit, (P,) bool."""
        return np.array([found[0].image is not None for found in self.readings])

    @property
    def images(self) -> Array:
        """What it has found, in MNIST's form (N, 28, 28)."""
        return np.stack([found[0].image for found in self.readings if found[0].image is not None])


def groups(ink: tuple[float, float], seed: int = 0) -> dict[str, Group]:
    """All groups, by name; scribbles have an amount of ink within those limits, measured as `amount_of_ink` does."""
    return {"letters": letters(seed), "scribbles": scribbles(ink, seed), "marks": marks(seed)}


def development_groups(seed: int = 0) -> dict[str, Group]:
    """Other things that are no digit, to choose settings with.

    Nothing of `groups` is among them, but for small letters with the shape of a Latin capital, such as т, м and н.
    """
    letters, corners = _stream(seed, 3), _stream(seed, 4)
    foreign = ((sign, printed(sign, font, letters)) for sign in FOREIGN for font in FOREIGN_FONTS)
    closed = (("polygon", drawn([polygon(corners)], corners, PEN)) for _ in range(COUNT // 2))
    return {"foreign letters and signs": _group(foreign), "polygons": _group(closed)}


def amount_of_ink(images: Array) -> Array:
    """How many full pixels of ink images in MNIST's form (N, 28, 28) have, (N,)."""
    return images.reshape(len(images), -1).sum(axis=1) / 255


def letters(seed: int = 0, fonts: tuple[str, ...] = FONTS, per_letter: int = PER_LETTER) -> Group:
    """Latin letters in these fonts, in several sizes, turned by a few degrees, anywhere on the paper."""
    rng = _stream(seed, 0)
    return _group(
        (letter, printed(letter, font, rng)) for letter in LETTERS for font in fonts for _ in range(per_letter)
    )


def scribbles(ink: tuple[float, float], seed: int = 0, count: int = COUNT) -> Group:
    """Scribbles of six kinds with many turns, whose ink in MNIST's form lies within the limits."""
    return _group(_with_ink(ink, count, _stream(seed, 1)))


def marks(seed: int = 0, count: int = COUNT) -> Group:
    """Signs of two strokes, such as a cross or an arrow, by many hands."""
    rng = _stream(seed, 2)
    kinds = [*MARKS, "crossing", "pair"]
    return _group(((kind := kinds[i % len(kinds)]), drawn(mark(kind, rng), rng, PEN)) for i in range(count))


# Letters


def printed(letter: str, font: str, rng: Rng) -> Array:
    """A picture of a letter."""
    from matplotlib import get_data_path
    from PIL import Image, ImageDraw, ImageFont

    side = int(rng.integers(110, 191))
    size = int(side * rng.uniform(0.45, 0.75))
    face = ImageFont.truetype(Path(get_data_path()) / "fonts" / "ttf" / font, size)
    paper = Image.new("L", (side, side), 255)
    left, top, right, bottom = face.getbbox(letter, anchor="ls")
    room = 0.12 * side  # to the edge of the paper
    x = rng.uniform(room, max(side - room - (right - left), room)) - left
    y = rng.uniform(room, max(side - room - (bottom - top), room)) - top
    ImageDraw.Draw(paper).text((x, y), letter, fill=int(rng.integers(0, 90)), font=face, anchor="ls")
    middle = (x + (left + right) / 2, y + (top + bottom) / 2)
    return np.asarray(paper.rotate(rng.uniform(-8, 8), Image.Resampling.BICUBIC, center=middle, fillcolor=255))


def polygon(rng: Rng) -> Stroke:
    """Five to eight corners anywhere, joined in a ring: some sides cross."""
    corners = rng.uniform(-1, 1, (int(rng.integers(5, 9)), 2))
    return np.concatenate([corners, corners[:1]])


# Scribbles: one long stroke each, that turns so often that it is no digit


def tangle(rng: Rng) -> Stroke:
    """A smooth curve to and fro across the middle."""
    return _tangled(lambda: smooth(_to_and_fro(rng, 9, 12)))


def scrawl(rng: Rng) -> Stroke:
    """Straight lines to and fro across the middle."""
    return _tangled(lambda: _to_and_fro(rng, 7, 10))


def zigzag(rng: Rng) -> Stroke:
    """To and fro at least five times, as one strikes something out."""
    turns = int(rng.integers(6, 10))
    along = np.linspace(-1, 1, turns) * rng.uniform(0.6, 1)
    across = np.where(np.arange(turns) % 2, 1, -1) * rng.uniform(0.5, 1) * rng.uniform(0.7, 1, turns)
    return np.stack([along + rng.uniform(-0.08, 0.08, turns), across], axis=1)


def wave(rng: Rng) -> Stroke:
    """At least three waves in a row."""
    t = np.linspace(0, 1, 200)
    phase = 2 * np.pi * (rng.uniform(3, 4.5) * t + rng.uniform())
    return np.stack([2 * t - 1, rng.uniform(0.3, 0.7) * np.sin(phase) * (1 + 0.3 * np.sin(phase / 3))], axis=1)


def spiral(rng: Rng) -> Stroke:
    """At least two and a half times around."""
    turns = rng.uniform(2.6, 3.6)
    t = np.linspace(0, 1, 300)
    angle = 2 * np.pi * (turns * t + rng.uniform()) * rng.choice([-1, 1])
    radius = rng.uniform(0.03, 0.12) + (1 - 0.1) * t ** rng.uniform(0.8, 1.1)
    return np.stack([radius * np.cos(angle), rng.uniform(0.65, 1) * radius * np.sin(angle)], axis=1)


def coil(rng: Rng) -> Stroke:
    """Three or more loops in a row, as one tries out a pen."""
    loops = rng.uniform(3.2, 5.2)
    t = np.linspace(0, 1, 300)
    angle = 2 * np.pi * (loops * t + rng.uniform())
    width = rng.uniform(0.22, 0.4)
    return np.stack([2 * t - 1 + width * np.cos(angle), rng.uniform(0.4, 0.8) * np.sin(angle)], axis=1)


SCRIBBLES: dict[str, Callable[[Rng], Stroke]] = {
    "tangle": tangle,
    "scrawl": scrawl,
    "zigzag": zigzag,
    "wave": wave,
    "spiral": spiral,
    "coil": coil,
}


def _with_ink(limits: tuple[float, float], count: int, rng: Rng) -> Iterator[tuple[str, Array]]:
    """So many scribbles, each kind in turn, without those that have too much or too little ink."""
    for i in range(count):
        kind = list(SCRIBBLES)[i % len(SCRIBBLES)]
        while True:
            picture = drawn([turned(SCRIBBLES[kind](rng), rng.uniform(0, 2 * np.pi))], rng, FINE_PEN)
            if limits[0] <= amount_of_ink(to_mnist(picture)[None])[0] <= limits[1]:
                break
        yield kind, picture


def _tangled(draw: Callable[[], Stroke]) -> Stroke:
    """The first that crosses itself seven times, is no narrow thing, and longer than a digit of its size ever is."""
    while True:
        stroke = draw()
        sides = np.ptp(stroke, axis=0)
        length = np.hypot(*np.diff(stroke, axis=0).T).sum()
        if sides.min() > 0.6 * sides.max() and length > 4 * sides.max() and crossings(stroke) >= 7:
            return stroke


def _to_and_fro(rng: Rng, least: int, most: int) -> Stroke:
    """From least to most points around the middle, each on another side of it than the one before."""
    count = int(rng.integers(least, most + 1))
    around = rng.uniform(0.65 * np.pi, 1.35 * np.pi, count).cumsum()
    return rng.uniform(0.5, 1, (count, 1)) * np.stack([np.cos(around), np.sin(around)], axis=1)


def crossings(stroke: Stroke) -> int:
    """How often a stroke crosses itself at an angle of at least 25 degrees."""
    start, way = stroke[:-1], np.diff(stroke, axis=0)  # (S, 2) segments
    between = start[None] - start[:, None]  # [i, j]: from the start of i to the start of j
    area = _cross(way[:, None], way[None])
    with np.errstate(divide="ignore", invalid="ignore"):
        on_i, on_j = (_cross(between, other) / area for other in (way[None], way[:, None]))
    meet = (on_i > 0) & (on_i < 1) & (on_j > 0) & (on_j < 1)
    length = np.hypot(*way.T)
    clear = np.abs(area) > math.sin(math.radians(25)) * length[:, None] * length[None]
    return int(np.triu(meet & clear, 2).sum())


def smooth(stroke: Stroke) -> Stroke:
    """The stroke with its corners cut, and the corners of that, which makes a curve of it (Chaikin 1974)."""
    for _ in range(3):
        first, last = stroke[:-1], stroke[1:]
        cut = np.stack([0.75 * first + 0.25 * last, 0.25 * first + 0.75 * last], axis=1).reshape(-1, 2)
        stroke = np.concatenate([stroke[:1], cut, stroke[-1:]])
    return stroke


# Marks: lines from (x0, y0) to (x1, y1) with a bow, which is how far the middle lies to the right, seen from the start,
# in parts of the length. Left out is what a person could read as a digit: an L upside down (7), a T upside down and an
# arrow upwards (1), a y (4), bows that close (0) or stand one under the other and open to the left (3).

Line = tuple[float, float, float, float, float]

MARKS: dict[str, list[Line]] = {
    "plus": [(0, -1, 0, 1, 0), (-1, 0, 1, 0, 0)],
    "cross": [(-0.9, -1, 0.9, 1, 0), (0.9, -1, -0.9, 1, 0)],
    "tee": [(-0.9, -1, 0.9, -1, 0), (0, -1, 0, 1, 0)],
    "tee to the right": [(-0.7, -1, -0.7, 1, 0), (-0.7, 0, 0.8, 0, 0)],
    "tee to the left": [(0.7, -1, 0.7, 1, 0), (0.7, 0, -0.8, 0, 0)],
    "corner below left": [(-0.7, -1, -0.7, 1, 0), (-0.7, 1, 0.8, 1, 0)],
    "corner below right": [(0.7, -1, 0.7, 1, 0), (0.7, 1, -0.8, 1, 0)],
    "corner above left": [(-0.7, -1, -0.7, 1, 0), (-0.7, -1, 0.8, -1, 0)],
    "vee": [(-0.9, -1, 0, 1, 0), (0, 1, 0.9, -1, 0)],
    "roof": [(-0.9, 1, 0, -1, 0), (0, -1, 0.9, 1, 0)],
    "less": [(0.8, -0.9, -0.8, 0, 0), (-0.8, 0, 0.8, 0.9, 0)],
    "tick": [(-0.9, 0.2, -0.4, 1, 0), (-0.4, 1, 0.9, -1, 0)],
    "lambda": [(-0.7, -1, 0.8, 1, 0), (0.05, 0, -0.8, 1, 0)],
    "equals": [(-0.9, -0.45, 0.9, -0.45, 0), (-0.9, 0.45, 0.9, 0.45, 0)],
    "bars": [(-0.5, -1, -0.5, 1, 0), (0.5, -1, 0.5, 1, 0)],
    "slashes": [(0.1, -1, -0.9, 1, 0), (0.9, -1, -0.1, 1, 0)],
    "arrow to the right": [(-1, 0, 1, 0, 0), (0.4, -0.6, 1, 0, 0), (1, 0, 0.4, 0.6, 0)],
    "arrow to the left": [(-1, 0, 1, 0, 0), (-0.4, -0.6, -1, 0, 0), (-1, 0, -0.4, 0.6, 0)],
    "arrow downwards": [(0, -1, 0, 1, 0), (-0.6, 0.4, 0, 1, 0), (0, 1, 0.6, 0.4, 0)],
    "bows apart": [(-0.8, -1, -0.8, 1, -0.22), (0.8, -1, 0.8, 1, 0.22)],
    "bows to the left": [(-0.1, -1, -0.1, 1, 0.22), (0.8, -1, 0.8, 1, 0.22)],
    "trident": [(-0.9, -0.9, 0.9, -0.9, 0.5), (0, -1, 0, 1, 0)],
}


def mark(kind: str, rng: Rng) -> list[Stroke]:
    """A sign of this kind, as one of many hands would make it."""
    random = {"crossing": crossing, "pair": pair}
    lines = random[kind](rng) if kind in random else MARKS[kind]
    stretch = rng.uniform(0.75, 1, 2)
    moved: dict[tuple[float, float], Array] = {}  # lines that meet in a point still do
    strokes = []
    for x0, y0, x1, y1, bow in lines:
        start, end = (
            moved.setdefault(point, stretch * (point + rng.normal(0, 0.06, 2))) for point in ((x0, y0), (x1, y1))
        )
        strokes.append(bowed(start, end, bow + rng.normal(0, 0.04)))
    slant = rng.uniform(-0.15, 0.15)
    return [turned(stroke, slant) for stroke in strokes]


def crossing(rng: Rng) -> list[Line]:
    """Two lines in any direction that cross near the middle of both."""
    first = rng.uniform(0, np.pi)
    return [_through(rng, direction) for direction in (first, first + rng.uniform(0.3, 0.7) * np.pi)]


def pair(rng: Rng) -> list[Line]:
    """Two lines in any direction, side by side, with the same bow."""
    direction, gap, bow = rng.uniform(0, np.pi), rng.uniform(0.35, 0.6), rng.uniform(-0.25, 0.25)
    aside = gap * np.array([-math.sin(direction), math.cos(direction)])
    return [_through(rng, direction + rng.uniform(-0.12, 0.12), middle, bow) for middle in (aside, -aside)]


def _through(rng: Rng, direction: float, middle: Array | None = None, bow: float | None = None) -> Line:
    """A line in this direction through a point, or through one that lies near the origin."""
    x, y = rng.uniform(-0.25, 0.25, 2) if middle is None else middle
    dx, dy = rng.uniform(0.75, 1) * np.array([math.cos(direction), math.sin(direction)])
    return (x - dx, y - dy, x + dx, y + dy, rng.uniform(-0.2, 0.2) if bow is None else bow)


def bowed(start: Array, end: Array, bow: float) -> Stroke:
    """The curve from point to point whose middle lies aside, by this part of its length."""
    t = np.linspace(0, 1, 30)[:, None]
    way = end - start
    return start + t * way + 4 * bow * t * (1 - t) * np.array([-way[1], way[0]])


# Drawing


def turned(stroke: Stroke, by: float) -> Stroke:
    """The stroke turned around the origin, in radians."""
    c, s = math.cos(by), math.sin(by)
    return stroke @ np.array([[c, s], [-s, c]])


def drawn(strokes: list[Stroke], rng: Rng, pen: tuple[float, float]) -> Array:
    """Strokes on white paper, drawn with a round pen: grey values (H, W).

    Args:
        pen: its least and greatest width, in parts of the longer side of what is drawn.
    """
    from PIL import Image, ImageDraw

    side = int(rng.integers(110, 191))
    size = side * rng.uniform(0.5, 0.72)
    low, high = (corner(np.concatenate(strokes), axis=0) for corner in (np.min, np.max))
    scale = size / (high - low).max()
    room = side - scale * (high - low)
    offset = room * rng.uniform(0.35, 0.65, 2)
    half = FINER * size * rng.uniform(*pen) / 2
    ink = int(rng.integers(0, 90))
    paper = Image.new("L", (FINER * side, FINER * side), 255)
    pencil = ImageDraw.Draw(paper)
    for stroke in strokes:
        points = [(float(x), float(y)) for x, y in FINER * (offset + scale * (stroke - low))]
        pencil.line(points, fill=ink, width=round(2 * half), joint="curve")
        for x, y in (points[0], points[-1]):
            pencil.ellipse((x - half, y - half, x + half, y + half), fill=ink)
    return np.asarray(paper.reduce(FINER))


def _group(pictures: Iterator[tuple[str, Array]]) -> Group:
    kinds, found = zip(*pictures, strict=True)
    return Group(list(found), list(kinds), [list(readings(picture, to_mnist)) for picture in found])


def _cross(a: Array, b: Array) -> Array:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _stream(seed: int, group: int) -> Rng:
    return np.random.Generator(np.random.Philox(key=[seed, group]))
