"""Pictures of MNIST digits as a phone or a scanner would see them: what wild.py measures a recogniser on.

An effect is one thing that such pictures have and MNIST has not, with the range of its severity; a picture has several
at once, drawn at random. The ranges say what phones, scanners, pens and paper do, and were fixed by looking at the
pictures, before any reader had seen one; nothing here is known to the code that reads pictures or trains networks, and
nothing here comes from it.

Every random number is drawn from a stream addressed by (seed, number of the picture, what it is for). So picture 7 is
the same alone or among 2,000, and leaving one effect out changes nothing else of it.
"""

import io
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator, Philox, SeedSequence
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Array = NDArray[Any]
Range = tuple[float, float]

# Without effects: dark grey ink on white paper, the digit in the middle of a picture of ordinary size.
PLAIN_SIDE: Range = (120, 360)  # pixels, the longer side of the picture
SHAPE: Range = (0.6, 1.0)  # shorter side / longer side
PLAIN_SHARE: Range = (0.35, 0.8)  # longer side of the digit / shorter side of the picture
PLAIN_INK: Range = (5, 60)  # grey values
PLAIN_PAPER: Range = (225, 255)
SOFTNESS: Range = (1.0, 2.5)  # pixels over which the edge of a stroke goes from ink to paper: the lens
BLURRED: Range = (0.0, 0.03)  # the same as a share of the digit: large pictures are seldom sharp to the pixel
LEAST_DIGIT = 14  # pixels, the longer side; under it people begin to guess
LEAST_PEN = 1.3  # pixels; thinner strokes fade into the paper
LEAST_GAP = 1.4  # pixels; a thicker pen leaves holes at least this wide

# The severities.
SIDE: Range = (16, 4000)  # pixels, log-uniform
SHARE: Range = (0.2, 0.6)  # as PLAIN_SHARE, off centre
PEN: Range = (0.03, 0.30)  # width of the stroke / longer side of the digit: ballpoint to marker, log-uniform
DARK: Range = (5, 60)  # paper, light on dark
LIGHT: Range = (180, 255)  # ink, light on dark
LEAST_CONTRAST = 80  # grey values between coloured ink and coloured paper
TINT = 15  # grey values by which a coloured paper or ink differs from those of the lists below
DIMMEST: Range = (0.35, 0.8)  # light at the darkest place / at the brightest
TEXTURE: Range = (2, 9)  # standard deviation of the paper, grey values
STREAKS: Range = (0.0, 0.35)  # ink that rough paper does not take, at most
PITCH: Range = (0.35, 1.3)  # distance of ruled lines / longer side of the digit
LINE_WIDTH: Range = (0.015, 0.07)  # of a ruled line / longer side of the digit
LINE_OF_PEN = 0.5  # but at most this share of the stroke's width
LINE_STRENGTH: Range = (0.12, 0.5)  # contrast of a ruled line / of the ink
LINE_TINT: Range = (0.3, 1.0)  # contrast of a coloured line in a channel / in another
TILT = 2.0  # degrees, of the ruled lines, at most
QUALITY = 20, 95  # JPEG
SENSOR_NOISE: Range = (0, 10)  # standard deviation, grey values
SMALL = 40  # a digit of fewer pixels is from a large picture shrunk, in which grain, noise and blur average out,
QUALITY_OF_SMALL = 70  # and which is saved with at least this quality
OPACITY: Range = (0.85, 1.0)  # of the ink on nothing

PAPERS = {
    "white": (250, 250, 247),
    "cream": (248, 240, 214),
    "yellow": (250, 230, 120),
    "pink": (248, 190, 200),
    "blue": (185, 212, 240),
    "green": (195, 230, 190),
    "brown": (200, 165, 120),
    "recycled": (205, 200, 190),
}
INKS = {
    "black": (25, 25, 30),
    "blue": (20, 45, 150),
    "red": (190, 25, 40),
    "green": (15, 105, 60),
    "violet": (95, 35, 140),
    "brown": (100, 60, 30),
    "turquoise": (0, 110, 130),
}
BOARDS = {
    "black": (20, 20, 22),
    "green": (35, 75, 60),
    "slate": (55, 62, 72),
    "navy": (18, 28, 70),
    "wine": (85, 20, 40),
}
CHALKS = {
    "white": (245, 245, 240),
    "yellow": (250, 235, 120),
    "pink": (250, 180, 195),
    "sky": (160, 215, 250),
    "lime": (185, 240, 140),
    "orange": (250, 175, 90),
}
LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601

