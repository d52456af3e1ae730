"""Digits written by hand in code, as people would photograph, scan or paint them.

A digit is a few strokes of a round pen through given points. A scene is a page, a pen and a light; it gives colours
(H, W, 3), uint8. Nothing here knows how the package finds ink.
"""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Strokes = list[list[tuple[float, float]]]  # (x, y) from 0 to 1, y downwards


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[tuple[float, float]]:
    """Points on an ellipse, angles in degrees, 0 to the right, 90 downwards."""
    angles = np.radians(np.linspace(start, end, 40))
    return list(zip((x + rx * np.cos(angles)).tolist(), (y + ry * np.sin(angles)).tolist(), strict=True))


WAYS: dict[int, list[Strokes]] = {
    0: [[arc(0.5, 0.5, 0.3, 0.5, -80, 285)], [arc(0.5, 0.5, 0.42, 0.48, -100, 255)]],
    1: [[[(0.5, 0.0), (0.5, 1.0)]], [[(0.3, 0.25), (0.52, 0.0), (0.5, 1.0)]], [[(0.65, 0), (0.4, 1)]]],
    2: [
        [[*arc(0.5, 0.28, 0.3, 0.28, -170, 40), (0.2, 1.0), (0.85, 0.98)]],
        [[*arc(0.48, 0.27, 0.28, 0.27, -160, 60), (0.3, 0.85), *arc(0.3, 0.88, 0.1, 0.08, 200, 330), (0.85, 1.0)]],
    ],
    3: [
        [[*arc(0.45, 0.26, 0.3, 0.26, -150, 90), *arc(0.45, 0.74, 0.35, 0.26, -90, 150)]],
        [[(0.2, 0.02), (0.78, 0.0), (0.45, 0.4), *arc(0.45, 0.7, 0.36, 0.3, -80, 150)]],
    ],
    4: [
        [[(0.3, 0.05), (0.15, 0.6), (0.85, 0.58)], [(0.68, 0.15), (0.62, 1.0)]],
        [[(0.9, 0.68), (0.1, 0.68), (0.65, 0.0), (0.65, 1.0)]],
    ],
    5: [
        [[(0.8, 0.0), (0.3, 0.0), (0.25, 0.42), *arc(0.45, 0.68, 0.35, 0.32, -110, 140)]],
        [[(0.32, 0.05), (0.28, 0.45), *arc(0.45, 0.7, 0.32, 0.3, -110, 130)], [(0.32, 0.03), (0.85, 0.0)]],
    ],
    6: [
        [[(0.65, 0.0), (0.35, 0.35), *arc(0.5, 0.72, 0.3, 0.28, 190, 560)]],
        [[*arc(0.6, 0.5, 0.4, 0.5, -70, -190), *arc(0.5, 0.75, 0.3, 0.25, 170, 530)]],
    ],
    7: [
        [[(0.15, 0.02), (0.85, 0.0), (0.4, 1.0)]],
        [[(0.15, 0.05), (0.85, 0.0), (0.45, 1.0)], [(0.3, 0.52), (0.82, 0.48)]],
    ],
    8: [
        [[*arc(0.5, 0.25, 0.24, 0.25, 90, 450), *arc(0.5, 0.75, 0.3, 0.25, -90, 270)]],
        [[*arc(0.52, 0.25, 0.22, 0.25, -30, -260), *arc(0.48, 0.74, 0.3, 0.26, -80, 230), (0.72, 0.1)]],
    ],
    9: [
        [[*arc(0.5, 0.28, 0.28, 0.28, -20, -370), (0.7, 1.0)]],
        [[*arc(0.48, 0.27, 0.27, 0.27, -10, -370), *arc(0.4, 0.6, 0.35, 0.4, -20, 110)]],
    ],
}


