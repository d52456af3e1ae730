// Curves: values over steps, as SVG with axes.

import { el, svg } from "./dom.js";
import { ends, number, whole } from "./numbers.js";
import { texts } from "./texts.js";

const [WIDTH, HEIGHT] = [320, 170];
const [LEFT, RIGHT, TOP, BOTTOM] = [50, 8, 10, 26];

/**
 * @param {string} title
 * @param {object} [options]
 * @param {string} [options.x] what the horizontal axis counts
 * @param {boolean} [options.share] whether values are shares from 0 to 1, written as per cent
 * @param {(x: number) => void} [options.go] a click goes to this place of the horizontal axis
 */
export function curves(title, options = {}) {
  const plot = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", "aria-label": title });
  const legend = el("p", { class: "legend", "aria-hidden": "true" });
  const element = el("figure", { class: "curves" }, el("figcaption", {}, title), plot, legend);
  let toX = () => 0;
  if (options.go) {
    plot.addEventListener("click", (event) => {
      const box = plot.getBoundingClientRect();
      options.go(toX(((event.clientX - box.left) / box.width) * WIDTH));
    });
  }

  return {
    element,
    /**
     * @param {{name: string, points: [number, number][]}[]} lines
     * @param {object} [marks] `begin`: where the axis begins; `now`: a vertical line; `tangent`: [x, y, slope]
     */
    show(lines, marks = {}) {
      const text = (value) => (options.share ? `${number(100 * value)} %` : number(value));
      const points = lines.flatMap((line) => line.points).filter(([, y]) => Number.isFinite(y));
      legend.replaceChildren(...lines.map((line, k) => el("span", { class: `line${k}` }, line.name)));
      if (!points.length) {
        plot.replaceChildren();
        return;
      }
      const said = lines.map(({ name, points: all }) => texts.lastOf(name, text(all.at(-1)[1])));
      plot.setAttribute("aria-label", texts.says(title, said.join(", ")));
      const xs = points.map(([x]) => x);
      const [firstX, lastX] = [marks.begin ?? ends(xs)[0], ends(xs)[1]];
      const ticks = ticksFor(...ends(points.map(([, y]) => y)));
      const [low, high] = [ticks[0], ticks.at(-1)];
      const x = (value) => LEFT + ((value - firstX) / (lastX - firstX || 1)) * (WIDTH - LEFT - RIGHT);
      const y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
      toX = (pixel) => Math.round(firstX + ((pixel - LEFT) / (WIDTH - LEFT - RIGHT)) * (lastX - firstX));
      const axes = ticks.flatMap((value) => [
        svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
        svg("text", { x: LEFT - 5, y: y(value) + 4, "text-anchor": "end" }, text(value)),
      ]);
      axes.push(
        svg("text", { x: LEFT, y: HEIGHT - 8 }, axis(firstX)),
        svg("text", { x: WIDTH - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, axis(lastX)),
        svg("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, options.x ?? ""),
      );
      const drawn = lines.map((line, k) =>
        svg("polyline", {
          class: `line line${k}`,
          points: thinned(line.points.filter(([, value]) => Number.isFinite(value)))
            .map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`)
            .join(" "),
        }),
      );
      const dots = lines.flatMap((line, k) =>
        line.points.length > 12 ? [] : line.points.map(([at, value]) => svg("circle", { class: `dot line${k}`, cx: x(at), cy: y(value), r: 2.5 })),
      );
      const extra = [];
      if (marks.now !== undefined) extra.push(svg("line", { class: "now", x1: x(marks.now), x2: x(marks.now), y1: TOP, y2: HEIGHT - BOTTOM }));
      if (marks.tangent) {
        const [at, value, slope] = marks.tangent;
        const on = (place) => y(value + slope * (place - at));
        extra.push(svg("line", { class: "tangent", x1: x(firstX), x2: x(lastX), y1: on(firstX), y2: on(lastX) }));
        extra.push(svg("circle", { class: "dot line0", cx: x(at), cy: y(value), r: 3.5 }));
      }
      const clip = `clip-${title.replace(/\W/g, "")}`;
      plot.replaceChildren(
        svg("clipPath", { id: clip }, svg("rect", { x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM })),
        ...axes,
        svg("g", { "clip-path": `url(#${clip})` }, ...drawn, ...dots, ...extra),
      );
    },
  };
}

/** So many points that the eye sees no difference: of each piece of a long line its lowest and its highest. */
function thinned(points) {
  const size = Math.ceil(points.length / WIDTH);
  if (size <= 2) return points;
  const kept = [];
  for (let start = 0; start < points.length; start += size) {
    const piece = points.slice(start, start + size);
    const lowest = piece.reduce((a, b) => (b[1] < a[1] ? b : a));
    const highest = piece.reduce((a, b) => (b[1] > a[1] ? b : a));
    kept.push(...(lowest[0] < highest[0] ? [lowest, highest] : [highest, lowest]));
  }
  return kept;
}

const axis = (value) => (Number.isInteger(value) ? whole(value) : number(value));

/** Round numbers that span the values, three to five of them. */
function ticksFor(low, high) {
  const span = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / 2));
  const step = [1, 2, 5, 10].map((k) => k * power).find((size) => span / size <= 3.5);
  const [first, last] = [Math.floor(low / step), Math.ceil(high / step)];
  return Array.from({ length: Math.max(last - first, 1) + 1 }, (_, k) => (first + k) * step);
}
