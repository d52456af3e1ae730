"""Pictures that are hard to read, of eight kinds. In each, something that is removed elsewhere belongs to the digit, or
something that looks like ink does not.

`KINDS[kind](digit, seed)` is a Pillow image. The seed chooses size, place, pen, colours and noise.
"""

import io
import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

Strokes = list[np.ndarray]  # each (P, 2): x and y; the digit is 1 high
Random = np.random.Generator
FINE = 4  # strokes are drawn at this number of pixels per pixel, for smooth edges


def arc(x: float, y: float, wide: float, high: float, first: float, last: float) -> list[tuple[float, float]]:
    """Points along an ellipse around (x, y), from one angle to another; 0 degrees is right, 90 down."""
    angles = np.radians(np.linspace(first, last, 24))
    return [(x + wide * math.cos(a), y + high * math.sin(a)) for a in angles]


SKELETONS: dict[int, list[list[tuple[float, float]]]] = {
    0: [arc(0.3, 0.5, 0.28, 0.5, -80, 280)],
    1: [[(0.3, 0), (0.3, 1)]],
    2: [[*arc(0.3, 0.26, 0.26, 0.26, -170, 30), (0.02, 1), (0.6, 0.97)]],
    3: [[*arc(0.25, 0.25, 0.25, 0.25, -150, 90), *arc(0.25, 0.74, 0.3, 0.26, -90, 150)]],
    4: [[(0.08, 0), (0.02, 0.5), (0.62, 0.47)], [(0.52, 0), (0.5, 1)]],
    5: [[(0.58, 0), (0.12, 0.02), (0.08, 0.42), *arc(0.25, 0.7, 0.3, 0.3, -100, 140)]],
    6: [[(0.42, 0), *arc(0.5, 0.65, 0.48, 0.6, -120, -180), *arc(0.28, 0.74, 0.26, 0.26, 180, -180)]],
    7: [[(0, 0.03), (0.58, 0), (0.25, 1)]],
    8: [arc(0.3, 0.24, 0.22, 0.24, 90, 450), arc(0.3, 0.74, 0.27, 0.26, -90, 270)],
    9: [arc(0.28, 0.27, 0.25, 0.26, 0, 360), [(0.53, 0.05), (0.5, 1)]],
}
LOOSE: dict[int, list[list[tuple[float, float]]]] = {
    0: [arc(0.3, 0.5, 0.28, 0.5, -80, 90), arc(0.3, 0.5, 0.28, 0.5, 100, 270)],
    4: [[(0.08, 0), (0.02, 0.5), (0.38, 0.48)], [(0.55, 0), (0.53, 1)]],
    5: [[(0.16, 0.12), (0.12, 0.44), *arc(0.25, 0.7, 0.3, 0.3, -100, 140)], [(0.2, 0), (0.62, -0.03)]],
}


def varied(skeleton: list[list[tuple[float, float]]], rng: Random) -> Strokes:
    """The strokes as another hand would make them: slanted and stretched a little."""
    wide, slant = rng.uniform(0.9, 1.15), rng.uniform(-0.05, 0.2)
    strokes = [np.array(stroke) for stroke in skeleton]
    strokes = [np.stack([wide * s[:, 0] - slant * (s[:, 1] - 1), s[:, 1]], axis=1) for s in strokes]
    least = np.concatenate(strokes).min(axis=0)
    return [stroke - least for stroke in strokes]


def drawn(strokes: Strokes, size: tuple[int, int], place: tuple[float, float], height: float, pen: float) -> np.ndarray:
    """The share of ink of each pixel (H, W) of a picture of this size (W, H), by a round pen.

    The place of the corner above and left of the digit, its height and the width of the pen are in pixels.
    """
    fine = 1 if pen < 2 else FINE
    page = Image.new("L", (size[0] * fine, size[1] * fine))
    draw = ImageDraw.Draw(page)
    for stroke in strokes:
        points = [tuple(point) for point in ((stroke * height + place) * fine).tolist()]
        draw.line(points, fill=255, width=round(pen * fine))
        radius = pen * fine / 2
        for x, y in points if pen >= 2 else []:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(page.resize(size, Image.Resampling.BOX), float) / 255


