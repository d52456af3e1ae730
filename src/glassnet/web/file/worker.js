// The worker in which the network of the file computes, so that the page never stands still.

import { modelOf } from "./model.js";
import { obey } from "./obey.js";
import { sessionOf } from "./session.js";

obey(({ model }) => {
  const session = sessionOf(modelOf(model));
  return { asks: session.asks, welcome: session.welcome() };
});
