// Asks for the newest only.

/**
 * Calls an asynchronous function for the newest request only: while one is at work, of those that come only the last waits.
 * @template T
 * @param {(request: T) => Promise<void>} work
 * @param {(error: Error) => void} failed is told what went wrong
 * @returns {(request: T) => Promise<void>} the promise is kept when none is at work any more
 */
export function newestOnly(work, failed) {
  let next = null;
  let busy = null; // the promise that all is done

  async function go() {
    while (next) {
      const { what } = next;
      next = null;
      try {
        await work(what);
      } catch (error) {
        failed(error);
      }
    }
    busy = null;
  }

  return function request(what) {
    next = { what };
    busy ??= go();
    return busy;
  };
}