FINE = 8  # samples of the shape per MNIST pixel
ROOM = 3  # MNIST pixels added around the image, for the thickest pen
INK_LEVELS = (0.4, 0.3)  # of 255: brighter is inside the stroke; that which tears it least
TILE = 384  # pixels of the seamless tile that paper and sensor noise repeat
SHARP = 800  # pixels, the longer side; in larger pictures the grain of the paper is larger too


@dataclass
class Scene:
    """All that is decided about a picture before it is rendered; an effect changes some of it."""

    rng: Generator  # for what all pictures need
    longer: float = 0.0
    shorter: float = 0.0
    portrait: bool = False
    share: float = 0.0  # of the digit in the shorter side
    place: tuple[float, float] = (0.5, 0.5)  # down and across: 0 and 1 are the edges
    pen: float | None = None  # share of the digit, None: as it was written
    ink: Array = field(default_factory=lambda: np.zeros(1))  # (1,) grey or (3,) colour
    paper: Array = field(default_factory=lambda: np.zeros(1))
    dark: bool = False  # the paper, under light ink
    softness: float = 1.0
    blurred: float = 0.0
    effects: "dict[str, Generator]" = field(default_factory=dict)  # that the picture has, with their streams
    format: str = "PNG"
    quality: int = 0
    orientation: int = 1  # EXIF


@dataclass(frozen=True)
class Effect:
    """One thing that pictures of the wild have.

    Attributes:
        about: what it does, with its range.   chance: that a picture has it.
        decide: changes the scene; None if it only acts when the picture is rendered.
    """

    about: str
    chance: float
    decide: Callable[[Scene, Generator], None] | None = None


@dataclass(frozen=True)
class WildPicture:
    """A picture file as bytes.

    Attributes:
        effects: the names of those it has.   height, width: in pixels, as seen upright.   digit: its longer side.
    """

    data: bytes
    format: str
    effects: tuple[str, ...]
    height: int
    width: int
    digit: int

    @property
    def name(self) -> str:
        return "picture.jpg" if self.format == "JPEG" else "picture.png"


# ------------------------------------------------------------------------------------------------ effects


def any_size(scene: Scene, rng: Generator) -> None:
    scene.longer = log_uniform(rng, SIDE)


def off_centre(scene: Scene, rng: Generator) -> None:
    scene.share = rng.uniform(*SHARE)
    down, across = rng.beta(0.5, 0.5, 2)  # near an edge more often than not
    scene.place = float(down), float(across)


def any_pen(scene: Scene, rng: Generator) -> None:
    scene.pen = log_uniform(rng, PEN)


def light_on_dark(scene: Scene, rng: Generator) -> None:
    scene.dark = True
    scene.ink, scene.paper = rng.uniform(*LIGHT, 1), rng.uniform(*DARK, 1)


def coloured(scene: Scene, rng: Generator) -> None:
    inks, papers = (CHALKS, BOARDS) if scene.dark else (INKS, PAPERS)
    while True:
        ink = np.array(rng.choice(list(inks.values()))) + rng.uniform(-TINT, TINT, 3)
        paper = np.array(rng.choice(list(papers.values()))) + rng.uniform(-TINT, TINT, 3)
        scene.ink, scene.paper = np.clip(ink, 0, 255), np.clip(paper, 0, 255)
        if abs(LUMINANCE @ (scene.ink - scene.paper)) >= LEAST_CONTRAST:
            return


def jpeg(scene: Scene, rng: Generator) -> None:
    scene.format = "JPEG"
    scene.quality = int(rng.integers(*QUALITY, endpoint=True))


def turned(scene: Scene, rng: Generator) -> None:
    scene.orientation = int(rng.integers(2, 8, endpoint=True))


