// What a tab keeps while it is loaded again. Where the browser keeps nothing, such as in a frame that is shut off, all is
// forgotten.

/** What was kept under this key; null if there is nothing. */
export function kept(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keep a text. */
export function keep(key, text) {
  try {
    sessionStorage.setItem(key, text);
  } catch {
    // it is forgotten
  }
}