def written(digit: int, rng: np.random.Generator) -> Strokes:
    """One of the ways to write a digit, leaning, stretched and shaky as a hand is."""
    strokes = WAYS[digit][rng.integers(len(WAYS[digit]))]
    slant, wide = rng.uniform(-0.1, 0.3), rng.uniform(0.6, 0.9)
    wave = rng.uniform(0, 2 * np.pi, 4)
    shake = rng.uniform(0.0, 0.02)
    moved = []
    for stroke in strokes:
        line = []
        for (x0, y0), (x1, y1) in zip(stroke, [*stroke[1:], stroke[-1]], strict=True):
            for part in np.linspace(0, 1, 8, endpoint=False):
                x, y = x0 + part * (x1 - x0), y0 + part * (y1 - y0)
                x, y = x + shake * np.sin(9 * y + wave[0]), y + shake * np.sin(8 * x + wave[1])
                line.append((0.5 + wide * (x - 0.5) + slant * (0.5 - y), y))
        moved.append(line)
    return moved


def inked(strokes: Strokes, shape: tuple[int, int], box: tuple[float, float, float], pen: float) -> np.ndarray:
    """How much of each pixel (H, W) is covered by ink, 0 to 1; the digit stands in box (left, top, height), pixels."""
    times = 3 if max(shape) <= 1200 else 1
    left, top, height = box
    page = Image.new("L", (shape[1] * times, shape[0] * times))
    draw = ImageDraw.Draw(page)
    radius = pen * times / 2
    for stroke in strokes:
        points = [((left + x * height) * times, (top + y * height) * times) for x, y in stroke]
        draw.line(points, fill=255, width=max(1, round(2 * radius)))
        if radius >= 1:
            for x, y in points:
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(page.reduce(times), float) / 255


def painted(paper: object, ink: object, cover: np.ndarray) -> np.ndarray:
    """Paper of one colour or (H, W, 3), with ink on it: (H, W, 3) float."""
    cover = cover[..., None]
    return np.asarray(paper, float) * (1 - cover) + np.asarray(ink, float) * cover


def photographed(colours: np.ndarray, *, light: np.ndarray | float = 1.0, noise: float = 0, quality: int = 0,
                 rng: np.random.Generator | None = None) -> np.ndarray:  # fmt: skip
    """The colours in that light (H, W), with noise in grey values, after JPEG of that quality."""
    lit = colours * np.broadcast_to(np.asarray(light, float)[..., None], (*colours.shape[:2], 1))
    if noise and rng is not None:
        lit = lit + rng.normal(0, noise, lit.shape)
    image = Image.fromarray(np.clip(lit, 0, 255).round().astype(np.uint8))
    if quality:
        file = BytesIO()
        image.save(file, "JPEG", quality=quality)
        image = Image.open(file)
    return np.array(image)