EFFECTS = {
    "size": Effect("16 to 4,000 pixels, the digit at least 14", 0.45, any_size),
    "off centre": Effect("the digit 20 to 60 % of the shorter side, anywhere", 0.6, off_centre),
    "pen": Effect("stroke 3 to 30 % of the digit: ballpoint to marker", 0.45, any_pen),
    "light on dark": Effect("blackboard, dark mode", 0.45, light_on_dark),
    "colour": Effect("coloured ink on coloured paper", 0.45, coloured),
    "uneven light": Effect("slope, vignette or shadow; darkest place 35 to 80 % as bright as the brightest", 0.45),
    "paper texture": Effect("grain and fibres, standard deviation 2 to 9 of 255; ink with gaps", 0.45),
    "ruled lines": Effect("ruled or squared; at most half the pen's width, 12 to 50 % of its contrast", 0.45),
    "JPEG noise": Effect("quality 20 to 95, after sensor noise of 0 to 10 of 255", 0.45, jpeg),
    "EXIF rotation": Effect("pixels turned or mirrored, and a mark that says so", 0.45, turned),
    "transparent": Effect("ink alone in a PNG with transparency", 0.2),
}
# Ink alone has no paper and met no camera; and light ink on nothing shows nothing on a white page.
NOT_TRANSPARENT = {"light on dark", "uneven light", "paper texture", "ruled lines", "JPEG noise"}


def random_stream(seed: int, number: int, purpose: int) -> Generator:
    return Generator(Philox(SeedSequence((seed, number, purpose))))


def log_uniform(rng: Generator, limits: Range) -> float:
    return float(np.exp(rng.uniform(*np.log(limits))))


def wild_picture(image: Array, seed: int, number: int, effects: Collection[str] | None = None) -> WildPicture:
    """Picture `number` of `seed`, showing the digit of an MNIST image.

    Args:
        image: (28, 28) uint8, 0 is the background.
        effects: names from EFFECTS that it shall have; None draws them at random, as the pictures measured do.
    """
    streams = {name: random_stream(seed, number, purpose) for purpose, name in enumerate(EFFECTS, start=2)}
    chosen = set(random_effects(random_stream(seed, number, 0)) if effects is None else effects)
    if "transparent" in chosen:
        chosen -= NOT_TRANSPARENT
    scene = plain_scene(random_stream(seed, number, 1))
    scene.effects = {name: streams[name] for name in EFFECTS if name in chosen}
    for name, rng in scene.effects.items():
        if decide := EFFECTS[name].decide:
            decide(scene, rng)
    return render(scene, image)


def random_effects(rng: Generator) -> list[str]:
    draws = rng.random(len(EFFECTS))
    return [name for (name, effect), draw in zip(EFFECTS.items(), draws, strict=True) if draw < effect.chance]


def plain_scene(rng: Generator) -> Scene:
    """A scene without any effect."""
    scene = Scene(rng)
    scene.longer = rng.uniform(*PLAIN_SIDE)
    scene.shorter = rng.uniform(*SHAPE)
    scene.portrait = rng.random() < 0.5
    scene.share = rng.uniform(*PLAIN_SHARE)
    scene.ink, scene.paper = rng.uniform(*PLAIN_INK, 1), rng.uniform(*PLAIN_PAPER, 1)
    scene.softness, scene.blurred = rng.uniform(*SOFTNESS), rng.uniform(*BLURRED)
    return scene


# -------------------------------------------------------------------------------------------------- shape


def signed_distance(image: Array) -> Array:
    """The digit as a smooth shape: distance to its edge in MNIST pixels, positive inside, FINE samples per pixel."""
    padded = np.pad(image.astype(np.float32) / 255, ROOM)
    level = ndimage.zoom(padded, FINE, order=3, grid_mode=True, mode="grid-constant")
    level = ndimage.gaussian_filter(level, 0.5 * FINE)
    candidates = [without_specks(level > limit) for limit in INK_LEVELS]
    inside = min(candidates, key=lambda ink: pieces(ink) - holes(ink))  # a tear adds a piece or opens a hole
    distance = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    return ndimage.gaussian_filter(distance, 0.2 * FINE) / FINE