def width(strokes: Strokes) -> float:
    """In heights of the digit."""
    return float(np.ptp(np.concatenate(strokes)[:, 0]))


def image(grey: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(grey, 0, 255).round().astype(np.uint8))


def inked(ink: np.ndarray, rng: Random, contrast: float = 0.6, noise: float = 3.0) -> Image.Image:
    """Ink (H, W) in dark on light paper with some noise; one picture in four is light on dark."""
    paper = rng.uniform(225, 255)
    grey = paper * (1 - ink * rng.uniform(contrast, 0.95)) + rng.uniform(0, noise) * rng.standard_normal(ink.shape)
    return image(255 - grey if rng.random() < 0.25 else grey)


def border_and_speck(digit: int, seed: int) -> Image.Image:
    """A digit that touches one side of the picture, and a speck."""
    rng = np.random.default_rng((seed, digit))
    strokes, side = varied(SKELETONS[digit], rng), int(rng.integers(90, 400))
    height = rng.uniform(0.5, 0.75) * side
    pen = rng.uniform(0.06, 0.13) * height
    free = np.array([side - width(strokes) * height - pen, side - height - pen])
    place = pen / 2 + rng.uniform(0.35, 0.65, 2) * free
    axis, end = rng.integers(2), rng.integers(2)
    beyond = rng.uniform(0.5, 0.9) * pen  # so much of the outermost stroke is cut off, or touches
    place[axis] = (side - (width(strokes) if axis == 0 else 1) * height - pen / 2 + beyond) if end else pen / 2 - beyond
    ink = drawn(strokes, (side, side), (place[0], place[1]), height, pen)
    corners = [(0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9)]
    farthest = max(corners, key=lambda c: np.abs(np.array(c) * side - place - height / 2).sum())
    speck = [np.array([farthest, farthest])]
    return inked(np.maximum(ink, drawn(speck, (side, side), (0, 0), side, rng.uniform(2, 2 + 0.02 * side))), rng)


def pencil_in_dark_grid(digit: int, seed: int) -> Image.Image:
    """A pencil digit in a cell whose dark lines run on to the sides of the picture, rotated a little, rough or not."""
    rng = np.random.default_rng((seed, digit))
    side = int(rng.integers(180, 420))
    strokes = varied(SKELETONS[digit], rng)
    height, pen = rng.uniform(0.45, 0.65) * side, rng.uniform(0.015, 0.035) * side
    free = np.array([side - width(strokes) * height, side - height])
    place = free * rng.uniform(0.4, 0.6, 2)
    pencil = drawn(strokes, (side, side), (place[0], place[1]), height, max(pen, 2)) * rng.uniform(0.25, 0.5)
    turn, thick, rough = rng.uniform(-0.03, 0.03), rng.uniform(2, 7), rng.uniform(0, 1.5) * rng.integers(2)
    y, x = np.indices((side, side)) - side / 2
    grid = np.zeros((side, side))
    for along, across in ((x, y), (y, -x)):
        away = across * math.cos(turn) - along * math.sin(turn)
        for sign in (-1, 1):
            middle = sign * side * rng.uniform(0.4, 0.46)
            wobble = rough * np.cumsum(rng.standard_normal(side) / 8)[(along + side / 2).astype(int)]
            grid = np.maximum(grid, np.clip(thick / 2 + 0.5 - np.abs(away - middle - wobble), 0, 1))
    ink = np.maximum(pencil, grid * rng.uniform(0.85, 1))
    return image(rng.uniform(230, 255) * (1 - ink) + rng.uniform(0, 3) * rng.standard_normal(ink.shape))


