// Takes pictures from a person: dropped anywhere on the page, pasted, or chosen.

import { el } from "./dom.js";

/**
 * @param {(file: Blob|undefined) => void} take is called with each picture; with undefined for what is none
 * @returns {{input: Element, choose: () => void}} the hidden field that must stand on the page, and what opens it
 */
export function picturesInto(take) {
  const firstPicture = (list) => [...list].find((one) => one.type.startsWith("image/"));
  const chosen = () => {
    if (input.files.length) take(input.files[0]);
    input.value = "";
  };
  const input = el("input", { type: "file", accept: "image/*", class: "hidden", tabindex: "-1", "aria-hidden": "true", on: { change: chosen } });
  document.addEventListener("paste", (event) => {
    const found = firstPicture(event.clipboardData?.files ?? []);
    if (!found) return;
    event.preventDefault();
    take(found);
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    take(firstPicture(event.dataTransfer.files));
  });
  return { input, choose: () => input.click() };
}