def without_specks(inside: Array) -> Array:
    """The pieces that are at least a tenth of the largest."""
    pieces, count = ndimage.label(inside)
    sizes = ndimage.sum_labels(inside, pieces, range(1, count + 1))
    return np.isin(pieces, 1 + np.flatnonzero(sizes >= 0.1 * sizes.max()))


def with_pen(distance: Array, width: float, room: float) -> Array:
    """The shape as a pen of this width (a share of the digit) would write it, as nearly as it keeps pieces and holes.

    A thinner pen follows the middle of the stroke; what was blotted stays a blot. A thicker one grows the stroke, but
    leaves holes and gaps more than twice `room` wide (MNIST pixels), so that they are still seen.
    """
    half = pen_width(distance) / 2
    wanted = width * longest_side(distance) / FINE / 2
    to_middle = ndimage.distance_transform_edt(~middle(distance)) / FINE
    for nearly in (1.0, 0.85, 0.7, 0.55, 0.4, 0.25, 0.1):
        radius = half + nearly * (wanted - half)
        if radius < half:
            changed = np.maximum(distance - (half - radius), radius - to_middle)
        else:
            changed = distance + (radius - half)
        if pieces(changed) == pieces(distance) and holes(changed) == holes(changed + room) == holes(distance):
            return changed
    return distance


def middle(distance: Array) -> Array:
    """Where the strokes have their middle: the distance to the edge has a ridge there, and hardly a slope."""
    slope = np.hypot(*np.gradient(distance)) * FINE
    return (distance > 0) & (slope < 0.7)


def pen_width(distance: Array) -> float:
    """The usual width of the stroke in MNIST pixels."""
    return 2 * float(np.median(distance[middle(distance)]))


def pieces(distance: Array) -> int:
    return int(ndimage.label(distance > 0)[1])


def holes(distance: Array) -> int:
    return int(ndimage.label(distance <= 0)[1]) - 1  # the paper around the digit is none