def full_height(digit: int, seed: int) -> Image.Image:
    """A small picture with a stem as high as it is: of a 1, 4, 7 or 9."""
    rng = np.random.default_rng((seed, digit))
    high = int(rng.integers(20, 61))
    strokes = varied(SKELETONS[digit], rng)
    pen = 1.0 if rng.random() < 0.5 else rng.uniform(2, 0.1 * high + 1)
    wide = max(round(width(strokes) * high + pen + 2), round(rng.uniform(0.7, 1.4) * high))
    left = pen / 2 + rng.uniform(0.2, 0.8) * (wide - width(strokes) * high - pen)
    return inked(drawn(strokes, (wide, high), (left, 0), high, pen), rng)


def low_light(digit: int, seed: int) -> Image.Image:
    """A photo whose paper is darker than a quarter of white, often with a slope of the light; as JPEG stores it."""
    rng = np.random.default_rng((seed, digit))
    side = int(rng.integers(200, 700))
    strokes = varied(SKELETONS[digit], rng)
    height = rng.uniform(0.4, 0.7) * side
    place = np.array([side - width(strokes) * height, side - height]) * rng.uniform(0.3, 0.7, 2)
    ink = drawn(strokes, (side, side), (place[0], place[1]), height, rng.uniform(0.06, 0.12) * height)
    y, x = np.indices((side, side)) / side - 0.5
    angle, slope = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.5) * rng.integers(2)
    light = rng.uniform(25, 50) * (1 + slope * (x * math.cos(angle) + y * math.sin(angle)))
    grey = light * (1 - rng.uniform(0.45, 0.7) * ink) + rng.uniform(0.5, 2.5) * rng.standard_normal(ink.shape)
    file = io.BytesIO()
    image(grey).save(file, "JPEG", quality=int(rng.integers(70, 95)))
    return Image.open(file)


