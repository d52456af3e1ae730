// Curves: values over steps, as SVG with axes.

import { el, svg } from "./dom.js";
import { ends, number, whole } from "./numbers.js";
import { texts } from "./texts.js";

const [WIDTH, HEIGHT] = [320, 170];
const [LEFT, RIGHT, TOP, BOTTOM] = [50, 8, 10, 26];
const DOT = 2.5; // the radius of a point
// Where values, or the lengths of two lines, differ by these factors the axis is logarithmic, if the plot may have one.
const SPREAD = 300;
const LONGER = 50;

/**
 * @param {string} title
 * @param {Node} [term] explains a term in it
 * @param {object} [options]
 * @param {string} [options.x] what the horizontal axis counts
 * @param {boolean} [options.share] whether values are shares from 0 to 1, written as per cent
 * @param {boolean} [options.powers] whether axes may be logarithmic: the vertical one becomes so where values differ much,
 *   the horizontal one where a line is much longer than another
 * @param {(x: number) => void} [options.go] a click goes to this place of the horizontal axis
 */
export function curves(title, options = {}, term = null) {
  const plot = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", "aria-label": title });
  const legend = el("p", { class: "legend", "aria-hidden": "true" });
  const element = el("figure", { class: "curves" }, el("figcaption", {}, `${title} `, term), plot, legend);
  let toX = () => 0;
  if (options.go) {
    plot.addEventListener("click", (event) => {
      const box = plot.getBoundingClientRect();
      options.go(toX(((event.clientX - box.left) / box.width) * WIDTH));
    });
  }

  const clip = `clip-${(plots += 1)}`;

  return {
    element,
    /**
     * @param {{name: string, points: [number, number][], colour?: number, dotted?: boolean}[]} lines of the same colour
     *   belong together; by default each has its own
     * @param {object} [marks] `begin`: where the axis begins; `now`: a vertical line; `tangent`: [x, y, slope], and its name
     */
    show(lines, marks = {}) {
      const finite = lines.map((line, k) => ({ ...line, look: lookOf(line, k), points: line.points.filter(([, y]) => Number.isFinite(y)) }));
      const looks = finite.map(({ look, name }) => [`line ${look}`, name]);
      if (marks.tangent) looks.push(["tangent", marks.tangent[3]]);
      const some = finite.filter((line) => line.points.length);
      if (!some.length) {
        plot.replaceChildren();
        return;
      }
      const text = (value) => (options.share ? `${number(100 * value)} %` : number(value));
      const said = some.map((line) => texts.lastOf(line.name, text(line.points.at(-1)[1])));
      plot.setAttribute("aria-label", texts.says(title, said.join("; ")));
      const scale = scaleOf(some, options, marks.begin);
      toX = scale.toX;
      const rows = looks.map(([look, name]) => el("span", {}, sample(look), name));
      legend.replaceChildren(...rows, ...scale.inPowers.map((axis) => el("span", {}, texts.inPowers(axis))));
      plot.replaceChildren(
        svg("clipPath", { id: clip }, svg("rect", { x: LEFT - DOT, y: TOP - DOT, width: WIDTH - LEFT - RIGHT + 2 * DOT, height: HEIGHT - TOP - BOTTOM + 2 * DOT })),
        ...axes(scale, text),
        svg("g", { "clip-path": `url(#${clip})` }, ...finite.flatMap((line) => drawn(line, scale)), ...marked(marks, scale)),
      );
    },
  };
}

const lookOf = ({ colour, dotted }, k) => `line${colour ?? k}${dotted ? " dotted" : ""}`;

/** A piece of a line, for the legend. */
const sample = (look) => svg("svg", { viewBox: "0 0 26 8", class: "plot sample" }, svg("line", { class: look, x1: 1, x2: 25, y1: 4, y2: 4 }));

let plots = 0; // so that each has a clip path of its own

const straight = { to: (value) => value, from: (value) => value };
const logarithm = (least) => ({ to: (value) => Math.log10(Math.max(value, least)), from: (value) => 10 ** value });