def bounds(distance: Array) -> tuple[slice, slice]:
    rows, columns = (np.flatnonzero((distance > 0).any(axis)) for axis in (1, 0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def longest_side(distance: Array) -> int:
    rows, columns = bounds(distance)
    return int(max(rows.stop - rows.start, columns.stop - columns.start))


def coverage(distance: Array, scale: float, softness: float) -> Array:
    """How much of each pixel is ink, 0 to 1, where an MNIST pixel is `scale` pixels and the edge is so soft."""
    size = max(1, round(distance.shape[1] / FINE * scale)), max(1, round(distance.shape[0] / FINE * scale))
    if scale >= FINE:
        return np.clip(resize(distance, size) * scale / softness + 0.5, 0, 1)
    ink = np.clip(distance * scale / softness + 0.5, 0, 1)
    return np.clip(resize(ink, size, Image.Resampling.BOX), 0, 1)


def resize(values: Array, size: tuple[int, int], filtered: Image.Resampling = Image.Resampling.BICUBIC) -> Array:
    """To `size` (width, height)."""
    return np.asarray(Image.fromarray(values.astype(np.float32)).resize(size, filtered))


# ---------------------------------------------------------------------------------------------- rendering


def render(scene: Scene, image: Array) -> WildPicture:
    """The scene as a file."""
    distance = signed_distance(image)
    height, width, digit = sides(scene)
    if scene.pen is not None:
        distance = with_pen(distance, scene.pen, room=LEAST_GAP / 2 / digit * longest_side(distance) / FINE)
    scale = digit / longest_side(distance) * FINE
    pen = pen_width(distance) * scale
    if pen < LEAST_PEN:
        distance = distance + (LEAST_PEN - pen) / 2 / scale
    shrunk = min(1.0, digit / SMALL)
    cover = coverage(distance, scale, max(scene.softness * shrunk, scene.blurred * digit))
    cover = placed(cover, height, width, scene.place)
    if "transparent" in scene.effects:
        pixels = transparent(scene, cover)
    else:
        pixels = photographed(scene, cover, digit, max(pen, LEAST_PEN), shrunk)
    quality = max(scene.quality, QUALITY_OF_SMALL) if shrunk < 1 else scene.quality
    data = encoded(pixels, scene.format, quality, scene.orientation)
    return WildPicture(data, scene.format, tuple(scene.effects), height, width, digit)


def sides(scene: Scene) -> tuple[int, int, int]:
    """Height and width of the picture, and the longer side of the digit, in pixels; there is a margin of 1 or more."""
    longer = round(scene.longer)
    shorter = max(round(scene.longer * scene.shorter), LEAST_DIGIT + 2)
    digit = min(max(round(scene.share * shorter), LEAST_DIGIT), shorter - 2)
    height, width = (longer, shorter) if scene.portrait else (shorter, longer)
    return height, width, digit


def placed(cover: Array, height: int, width: int, place: tuple[float, float]) -> Array:
    """The digit in a picture without ink elsewhere; a place of 0 or 1 leaves a fiftieth of the side as margin."""
    rows, columns = bounds(cover - 0.02)
    ink = cover[rows, columns][:height, :width]
    whole = np.zeros((height, width), np.float32)
    corner = []
    for side, extent, where in zip((height, width), ink.shape, place, strict=True):
        margin = min(max(1, side // 50), (side - extent) // 2)
        corner.append(margin + round(where * (side - extent - 2 * margin)))
    top, left = corner
    whole[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return whole


def transparent(scene: Scene, cover: Array) -> Array:
    """Ink on nothing: (H, W, 2) grey and alpha, or (H, W, 4)."""
    rng = scene.effects["transparent"]
    hidden = (0, 255, scene.ink)[rng.integers(3)]  # colours that programs leave where nothing was drawn
    alpha = np.rint(np.float32(255 * rng.uniform(*OPACITY)) * cover).astype(np.uint8)
    pixels = np.empty((*cover.shape, len(scene.ink) + 1), np.uint8)
    pixels[..., :-1] = hidden
    pixels[alpha > 0, :-1] = scene.ink
    pixels[..., -1] = alpha
    return pixels


def photographed(scene: Scene, cover: Array, digit: int, pen: float, shrunk: float) -> Array:
    """Paper with ink on it under a light, as a sensor sees it: (H, W) grey or (H, W, 3)."""
    has, (height, width) = scene.effects, cover.shape
    grain: Array | float = 0.0  # standard deviation 1
    lines: Array | float = 0.0  # share of the ink's contrast
    light: Array | float = 1.0
    noise: Array | float = 0.0  # grey values
    roughness, tint = 0.0, np.ones(len(scene.ink))
    if rng := has.get("paper texture"):
        grain = tiled(paper_tile(rng), height, width, zoom=max(1.0, max(height, width) / SHARP))
        roughness = shrunk * rng.uniform(*TEXTURE)
        cover = cover * (1 - np.float32(rng.uniform(*STREAKS)) * np.clip(0.5 + 0.5 * grain, 0, 1))
    if rng := has.get("ruled lines"):
        lines = ruled(rng, height, width, digit, pen)
        tint = rng.uniform(*LINE_TINT, len(scene.ink))
        tint /= tint.max()
    if rng := has.get("uneven light"):
        light = lighting(rng, height, width)
    if rng := has.get("JPEG noise"):
        tile = shrunk * rng.uniform(*SENSOR_NOISE) * rng.standard_normal((TILE, TILE))
        noise = tiled(tile.astype(np.float32), height, width)
    channels = []
    for ink, paper, part in zip(scene.ink, scene.paper, tint, strict=True):
        surface = np.full((height, width), paper, np.float32)
        surface += np.float32(roughness) * grain + np.float32(part * (ink - paper)) * lines
        surface += cover * (np.float32(ink) - surface)
        surface = surface * light + noise
        channels.append(np.clip(surface, 0, 255).round().astype(np.uint8))
    return channels[0] if len(channels) == 1 else np.dstack(channels)


def paper_tile(rng: Generator) -> Array:
    """Seamless paper, mean 0 and standard deviation 1: grain and clouds of several sizes, fibres of any direction.

    Each is white noise blurred by a Gaussian: its spectrum is multiplied by exp(-2 pi^2 (along^2 + across^2)), where
    along and across are the frequencies times the blur in these directions.
    """
    down, right = np.meshgrid(np.fft.fftfreq(TILE), np.fft.rfftfreq(TILE), indexing="ij")
    tile = np.zeros((TILE, TILE))
    for long, short in ((0.6, 0.6), (2.5, 2.5), (14, 14), *[(rng.uniform(4, 12), 0.7) for _ in range(3)]):
        angle = rng.uniform(0, np.pi)
        along = long * (np.cos(angle) * right + np.sin(angle) * down)
        across = short * (np.cos(angle) * down - np.sin(angle) * right)
        noise = np.fft.rfft2(rng.standard_normal((TILE, TILE))) * np.exp(-2 * np.pi**2 * (along**2 + across**2))
        layer = np.fft.irfft2(noise, s=(TILE, TILE))
        tile += rng.uniform(0.2, 1.0) * layer / layer.std()
    return ((tile - tile.mean()) / tile.std()).astype(np.float32)


def tiled(tile: Array, height: int, width: int, *, zoom: float = 1.0) -> Array:
    if zoom > 1:
        side = round(TILE * zoom)
        tile = resize(tile, (side, side))
    times = -(-height // len(tile)), -(-width // len(tile))
    return np.tile(tile, times)[:height, :width]


def ruled(rng: Generator, height: int, width: int, digit: int, pen: float) -> Array:
    """Ruled or squared paper (H, W): where a line is, its contrast as a share of the ink's, else 0."""
    pitch = max(rng.uniform(*PITCH) * digit, 5.0)
    thick = min(rng.uniform(*LINE_WIDTH) * digit, LINE_OF_PEN * pen)
    strength = rng.uniform(*LINE_STRENGTH)
    angle = np.radians(rng.uniform(-TILT, TILT))
    squared = rng.random() < 0.5
    y, x = np.ogrid[:height, :width]
    sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    across = [cosine * y.astype(np.float32) + sine * x.astype(np.float32)]
    if squared:
        across.append(cosine * x.astype(np.float32) - sine * y.astype(np.float32))
    lines = np.zeros((height, width), np.float32)
    for position in across:
        position += np.float32(rng.uniform(0, pitch))
        position %= np.float32(pitch)
        position -= np.float32(pitch / 2)
        inside = np.clip((thick + 1) / 2 - np.abs(position), 0, min(1, thick))
        np.maximum(lines, inside, out=lines)
    return np.float32(strength) * lines


def lighting(rng: Generator, height: int, width: int) -> Array:
    """The light on each pixel (H, W): 1 at the brightest, at the darkest a share of it."""
    dimmest = rng.uniform(*DIMMEST)
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    angle = rng.uniform(0, 2 * np.pi)
    along = np.cos(angle) * x + np.sin(angle) * y
    kind = rng.integers(3)
    if kind == 0:  # a lamp or a window at one side
        shade = along
    elif kind == 1:  # a vignette, not quite in the middle
        shade = np.hypot(x - rng.uniform(-0.4, 0.4), y - rng.uniform(-0.4, 0.4)) ** 2
    else:  # the edge of a shadow, straight or bent
        across = np.cos(angle) * y - np.sin(angle) * x
        edge = along - rng.uniform(-0.5, 0.5) - rng.uniform(-0.4, 0.4) * across**2
        shade = 1 / (1 + np.exp(-edge / rng.uniform(0.02, 0.25)))
    shade = (shade - shade.min()) / np.ptp(shade)
    return resize(1 - (1 - dimmest) * shade, (width, height), Image.Resampling.BILINEAR)


# How the stored pixels come from the upright picture, by EXIF orientation: the mark tells a reader to undo it.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
ORIENTATION = 0x0112  # the EXIF tag


def encoded(pixels: Array, kind: str, quality: int, orientation: int) -> bytes:
    picture = Image.fromarray(pixels)
    exif = Image.Exif()
    if orientation != 1:
        picture = picture.transpose(STORED[orientation])
        exif[ORIENTATION] = orientation
    file = io.BytesIO()
    options = {"quality": quality} if kind == "JPEG" else {"compress_level": 1}
    picture.save(file, format=kind, exif=exif, **options)
    return file.getvalue()