def plane(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """y and x of each pixel (H, W), 0 to 1."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return y / shape[0], x / shape[1]


def ruled(shape: tuple[int, int], spacing: float, thick: float, *, across: bool = True, down: bool = False,
          slope: float = 0.0) -> np.ndarray:  # fmt: skip
    """Lines on a page: how much of each pixel (H, W) they cover."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    cover = np.zeros(shape)
    for place, wanted in ((y + slope * x, across), (x - slope * y, down)):
        if wanted:
            off = np.abs((place + spacing / 3) % spacing - spacing / 2)
            cover = np.maximum(cover, np.clip(thick / 2 + 0.5 - off, 0, 1))
    return cover


def crumpled(shape: tuple[int, int], rng: np.random.Generator, strength: float) -> np.ndarray:
    """Light on rough paper (H, W): noise of several sizes around 1."""
    total = np.zeros(shape)
    for size in (4, 16, 64):
        small = Image.fromarray(rng.normal(0, 1, (shape[0] // size + 2, shape[1] // size + 2)).astype(np.float32))
        total += np.asarray(small.resize(shape[::-1], Image.Resampling.BICUBIC))
    return 1 + strength * total / 2


Scene = Callable[[int, np.random.Generator], np.ndarray]
SCENES: dict[str, Scene] = {}


def scene(function: Scene) -> Scene:
    SCENES[function.__name__.replace("_", " ")] = function
    return function


@scene
def paint_program(digit: int, rng: np.random.Generator) -> np.ndarray:
    return painted((255,) * 3, (0,) * 3, inked(written(digit, rng), (280, 280), (70, 50, 180), 12))


@scene
def white_on_black(digit: int, rng: np.random.Generator) -> np.ndarray:
    return painted((0,) * 3, (255,) * 3, inked(written(digit, rng), (280, 280), (60, 60, 150), 20))


@scene
def black_28_off_centre(digit: int, rng: np.random.Generator) -> np.ndarray:
    return painted((0,) * 3, (255,) * 3, inked(written(digit, rng), (28, 28), (rng.integers(0, 9), 2, 16), 2))


@scene
def sixteen_pixels(digit: int, rng: np.random.Generator) -> np.ndarray:
    return painted((255,) * 3, (20,) * 3, inked(written(digit, rng), (16, 16), (2, 2, 12), 1.5))


@scene
def hairline(digit: int, rng: np.random.Generator) -> np.ndarray:
    return painted((250,) * 3, (20,) * 3, inked(written(digit, rng), (600, 500), (90, 120, 350), 1.5))


@scene
def ballpoint_photo(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (1500, 1100)
    y, x = plane(shape)
    page = painted((225, 222, 210), (40, 50, 140), inked(written(digit, rng), shape, (300, 500, 420), 7))
    return photographed(page, light=1 - 0.5 * x * y, noise=6, quality=60, rng=rng)


@scene
def small_in_the_corner(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (1200, 1600)
    page = painted((235, 235, 230), (30, 30, 30), inked(written(digit, rng), shape, (1380, 1000, 130), 6))
    return photographed(page, noise=4, quality=75, rng=rng)


@scene
def thick_marker(digit: int, rng: np.random.Generator) -> np.ndarray:
    return painted((255,) * 3, (10, 10, 10), inked(written(digit, rng), (400, 400), (110, 80, 240), 44))


@scene
def pencil_on_rough_paper(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (500, 450)
    page = painted((205, 200, 190), (130, 128, 125), inked(written(digit, rng), shape, (110, 90, 300), 10))
    return photographed(page, light=crumpled(shape, rng, 0.03), noise=5, quality=70, rng=rng)


@scene
def ruled_paper(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (500, 420)
    page = painted((250, 250, 245), (150, 170, 215), ruled(shape, 90, 2.5, slope=0.02))
    return photographed(painted(page, (30, 40, 110), inked(written(digit, rng), shape, (110, 90, 260), 11)), quality=80)


@scene
def squared_paper(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (600, 600)
    page = painted((248, 248, 248), (160, 185, 205), ruled(shape, 48, 3, down=True))
    return photographed(painted(page, (25, 25, 60), inked(written(digit, rng), shape, (150, 110, 330), 13)), quality=70)


@scene
def squared_paper_turned(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (900, 800)
    y, _ = plane(shape)
    page = painted((235, 235, 228), (140, 160, 200), ruled(shape, 70, 4, down=True, slope=0.06))
    page = painted(page, (30, 35, 60), inked(written(digit, rng), shape, (220, 200, 450), 16))
    return photographed(page, light=1 - 0.35 * y, noise=5, quality=60, rng=rng)


@scene
def dark_rules(digit: int, rng: np.random.Generator) -> np.ndarray:
    """Thin lines, nearly as dark as the pen."""
    shape = (400, 400)
    page = painted((255,) * 3, (80, 80, 80), ruled(shape, 100, 2))
    return painted(page, (20, 20, 20), inked(written(digit, rng), shape, (100, 70, 260), 14))


@scene
def margin_line(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (500, 500)
    page = painted((250, 250, 245), (120, 150, 220), ruled(shape, 120, 3))
    y, x = plane(shape)
    page = painted(page, (220, 60, 70), (np.abs(x - 0.15 - 0.01 * y) < 0.004).astype(float))
    return photographed(
        painted(page, (20, 30, 120), inked(written(digit, rng), shape, (190, 100, 280), 12)), quality=75
    )


@scene
def blackboard(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (700, 900)
    chalk = inked(written(digit, rng), shape, (320, 150, 400), 22) * np.clip(rng.normal(0.85, 0.2, shape), 0, 1)
    page = painted(np.array((45, 75, 60)) * crumpled(shape, rng, 0.12)[..., None], (225, 225, 215), chalk)
    return photographed(page, quality=70)


@scene
def shadow_of_a_hand(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (600, 600)
    y, x = plane(shape)
    page = painted((230, 228, 220), (35, 35, 50), inked(written(digit, rng), shape, (190, 130, 330), 15))
    return photographed(page, light=np.where(x + 0.4 * y > 0.75, 0.5, 1.0), noise=4, quality=70, rng=rng)


@scene
def dark_table(digit: int, rng: np.random.Generator) -> np.ndarray:
    """A sheet that does not fill the photo."""
    shape = (800, 700)
    y, x = plane(shape)
    sheet = painted((235, 235, 230), (25, 25, 35), inked(written(digit, rng), shape, (240, 220, 340), 16))
    on_sheet = (x > 0.1 + 0.03 * y) & (x < 0.93 - 0.02 * y) & (y > 0.08) & (y < 0.95)
    return photographed(np.where(on_sheet[..., None], sheet, (70, 50, 35)), noise=4, quality=75, rng=rng)


@scene
def table_at_one_edge(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (600, 800)
    y, x = plane(shape)
    sheet = painted((225, 225, 220), (25, 25, 120), inked(written(digit, rng), shape, (180, 120, 340), 14))
    return photographed(np.where((x < 0.82 + 0.05 * y)[..., None], sheet, (60, 45, 40)), noise=4, quality=75, rng=rng)


@scene
def tight_cut(digit: int, rng: np.random.Generator) -> np.ndarray:
    """Cut so closely that the strokes touch all sides."""
    cover = inked(written(digit, rng), (500, 500), (120, 100, 250), 22)
    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    return painted((240,) * 3, (30,) * 3, cover[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


@scene
def bottom_of_the_picture(digit: int, rng: np.random.Generator) -> np.ndarray:
    return painted((250,) * 3, (40,) * 3, inked(written(digit, rng), (300, 400), (150, 100, 195), 14))


@scene
def red_on_green(digit: int, rng: np.random.Generator) -> np.ndarray:
    return painted((40, 128, 40), (210, 40, 40), inked(written(digit, rng), (300, 300), (90, 60, 190), 18))


@scene
def yellow_on_white(digit: int, rng: np.random.Generator) -> np.ndarray:
    page = painted((250, 250, 250), (250, 230, 60), inked(written(digit, rng), (400, 300), (70, 90, 230), 18))
    return photographed(page, noise=3, quality=80, rng=rng)


@scene
def bad_jpeg(digit: int, rng: np.random.Generator) -> np.ndarray:
    page = painted((200, 205, 200), (70, 70, 80), inked(written(digit, rng), (160, 140), (40, 30, 95), 6))
    return photographed(page, noise=6, quality=12, rng=rng)


@scene
def blurred(digit: int, rng: np.random.Generator) -> np.ndarray:
    page = painted((220, 215, 205), (50, 45, 60), inked(written(digit, rng), (500, 500), (150, 100, 300), 16))
    image = Image.fromarray(page.astype(np.uint8)).filter(ImageFilter.GaussianBlur(9))
    return photographed(np.asarray(image, float), noise=3, rng=rng)


@scene
def scan_with_dust(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (800, 600)
    page = painted((252,) * 3, (20, 20, 20), inked(written(digit, rng), shape, (180, 250, 220), 9))
    for row, column in zip(rng.integers(0, 790, 40), rng.integers(0, 590, 40), strict=True):
        page[row : row + rng.integers(1, 5), column : column + rng.integers(1, 5)] = 60
    return page


@scene
def box_of_a_form(digit: int, rng: np.random.Generator) -> np.ndarray:
    """A printed frame around the digit."""
    shape = (300, 260)
    page = np.full((*shape, 3), 250.0)
    page[30:270, 30:230] = 60
    page[33:267, 33:227] = 250
    return painted(page, (30, 30, 120), inked(written(digit, rng), shape, (75, 75, 150), 10))


@scene
def light_on_coloured_card(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (500, 400)
    _, x = plane(shape)
    page = painted((60, 60, 160), (235, 220, 160), inked(written(digit, rng), shape, (90, 90, 320), 20))
    return photographed(page, light=1 - 0.4 * x, noise=5, quality=70, rng=rng)


@scene
def coarse_cloth(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (500, 500)
    y, x = np.mgrid[: shape[0], : shape[1]]
    weave = 1 + 0.08 * np.sin(x * 0.9) * np.sin(y * 0.9)
    page = painted((200, 190, 170), (50, 40, 40), inked(written(digit, rng), shape, (140, 100, 300), 18))
    return photographed(page, light=weave, noise=8, quality=60, rng=rng)


@scene
def bent_notebook_page(digit: int, rng: np.random.Generator) -> np.ndarray:
    """Rules that bend and run together, as on an open notebook seen from the side."""
    shape = (900, 900)
    y, x = np.mgrid[: shape[0], : shape[1]] / 900
    place = (y - 0.5) * (1 + 0.2 * x) + 0.02 * np.sin(2.5 * x)
    lines = np.clip(2.2 - np.abs((place * 900 + 30) % 80 - 40), 0, 1)
    page = painted(painted((238, 236, 228), (135, 155, 205), lines), (40, 40, 60), inked(
        written(digit, rng), shape, (300, 240, 400), 15))  # fmt: skip
    return photographed(page, light=0.7 + 0.3 * x, noise=4, quality=75, rng=rng)


@scene
def fold_in_the_paper(digit: int, rng: np.random.Generator) -> np.ndarray:
    """Both sides of a fold catch the light differently, and the fold is a dark line."""
    shape = (700, 700)
    y, x = plane(shape)
    fold = x - 0.1 * y - 0.6
    page = painted((230, 230, 225), (30, 30, 40), inked(written(digit, rng), shape, (200, 150, 380), 17))
    return photographed(page, light=np.where(fold < 0, 1, 0.85) - 0.25 * np.exp(-((fold / 0.004) ** 2)), noise=4,
                        quality=75, rng=rng)  # fmt: skip


@scene
def dark_room(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (600, 450)
    page = painted((70, 60, 50), (18, 16, 15), inked(written(digit, rng), shape, (110, 130, 330), 18))
    return photographed(page, noise=9, quality=60, rng=rng)


@scene
def neighbours_cut_off(digit: int, rng: np.random.Generator) -> np.ndarray:
    """Parts of the digits on both sides reach into the picture."""
    shape = (300, 300)
    cover = inked(written(digit, rng), shape, (70, 75, 150), 11)
    cover = np.maximum(cover, inked([arc(-0.12, 0.5, 0.2, 0.5, -80, 80)], shape, (0, 80, 140), 11))
    cover = np.maximum(cover, inked([[(0.9, 0.0), (1.1, 0.1), (1.2, 0.5)]], shape, (150, 90, 140), 11))
    return painted((245, 245, 240), (25, 25, 80), cover)


@scene
def felt_pen_on_cardboard(digit: int, rng: np.random.Generator) -> np.ndarray:
    shape = (1000, 1000)
    page = np.array((176, 140, 98)) * crumpled(shape, rng, 0.05)[..., None]
    return photographed(painted(page, (30, 20, 20), inked(written(digit, rng), shape, (280, 180, 600), 70)),
                        noise=8, quality=50, rng=rng)  # fmt: skip


@scene
def pink_pen_on_squared_paper(digit: int, rng: np.random.Generator) -> np.ndarray:
    """A light colour, while the squares are blue."""
    shape = (500, 500)
    page = painted((250, 250, 250), (150, 175, 215), ruled(shape, 60, 2, down=True, slope=-0.03))
    page = painted(page, (245, 110, 170), inked(written(digit, rng), shape, (140, 100, 300), 13))
    return photographed(page, noise=3, quality=75, rng=rng)


def picture(name: str, digit: int, seed: int = 0) -> np.ndarray:
    """The colours (H, W, 3), uint8, of a digit in the scene of that name."""
    rng = np.random.default_rng([seed, digit, list(SCENES).index(name)])
    return np.clip(SCENES[name](digit, rng), 0, 255).round().astype(np.uint8)
