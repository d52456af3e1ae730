// The steps that clean a picture. Each can be left out, because each can be mistaken.

import { Problem } from "./problem.js";

/** How a reading is called that leaves out a step; in the order in which they are left out. */
export const STEPS = {
  "dark paper": { without: "as dark ink on light paper" },
  sheet: { without: "without looking for a sheet" },
  box: { without: "with the lines at its sides" },
  lines: { without: "with the lines across it" },
  pattern: { without: "with its pale parts as dark as the rest" },
  border: { without: "with what touches the border" },
  frame: { without: "with its frame" },
  specks: { without: "with its specks" },
  apart: { without: "all strokes as one digit" },
  pen: { without: "with its strokes as thick as they are" },
};

/**
 * Takes the steps, but for those in the set `leftOut`, and notes in the set `done` which have changed the picture, or
 * refused it. In the end `inked` is the number of pixels that were taken for ink, `place` the rows and columns that
 * they fill, [[top, bottom], [left, right]].
 */
export class Steps {
  constructor(leftOut = new Set()) {
    this.leftOut = leftOut;
    this.done = new Set();
    this.inked = 0;
    this.place = [];
  }

  /** What a step makes of what is given. A step that has nothing to do returns what was given itself. */
  take(name, step, given, ...more) {
    if (this.leftOut.has(name)) return given;
    try {
      const result = step(given, ...more);
      if (result !== given) this.done.add(name);
      return result;
    } catch (error) {
      if (error instanceof Problem) this.done.add(name);
      throw error;
    }
  }
}
