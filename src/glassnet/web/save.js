// Saves what is seen: a file for the person's downloads, and a panel's pictures as one PNG.

import { el } from "./dom.js";

const MARGIN = 16; // pixels around and between the pictures
const SCALE = 2; // pixels of the PNG for one on the screen

/** Hand a file to the browser's downloads. */
export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  URL.revokeObjectURL(address);
}

/** The pictures and curves of a panel, as they stand, as one PNG. */
export async function pngOf(element) {
  const box = element.getBoundingClientRect();
  const canvas = new OffscreenCanvas(SCALE * (box.width + 2 * MARGIN), SCALE * (box.height + 2 * MARGIN));
  const context = canvas.getContext("2d");
  context.scale(SCALE, SCALE);
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.translate(MARGIN - box.left, MARGIN - box.top);
  context.imageSmoothingEnabled = false;
  for (const one of element.querySelectorAll("canvas, svg")) {
    const { left, top, width, height } = one.getBoundingClientRect();
    if (!width) continue;
    context.drawImage(one instanceof SVGElement ? await imageOf(one) : one, left, top, width, height);
  }
  for (const one of element.querySelectorAll("h2, h3, h4, figcaption, .kind, .range, .where, .fingerprint, .bars .name, .bars .value")) {
    const { left, top, width, height } = one.getBoundingClientRect();
    if (!width) continue;
    const style = getComputedStyle(one);
    context.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    context.fillStyle = style.color;
    context.textBaseline = "middle";
    context.fillText(one.textContent, left, top + height / 2);
  }
  return canvas.convertToBlob({ type: "image/png" });
}

/** A drawing in SVG as an image, with the styles that the page gives it. */
async function imageOf(drawing) {
  const copy = drawing.cloneNode(true);
  const copies = [...copy.querySelectorAll("*")];
  [...drawing.querySelectorAll("*")].forEach((part, k) => {
    const style = getComputedStyle(part);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-family", "opacity"]) {
      copies[k].setAttribute(name, style.getPropertyValue(name));
    }
  });
  const { width, height } = drawing.getBoundingClientRect();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(SCALE * width));
  copy.setAttribute("height", String(SCALE * height));
  const address = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  await image.decode();
  URL.revokeObjectURL(address);
  return image;
}
