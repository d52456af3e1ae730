// The engine of the file: the network computes in this browser, in a worker. See ../engine.js for what an engine is.

import { canvasOf } from "../dom.js";
import { Problem } from "../reading/problem.js";
import { texts } from "../texts.js";

const MOST = 2000; // pixels a side of a photo; of a larger one, a smaller copy is read

/**
 * @param {string} code the script of the worker
 * @param {object|Promise<object>} given what the worker begins with
 * @param {object} offers see ../engine.js
 */
export function engineOf(code, given, offers) {
  const listeners = new Map();
  const untold = []; // events to which nobody listened yet
  const waiting = new Map();
  let last = 0;

  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(address);
  worker.addEventListener("message", ({ data }) => receive(data));
  worker.addEventListener("error", (event) => broken(event.message));
  const begun = Promise.resolve(given).then((message) => worker.postMessage(message));
  begun.catch((error) => broken(error.message));

  /** The worker cannot go on: the page says so, and waits for nothing. */
  function broken(reason) {
    for (const { reject } of waiting.values()) reject(new Problem(reason));
    waiting.clear();
    receive({ event: "welcome", problem: texts.broken(reason) });
  }

  function receive(message) {
    if (message.event) {
      if (!listeners.has(message.event)) untold.push(message);
      for (const listener of listeners.get(message.event) ?? []) listener(message);
      return;
    }
    const { resolve, reject } = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.problem !== undefined) reject(new Problem(message.problem));
    else resolve(message.answer);
  }

  async function ask(name, fields = {}) {
    await begun;
    return new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      worker.postMessage({ id: last, ask: name, fields });
    });
  }

  return {
    offers,
    ask,
    read: async (file) => ask("read", await pixelsOf(file)),
    picture: async (file, invert) => ask("picture", { ...(await pixelsOf(file)), invert }),
    on(event, listener) {
      listeners.set(event, [...(listeners.get(event) ?? []), listener]);
      for (const one of untold.filter((one) => one.event === event)) {
        untold.splice(untold.indexOf(one), 1);
        listener(one);
      }
    },
  };
}

/**
 * The pixels of a picture {width, height, data}, as the canvas of the browser has them.
 * @param {Blob} file
 * @param {number} [most] pixels a side; a larger picture is made smaller
 */
export async function pixelsOf(file, most = MOST) {
  const picture = await createImageBitmap(file).catch(() => {
    throw new Problem(texts.noPicture);
  });
  const scale = Math.min(1, most / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale)));
  const context = canvasOf(width, height).getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  picture.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, data };
}
