// The engine: what computes. Panels ask it and listen to it, and do not know where it computes.
//
// This one asks the library itself, in Python, through a WebSocket. An engine is an object with
//   ask(name, fields) -> a promise of the answer; it fails with a Problem, whose message is for the person
//   read(file)        -> as ask, for a picture: a Blob
//   on(event, listener)  "welcome": all to begin with; "training": a training has moved; "lost": the connection is lost;
//                        what happened before somebody listened to it is told then
//   offers            -> what it can do besides: {teach, save}; {course}, its address, or ""; what else stands on the page:
//                        {above, panels}, elements in its head and after its panels
// Arrays in answers are {shape, values}, with values a Float32Array or Uint8Array, rows first.

import { bytesOf } from "./file/base64.js";
import { keep, kept } from "./kept.js";
import { Problem } from "./reading/problem.js";
import { allTexts } from "./trainingtexts.js";

const SESSION = "glassnet session"; // the key of its number in the tab's storage
const LARGEST = 16 * 2 ** 20; // bytes of a picture, as the server takes them
const LONGEST = 60_000; // characters of an ask, a little less than the server takes
const TAKEN_OVER = 4001; // another tab shows this session now
const RETRY = 1000; // milliseconds between two tries to reach a server that is gone

/** Connect to the server that this page came from. */
function connect() {
  const listeners = new Map();
  const untold = []; // events to which nobody listened yet
  const waiting = new Map();
  let socket = null;
  let last = 0;

  function emit(event, data) {
    if (!listeners.has(event)) untold.push({ event, data });
    for (const listener of listeners.get(event) ?? []) listener(data);
  }

  function open() {
    socket = new WebSocket(`ws://${location.host}/session`);
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({ ask: "hello", id: 0, session: kept(SESSION) }));
    });
    socket.addEventListener("message", (event) => receive(JSON.parse(event.data, unpacked)));
    socket.addEventListener("close", async (event) => {
      for (const { reject } of waiting.values()) reject(new Problem(event.reason));
      waiting.clear();
      emit("lost", event.reason || (await isOther() ? allTexts.otherServer : ""));
      if (event.code !== TAKEN_OVER) setTimeout(open, RETRY);
    });
  }

  function receive(message) {
    if (message.event) {
      if (message.event === "welcome") {
        message.isNew = !message.found && kept(SESSION) !== null;
        keep(SESSION, message.session);
      }
      emit(message.event, message);
      return;
    }
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.problem !== undefined) asked?.reject(new Problem(message.problem));
    else asked?.resolve(message.answer);
  }

  function send(make) {
    return new Promise((resolve, reject) => {
      if (socket?.readyState !== WebSocket.OPEN) {
        reject(new Problem(""));
        return;
      }
      last += 1;
      waiting.set(last, { resolve, reject });
      socket.send(make(last));
    });
  }

  open();
  return {
    offers: { teach: true, save: true, course: "course/" },
    async ask(name, fields = {}) {
      if (JSON.stringify(fields).length > LONGEST) throw new Problem(allTexts.tooLong(LONGEST));
      return send((id) => JSON.stringify({ ...fields, id, ask: name }));
    },
    async read(file) {
      if (file.size > LARGEST) throw new Problem(allTexts.tooLarge(LARGEST / 2 ** 20));
      const bytes = await file.arrayBuffer();
      return send((id) => new Blob([Uint8Array.of(id >>> 24, id >>> 16, id >>> 8, id), bytes]));
    },
    on(event, listener) {
      listeners.set(event, [...(listeners.get(event) ?? []), listener]);
      for (const one of untold.filter((one) => one.event === event)) {
        untold.splice(untold.indexOf(one), 1);
        listener(one.data);
      }
    },
  };
}

/** The engine of this page. It connects at once, while the browser still loads the panels. */
export const engine = connect();

/** Whether a server answers that does not know this page: one that was started anew. */
async function isOther() {
  try {
    return (await fetch("index.html")).status === 403;
  } catch {
    return false; // none answers
  }
}

/** For JSON.parse: an array that came as base64 becomes {shape, values}. */
function unpacked(key, value) {
  const packed = value?.f32 ?? value?.u8;
  if (packed === undefined || !Array.isArray(value.shape)) return value;
  const bytes = bytesOf(packed);
  return { shape: value.shape, values: value.f32 === undefined ? bytes : new Float32Array(bytes.buffer) };
}
