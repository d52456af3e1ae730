// A link to the training: made for others, and followed when the address of the page holds one.

import { button, el, labelled } from "./dom.js";
import { whole } from "./numbers.js";
import { texts } from "./texts.js";

/** @param {object} page what the panels share; see main.js */
export function shareRow(page) {
  const address = el("input", { type: "text", readonly: true, class: "address", on: { focus: () => address.select() } });
  const field = labelled(texts.link, address, { hidden: true });
  const said = el("p", { class: "note", role: "status" });
  const agrees = el("p", { class: "note", role: "status", "aria-label": texts.agreement });
  const make = button(texts.share, () =>
    page.try(async () => {
      const { fragment } = await page.engine.ask("share");
      address.value = texts.command(`#${fragment}`);
      field.hidden = false;
      history.replaceState(history.state, "", `#${fragment}`);
      page.followed(); // it leads to where this page is
      address.focus();
      said.textContent = texts.linkHolds;
      try {
        await navigator.clipboard.writeText(address.value);
        said.textContent = `${texts.linkCopied} ${texts.linkHolds}`;
      } catch {
        // The browser does not let the page copy: the link is selected, and the person can.
      }
    }),
  );
  return {
    element: el("div", { class: "share" }, el("div", { class: "row" }, make, field), said),
    agreement: agrees,
    enable: (can) => (make.disabled = !can),
    /** How far trainings agree with those of the link that was followed: for each its name and that, if it follows. */
    agree(trainings) {
      const followed = trainings.filter(([, shared]) => shared);
      agrees.classList.toggle("refused", followed.some(([, { differs }]) => differs !== null));
      agrees.replaceChildren(...followed.map(([name, shared]) => el("span", {}, name && texts.ofTraining(name, ""), agreement(shared))));
    },
  };
}

/** In words, until which step a training is the same as the one that was shared, and from which on it is not. */
function agreement({ same, differs }) {
  if (differs !== null) return texts.differsFrom(same === null ? null : whole(same), whole(differs));
  return same === null ? "" : texts.sameAs(whole(same));
}