/** Where values stand on the plot: x and y in its units, back from there to x, and the labels of both axes. */
function scaleOf(lines, options, begin) {
  const points = lines.flatMap((line) => line.points);
  const [shortest, last] = ends(lines.map((line) => line.points.at(-1)[0]));
  const far = options.powers && shortest > 0 && last > LONGER * shortest;
  const first = far ? 1 : begin ?? ends(points.map(([x]) => x))[0];
  const along = far ? logarithm(first) : straight;
  const [left, right] = [along.to(first), along.to(last)];

  const [lowest, highest] = ends(points.map(([, y]) => y));
  const usual = middle(points);
  const wide = options.powers && usual > 0 && highest > SPREAD * usual; // a few values far above all others
  const ticks = wide ? powersFor(Math.max(lowest, usual / SPREAD), highest) : ticksFor(lowest, highest);
  const up = wide ? logarithm(ticks[0]) : straight;
  const [low, high] = [up.to(ticks[0]), up.to(ticks.at(-1))];

  const name = options.x ?? "";
  const powers = far ? powersFor(first, last).filter((power) => power > first && 4 * power < last) : [];
  return {
    ...{ first, last, ticks },
    inPowers: [...(wide ? [texts.upwards] : []), ...(far ? [texts.along] : [])],
    labels: [
      [first, "start", axis(first)],
      ...(far ? powers.map((power) => [power, "middle", axis(power)]) : [[(first + last) / 2, "middle", name]]),
      [last, "end", far ? `${axis(last)} ${name}` : axis(last)],
    ],
    x: (value) => LEFT + ((along.to(value) - left) / (right - left || 1)) * (WIDTH - LEFT - RIGHT),
    y: (value) => HEIGHT - BOTTOM - ((up.to(value) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM),
    toX: (place) => Math.round(along.from(left + ((place - LEFT) / (WIDTH - LEFT - RIGHT)) * (right - left))),
  };
}

function axes({ ticks, labels, x, y }, text) {
  return [
    ...ticks.flatMap((value) => [
      svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value) }),
      svg("text", { x: LEFT - 5, y: y(value) + 4, "text-anchor": "end" }, text(value)),
    ]),
    ...labels.map(([value, anchor, label]) => svg("text", { x: x(value), y: HEIGHT - 8, "text-anchor": anchor }, label)),
  ];
}

/** A line, and a dot at each of its points where they are few. */
function drawn({ points, look }, { x, y }) {
  const places = thinned(points).map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`);
  const few = points.length > 12 ? [] : points;
  const dots = few.map(([at, value]) => svg("circle", { class: `dot ${look}`, cx: x(at), cy: y(value), r: DOT }));
  return [svg("polyline", { class: `line ${look}`, points: places.join(" ") }), ...dots];
}

function marked({ now, tangent }, { x, y, first, last }) {
  const marks = [];
  if (now !== undefined) marks.push(svg("line", { class: "now", x1: x(now), x2: x(now), y1: TOP, y2: HEIGHT - BOTTOM }));
  if (tangent) {
    const [at, value, slope] = tangent;
    const on = (place) => y(value + slope * (place - at));
    marks.push(svg("line", { class: "tangent", x1: x(first), x2: x(last), y1: on(first), y2: on(last) }));
    marks.push(svg("circle", { class: "dot line0", cx: x(at), cy: y(value), r: 3.5 }));
  }
  return marks;
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

/** The value in the middle of all, in order. */
function middle(points) {
  const values = points.map(([, y]) => y).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)];
}

/** Powers of ten that span the values, two to five of them. */
function powersFor(low, high) {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const step = Math.max(1, Math.ceil((last - first) / 4));
  return Array.from({ length: Math.ceil((last - first) / step) + 1 }, (_, k) => 10 ** (first + k * step));
}

/** Round numbers that span the values, three to five of them. */
function ticksFor(low, high) {
  const span = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / 2));
  const step = [1, 2, 5, 10].map((k) => k * power).find((size) => span / size <= 3.5);
  const [first, last] = [Math.floor(low / step), Math.ceil(high / step)];
  return Array.from({ length: Math.max(last - first, 1) + 1 }, (_, k) => (first + k) * step);
}
