// Asks for the newest only.

/**
 * Calls an asynchronous function for the newest request only: while one is at work, of those that come only the last waits.
 * @template T
 * @param {(request: T) => Promise<void>} work
 * @param {(error: Error) => void} failed is told what went wrong
 * @returns {(request: T) => Promise<void>}
 */
export function newestOnly(work, failed) {
  let busy = false;
  let next = null;
  return async function request(what) {
    next = { what };
    if (busy) return;
    busy = true;
    try {
      while (next) {
        const { what: now } = next;
        next = null;
        try {
          await work(now);
        } catch (error) {
          failed(error);
        }
      }
    } finally {
      busy = false;
    }
  };
}
