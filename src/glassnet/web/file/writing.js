// The panel for a network that reads handwriting: that of the page.

import { drawingPanel } from "../drawing.js";

/** See the other modules of this folder that make an input panel. */
export const inputPanel = drawingPanel;
