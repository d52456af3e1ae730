// The line that says what went wrong, at the foot of the page, until it is closed.

import { button, el } from "./dom.js";
import { texts } from "./texts.js";

/** The bar with the line, and what shows it. */
export function messageBar() {
  const said = el("p", { role: "alert" });
  const close = button("×", () => tell(""), { class: "link", "aria-label": texts.closeMessage });
  const element = el("div", { class: "message", hidden: true }, said, close);
  addEventListener("keydown", (event) => event.key === "Escape" && tell(""));

  /** Say what went wrong, in one line; "" takes the line away. */
  function tell(problem) {
    if (said.textContent !== problem) said.textContent = problem;
    element.hidden = !problem;
  }

  const failed = (error) => error.message && tell(error.message); // without a message the connection is lost

  return {
    element,
    tell,
    failed,
    /** Do what the person wants; say what goes wrong. */
    async try(work) {
      tell("");
      try {
        await work();
      } catch (error) {
        failed(error);
      }
    },
  };
}
