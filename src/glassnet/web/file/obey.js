// How a worker answers its page: each message is {id, ask, fields}; the first is what it begins with.

import { Problem } from "../reading/problem.js";

/**
 * Answer the messages of the page.
 * @param {(given: object) => {asks: object, welcome: object}} begin is called with the first message
 */
export function obey(begin) {
  let asks = null;

  function receive({ data }) {
    if (!asks) {
      welcome(data);
      return;
    }
    const { id, ask, fields } = data;
    try {
      if (!Object.hasOwn(asks, ask)) throw new Problem(`this file knows no ${ask}`);
      postMessage({ id, answer: asks[ask](fields) });
    } catch (error) {
      if (!(error instanceof Problem)) console.error(error);
      postMessage({ id, problem: error.message });
    }
  }

  function welcome(data) {
    try {
      const begun = begin(data);
      asks = begun.asks;
      postMessage({ event: "welcome", ...begun.welcome });
    } catch (error) {
      postMessage({ event: "welcome", problem: error.message });
    }
  }

  addEventListener("message", receive);
}