def window(digit: int, seed: int) -> Image.Image:
    """The window of a painting program: a title, swatches of colour, tools at the left, a status line, and a canvas."""
    rng = np.random.default_rng((seed, digit))
    wide, high = int(rng.integers(500, 1100)), int(rng.integers(400, 750))
    dark = rng.random() < 0.4
    ground, button = ((40, 42, 46), (75, 77, 82)) if dark else ((238, 238, 240), (205, 207, 212))
    text = (220, 220, 220) if dark else (40, 40, 40)
    page = Image.new("RGB", (wide, high), ground)
    draw = ImageDraw.Draw(page)
    title, bar = int(rng.integers(22, 36)), int(rng.integers(20, 40))
    draw.rectangle((0, 0, wide, title), fill=(25, 25, 28) if dark else tuple(rng.integers(0, 230, 3).tolist()))
    draw.text((10, title // 3), "drawing - Painter", fill=(255, 255, 255))
    for k in range(int(rng.integers(6, 20))):
        x = 90 + k * (bar - 4)
        draw.rectangle((x, title + 6, x + bar - 10, title + bar - 6), fill=tuple(rng.integers(0, 256, 3).tolist()))
    for k in range(int(rng.integers(0, 9))):
        y = title + bar + 10 + k * 34
        draw.rectangle((8, y, 36, y + 26), fill=button, outline=text if k % 3 == 0 else None)
        draw.line((14, y + 6 + k, 30, y + 20 - k), fill=text, width=2)
    draw.rectangle((0, high - 20, wide, high), fill=button)
    draw.text((10, high - 16), f"{wide} x {high} px    100%", fill=text)
    left, top = 50 + int(rng.integers(0, 30)), title + bar + int(rng.integers(4, 20))
    right, below = (
        left + int(rng.uniform(0.6, 0.95) * (wide - left)),
        top + int(rng.uniform(0.7, 0.95) * (high - 24 - top)),
    )
    draw.rectangle((left, top, right, below), fill=(255, 255, 255))
    strokes = varied(SKELETONS[digit], rng)
    height = rng.uniform(0.35, 0.7) * (below - top)
    free = np.array([right - left - width(strokes) * height, below - top - height])
    place = free * rng.uniform(0.25, 0.75, 2) + (left, top)
    ink = drawn(strokes, (wide, high), (place[0], place[1]), height, rng.uniform(0.05, 0.11) * height)
    colour = Image.new("RGB", page.size, tuple(rng.integers(0, 90, 3).tolist()))
    return Image.composite(colour, page, image(255 * ink))


def loose(digit: int, seed: int) -> Image.Image:
    """A 5 whose bar is loose, a 4 of two strokes that do not touch, or a broken 0."""
    rng = np.random.default_rng((seed, digit))
    gap = rng.uniform(0, 0.12)
    strokes = varied(LOOSE[digit], rng)
    strokes[1] = strokes[1] + gap * np.array({0: (-1, 0), 4: (1, 0), 5: (0.5, -1)}[digit])
    strokes = [stroke - np.concatenate(strokes).min(axis=0) for stroke in strokes]
    side = int(rng.integers(60, 400))
    height = rng.uniform(0.5, 0.75) * side
    pen = max(2.0, rng.uniform(0.05, 0.09) * height)
    place = np.array([side - width(strokes) * height, side - 1.1 * height]) * rng.uniform(0.35, 0.65, 2)
    return inked(drawn(strokes, (side, side), (place[0], place[1]), height, pen), rng)


def pale_stroke(digit: int, seed: int) -> Image.Image:
    """A digit by a pen that runs dry: its longer part is much paler than the rest."""
    rng = np.random.default_rng((seed, digit))
    strokes = varied(SKELETONS[digit], rng)
    side = int(rng.integers(100, 400))
    height = rng.uniform(0.5, 0.75) * side
    pen = max(2.0, rng.uniform(0.06, 0.11) * height)
    place = np.array([side - width(strokes) * height, side - height]) * rng.uniform(0.35, 0.65, 2)
    steps = [(a, b) for s in strokes for a, b in pairwise(finely(s))]
    strong = rng.uniform(0.15, 0.45) * len(steps)
    part = [np.stack(step) for k, step in enumerate(steps) if k < strong]
    everything = drawn(strokes, (side, side), (place[0], place[1]), height, pen)
    wet = drawn(part, (side, side), (place[0], place[1]), height, pen)
    return inked(np.maximum(everything * rng.uniform(0.2, 0.45), wet), rng, 0.75, 2)


def long_upstroke(digit: int, seed: int) -> Image.Image:
    """A 1 with an upstroke of up to 0.7 of its height, that rises by 40 to 60 degrees, straight or hollow."""
    rng = np.random.default_rng((seed, digit))
    left = rng.uniform(0.2, 0.4)
    down = left * math.tan(math.radians(rng.uniform(40, 60)))
    hollow = rng.uniform(-0.02, 0.1)
    way = np.linspace(0, 1, 12)
    rising = np.stack([left * way, down * (1 - way) + hollow * np.sin(np.pi * way)], axis=1)
    slant = rng.uniform(-0.05, 0.12)
    strokes = [np.concatenate([rising, [(left - slant, 1.0)]])]
    strokes[0] -= strokes[0].min(axis=0)
    side = int(rng.integers(60, 400))
    height = rng.uniform(0.5, 0.75) * side
    pen = max(2.0, rng.uniform(0.04, 0.1) * height)
    place = np.array([side - width(strokes) * height, side - height]) * rng.uniform(0.35, 0.65, 2)
    return inked(drawn(strokes, (side, side), (place[0], place[1]), height, pen), rng)


def finely(stroke: np.ndarray) -> np.ndarray:
    """The same stroke with a point at least every fiftieth of the height."""
    parts = [np.linspace(a, b, max(2, math.ceil(50 * float(np.hypot(*(b - a)))))) for a, b in pairwise(stroke)]
    return np.concatenate(parts)


KINDS: dict[str, Callable[[int, int], Image.Image]] = {
    "border and speck": border_and_speck,
    "pencil in a dark grid": pencil_in_dark_grid,
    "full height": full_height,
    "low light": low_light,
    "window": window,
    "loose strokes": loose,
    "pale stroke": pale_stroke,
    "long upstroke": long_upstroke,
}
DIGITS = {
    "full height": (1, 4, 7, 9),
    "loose strokes": (0, 4, 5),
    "long upstroke": (1,),
}  # of a kind; of all others all
