"""Digits as strokes of a pen, each drawn differently, and how they are put on the paper of a page."""

from typing import TYPE_CHECKING

import numpy as np

from glassnet.data.hand import leaning, loosened, skeletons, waves
from glassnet.data.strokes import chosen, digit_ways

if TYPE_CHECKING:
    from playwright.sync_api import Page

Stroke = list[tuple[float, float]]  # points, each x and y from 0 to 1
PENS = ("thin", "medium", "thick")

# The strokes are put on the paper at once, and what the page says of each digit is waited for. So is the picture that
# it has read, which a spy on the canvas hands out.
DRAW = """async ([strokes, pen]) => {
  const paper = document.querySelector(".paper canvas");
  const button = (name) => [...document.querySelectorAll("button")].find((one) => one.textContent === name);
  if (!window.pictures) {
    window.pictures = [];
    window.toBlob = HTMLCanvasElement.prototype.toBlob;
    HTMLCanvasElement.prototype.toBlob = function (done, ...rest) {
      window.pictures.push(this.toDataURL());
      window.toBlob.call(this, done, ...rest);
    };
  }
  const copy = Object.assign(document.createElement("canvas"), { width: 28, height: 28 });
  const pixels = copy.getContext("2d", { willReadFrequently: true });
  const said = () => document.querySelector("output.said").textContent;
  const blank = Array(784).fill(0);
  /** Whatever the page asks for comes before what is asked for here, as often as needed. */
  const settled = async () => {
    for (let calm = 0; calm < 3; ) {
      const before = window.pictures.length + said();
      await createImageBitmap(await new Promise((done) => window.toBlob.call(copy, done)));
      await window.glassnet.predict(blank);
      calm = window.pictures.length + said() === before ? calm + 1 : 0;
    }
  };
  button("Clear").click();
  [...document.querySelectorAll("[name=pen]")].find((one) => one.parentElement.textContent === pen).click();
  await settled();
  const box = paper.getBoundingClientRect();
  paper.setPointerCapture = () => {};
  paper.hasPointerCapture = () => true;
  const send = (type, [x, y]) => {
    const [clientX, clientY] = [box.left + x * box.width, box.top + y * box.height];
    const more = { button: 0, isPrimary: true, pointerId: 1, bubbles: true };
    paper.dispatchEvent(new PointerEvent(type, { clientX, clientY, ...more }));
  };
  for (const stroke of strokes) {
    send("pointerdown", stroke[0]);
    for (const point of stroke.slice(1)) send("pointermove", point);
    send("pointerup", stroke[stroke.length - 1]);
  }
  await settled();
  const seen = document.querySelector(".seen canvas");
  const hidden = document.querySelector(".seen .pictured").hidden;
  pixels.drawImage(seen, 0, 0);
  const image = hidden ? null : Array.from(pixels.getImageData(0, 0, 28, 28).data).filter((_, k) => k % 4 === 0);
  return [window.pictures[window.pictures.length - 1], image, said()];
}"""


def drawn(count: int, seed: int) -> list[tuple[list[Stroke], str]]:
    """So many drawings of the digits 0, 1, ..., each with its pen."""
    rng = np.random.default_rng(seed)
    way = chosen(np.arange(count) % 10, rng)
    points, line = skeletons(digit_ways(), way, rng)
    points += loosened(line, rng)
    points = leaning(points + waves(points, rng), rng)
    drawings = []
    for k in range(count):
        least, most = points[k].min(axis=0), points[k].max(axis=0)
        size = rng.uniform(0.35, 0.8) / (most - least).max()
        room = 1 - size * (most - least)
        corner = room * rng.uniform(0.15, 0.85, 2)
        placed = (points[k] - least) * size + corner
        strokes = [[(x, y) for y, x in placed[line[k] == number].tolist()] for number in np.unique(line[k])]
        drawings.append((strokes, PENS[int(rng.integers(3))]))
    return drawings


def draw(page: "Page", strokes: list[Stroke], pen: str) -> tuple[str, list[int] | None, str]:
    """Draw on the paper of a page: the picture that was read (a data URL), the image that is seen, and the answer."""
    picture, image, answer = page.evaluate(DRAW, [strokes, pen])
    return picture, image, answer
