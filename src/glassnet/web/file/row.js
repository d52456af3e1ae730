// A row of a table as the inputs of the network, and what each of its columns does to the answer.
//
// A cell is a text: a number, a date as browsers write it (2024-12-31, or 2024-12-31T13:45), or the name of a category;
// "" is missing. How a cell becomes inputs is that of `Column.write` in Python.

import { Problem } from "../reading/problem.js";
import { dateInput } from "./dates.js";

const DAY = 86_400_000; // milliseconds
const MINUTES = 1440; // of a day
const FAR = 4; // standard deviations from the mean: hardly a row in ten thousand
const LARGEST = 1e30; // of a number in a cell, as in Python

// What becomes of a number, or of the days since 1970-01-01, a Thursday.
const PARTS = {
  number: (value) => value,
  day: Math.floor,
  month: (days) => new Date(Math.floor(days) * DAY).getUTCMonth() + 1,
  weekday: (days) => (((Math.floor(days) + 3) % 7) + 7) % 7, // 0 is Monday
  hour: (days) => 24 * (days - Math.floor(days)), // with minutes as a fraction
};

/** How many inputs a cell of the column becomes. */
const widthOf = ({ categories, parts, fill }) => categories.length || parts.length + (fill === null ? 0 : 1);

/** The columns with the place of their first input. */
export function placed({ columns }) {
  let start = 0;
  return columns.map((column) => {
    const place = { ...column, start, width: widthOf(column) };
    start += place.width;
    return place;
  });
}

/**
 * The inputs of a row.
 * @param {object} table
 * @param {string[]} cells one for each column
 */
export function inputsOf(table, cells) {
  const answersUnknown = table.unknown === "answer";
  return Float64Array.from(table.columns.flatMap((column, k) => inputsOfCell(column, cells[k].trim(), answersUnknown)));
}

function inputsOfCell(column, cell, answersUnknown) {
  const { name, kind, categories, parts, fill, mean } = column;
  const none = () => new Problem(`${name}: the ${kind} is missing, but none was missing in training`);
  if (categories.length) {
    if (answersUnknown || categories.includes(cell)) return categories.map((category) => Number(category === cell));
    throw cell ? new Problem(`${name}: the category ${cell} is unknown`) : none();
  }
  const missing = cell === "";
  if (missing && fill === null && !(answersUnknown && mean !== null)) throw none();
  const value = missing ? fill ?? mean : parts[0] === "number" ? Number(cell) : daysOf(cell);
  if (!(Math.abs(value) <= LARGEST)) throw new Problem(`${name}: expected a ${kind}, got ${cell.slice(0, 40)}`);
  return [...parts.map((part) => PARTS[part](value)), ...(fill === null ? [] : [Number(missing)])];
}

/** The days since 1970-01-01; of a time of day alone, the part of a day; NaN for what is neither. */
function daysOf(cell) {
  if (/^\d\d:\d\d/.test(cell)) return Date.parse(`1970-01-01T${cell}Z`) / DAY;
  return Date.parse(cell.includes("T") ? `${cell}Z` : `${cell}T00:00Z`) / DAY;
}

/**
 * A row as an average one would be, as cells: the means of numbers and dates, and the most frequent categories.
 * @param {Float32Array|null} means of the inputs, if the network knows them
 */
export function averageRow(table, means) {
  return placed(table).map(({ categories, parts, start, fill, mean }) => {
    if (categories.length) {
      const shares = categories.map((_, k) => means?.[start + k] ?? 0);
      return categories[shares.indexOf(Math.max(...shares))];
    }
    const value = mean ?? fill ?? means?.[start] ?? 0;
    if (parts[0] === "number") return String(Number(value.toPrecision(3)));
    const moment = new Date(Math.round(value * MINUTES) * (DAY / MINUTES)).toISOString();
    return { date: moment.slice(0, 10), "datetime-local": moment.slice(0, 16), time: moment.slice(11, 16) }[dateInput({ parts })];
  });
}

/** The columns of numbers and dates whose value lies far from those that the network has learned from. */
export function farFrom(table, inputs, { kind, arrays }) {
  if (kind !== "Standardize") return [];
  const far = ({ categories, start }) => !categories.length && Math.abs((inputs[start] - arrays.mean[start]) * arrays.factor[start]) > FAR;
  return placed(table).filter(far).map(({ name }) => name);
}

/** The sum of the effects of the inputs of each column. */
export function byColumn(table, effects) {
  return placed(table).map(({ start, width }) => effects.slice(start, start + width).reduce((sum, one) => sum + one, 0));
}
