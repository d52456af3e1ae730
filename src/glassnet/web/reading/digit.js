// Tells which pieces of ink belong to the digit, and which are specks, a frame, or what reaches in from the border.
//
// `numbers` are the pieces, `amounts` the ink of each by its number, `boxes` the box around each by its number.

import { above, anyInColumns, anyInRows, count, covered, cropped, maskOf, share, transposed } from "./grid.js";
import { amountsOf, extents, longerSide, pieces } from "./pieces.js";
import { Problem } from "./problem.js";
import { indexOfMost, mean, most, sum } from "./values.js";

const [AMONG_DIGITS, AS_LONG] = [0.2, 0.7]; // a digit has at least these shares of the largest piece's ink and side
const MANY = 20; // more pieces as large as the largest are not a row of digits
const [BESIDE, ABOVE] = [0.02, 0.25]; // least gap between digits side by side and above each other, as a share of the
// longest digit's longer side; the gap below the bar of a broken 5 is smaller than ABOVE
const LEAST_INK = 4; // pixels
const LESSER = 0.5; // a piece at the border with less than this share of the ink of a piece inside is not the digit
const ALONGSIDE = 0.4; // a piece that touches the border with this share of its longer side is not the digit
const LEAST_DIGIT = 0.05; // of all ink must remain without a frame; else the supposed frame is the digit
const TALLER = 1.2; // the height of an angular 0, as a share of its width; a frame may be less tall
const HOLLOW = 0.02; // largest share of the ink of a frame that lies inside of its lines
const ALL_ALONG = 0.9; // of each side: a frame has ink along more
const BAND = 0.9; // of the rectangle around it: the edge of a shadow fills more
const DUST = 0.05; // a piece with less than this share of the largest piece's ink is dirt
const FAR = 0.4; // of the largest piece's longer side: what lies further from the digit does not belong to it
const READ_NUMBERS = "whole numbers are read by the program glassnet";

/**
 * Only the pieces of ink that belong to the digit.
 *
 * Removed are specks, pieces along the border of the picture, and a frame around the rest.
 */
export function onlyTheDigit(ink, steps) {
  const numbers = pieces(above(ink, 0));
  const boxes = extents(numbers);
  let amounts = amountsOf(numbers, ink);
  for (const number of [0, ...edgesOf(numbers, boxes)]) amounts[number] = 0;
  if (most(amounts) < LEAST_INK) throw noInk();
  amounts = steps.take("border", without, amounts, alongTheBorder, numbers, boxes);
  amounts = steps.take("frame", without, amounts, framesOf, numbers, boxes);
  amounts = steps.take("apart", oneDigit, amounts, boxes);
  amounts = steps.take("specks", withoutSpecks, amounts, boxes);
  const largest = indexOfMost(amounts);
  if (isAFrame(pieceOf(numbers, boxes, largest))) {
    throw new Problem("found a frame with nothing in it: expected a digit");
  }
  return covered(ink, maskOf(numbers, (number) => amounts[number] <= 0), 0);
}

/** The mask of a piece in its box. */
const pieceOf = (numbers, boxes, number) => maskOf(cropped(numbers, ...boxes.get(number)), (each) => each === number);

/**
 * The bands that fill a whole side of the picture, and do not reach the side across: the edge of a shadow.
 *
 * A closely cropped 1 reaches all sides.
 */
function edgesOf(numbers, boxes) {
  const [top, bottom] = endsOf(numbers);
  const [left, right] = endsOf(transposed(numbers));
  const whole = new Set();
  for (const [side, across] of [[top, bottom], [bottom, top], [left, right], [right, left]]) {
    if (side[0] && side.every((number) => number === side[0]) && !across.includes(side[0])) whole.add(side[0]);
  }
  return [...whole].filter((number) => share(pieceOf(numbers, boxes, number)) > BAND);
}

/** The first row of a grid and its last. */
const endsOf = ({ width, values }) => [values.subarray(0, width), values.subarray(values.length - width)];

/**
 * Whether a piece lies along all four sides of the rectangle around it, and there only.
 *
 * An angular 0 does too, but it is higher than wide.
 */
function isAFrame(mask) {
  const { height, width } = mask;
  const side = lineOf(mask);
  const [rows, columns] = [[0, height], [0, width]];
  const along = [
    anyInColumns(cropped(mask, [0, side], columns)),
    anyInColumns(cropped(mask, [height - side, height], columns)),
    anyInRows(cropped(mask, rows, [0, side])),
    anyInRows(cropped(mask, rows, [width - side, width])),
  ];
  return isHollow(mask) && height < TALLER * width && Math.min(...along.map(mean)) > ALL_ALONG;
}

/** The greatest width of the lines of a frame of this size. */
const lineOf = ({ height, width }) => Math.max(2, Math.floor(Math.min(height, width) / 8));

/** Whether a piece has nearly no ink inside of its lines, if it is a frame. */
function isHollow(mask) {
  const { height, width } = mask;
  const side = lineOf(mask);
  const inside = cropped(mask, [side, height - side], [side, width - side]);
  return Math.min(height, width) > 4 * side && count(inside) < HOLLOW * count(mask);
}

/** The amounts without those of the surroundings, unless nearly nothing remains. */
function without(amounts, surroundings, numbers, boxes) {
  const found = surroundings(numbers, amounts, boxes);
  if (!found.length) return amounts;
  const rest = amounts.slice();
  for (const number of found) rest[number] = 0;
  return most(rest) >= Math.max(LEAST_INK, LEAST_DIGIT * sum(amounts)) ? rest : amounts;
}

/** The amounts themselves, if they are those of one digit. */
function oneDigit(amounts, boxes) {
  const number = countDigits(amounts, boxes);
  if (number > MANY) {
    throw new Problem(`found more than ${MANY} objects: expected one digit; crop the picture to it; ${READ_NUMBERS}`);
  }
  if (number > 1) {
    const found = `found ${number} digits, side by side or one above the other`;
    throw new Problem(`${found}: expected one digit; ${READ_NUMBERS}`);
  }
  return amounts;
}

/**
 * The amounts without those of dirt, and of small things far from the digit, such as the buttons of a window.
 *
 * What is far away and as large as a digit stays: it is another digit, and nothing must be read without it.
 */
function withoutSpecks(amounts, boxes) {
  const near = digitsAmong(amounts, boxes);
  const reach = FAR * Math.max(...near.map((number) => longerSide(boxes.get(number))));
  const dust = DUST * most(amounts);
  const kept = new Set(near);
  let others = [...boxes.keys()].filter((number) => amounts[number] >= dust && !kept.has(number));
  for (const number of kept) {
    // which grows
    const isNear = (other) => Math.max(...gapsOf(boxes.get(number), boxes.get(other))) <= reach;
    for (const other of others.filter(isNear)) kept.add(other);
    others = others.filter((other) => !kept.has(other));
  }
  const rest = amounts.map((amount, number) => (kept.has(number) ? amount : 0));
  return rest.every((amount, number) => amount === amounts[number]) ? amounts : rest;
}

/** The pieces that are nearly as large as the largest, so that each could be a digit. */
function digitsAmong(amounts, boxes) {
  const least = AMONG_DIGITS * most(amounts);
  const large = [...boxes.keys()].filter((number) => amounts[number] >= least);
  const longest = Math.max(...large.map((number) => longerSide(boxes.get(number))));
  return large.filter((number) => longerSide(boxes.get(number)) >= AS_LONG * longest);
}

/** The number of digits among the pieces: those that are nearly as large as the largest, and lie well apart. */
export function countDigits(amounts, boxes) {
  const alike = digitsAmong(amounts, boxes).map((number) => boxes.get(number));
  if (alike.length > MANY) return alike.length; // too many in any case, so their distances do not matter
  const longest = Math.max(...alike.map(longerSide));
  let digits = []; // each a list of boxes
  for (const box of alike) {
    const isNear = (digit) => !digit.every((other) => areApart(box, other, longest));
    digits = [...digits.filter((digit) => !isNear(digit)), [box, ...digits.filter(isNear).flat()]];
  }
  return digits.length;
}

function areApart(a, b, longest) {
  const [down, across] = gapsOf(a, b);
  return across >= BESIDE * longest || down >= ABOVE * longest;
}

/** The pixels between two boxes, down and across; negative where they overlap. */
const gapsOf = (a, b) => a.map(([start, stop], axis) => Math.max(start, b[axis][0]) - Math.min(stop, b[axis][1]));

/**
 * The pieces that touch the border with much of their length, or touch it and have less ink than a piece inside.
 *
 * These are the edge of a table, a shadow, a line, or parts of digits next to this one.
 */
function alongTheBorder(numbers, amounts, boxes) {
  const { height, width, values } = numbers;
  const contacts = new Int32Array(amounts.length);
  for (const side of endsOf(numbers)) side.forEach((number) => (contacts[number] += 1));
  for (let row = 1; row < height - 1; row++) {
    contacts[values[row * width]] += 1;
    contacts[values[(row + 1) * width - 1]] += 1;
  }
  const inside = Math.max(0, most(amounts.filter((_, number) => contacts[number] === 0)));
  const isSurroundings = (number) =>
    amounts[number] < LESSER * inside || contacts[number] >= ALONGSIDE * longerSide(boxes.get(number));
  return [...boxes.keys()].filter((number) => contacts[number] && isSurroundings(number));
}

/** The large pieces that lie almost only along the sides of the rectangle around them. */
function framesOf(numbers, amounts, boxes) {
  const least = DUST * most(amounts);
  return [...boxes.keys()].filter((number) => amounts[number] >= least && isHollow(pieceOf(numbers, boxes, number)));
}

/** The same without frames around the rest. */
export function withoutFrames(darker, least) {
  const numbers = pieces(above(darker, least));
  const amounts = amountsOf(numbers, darker);
  amounts[0] = 0;
  const rest = without(amounts, framesOf, numbers, extents(numbers));
  if (rest === amounts) return darker;
  return covered(darker, maskOf(numbers, (number) => rest[number] < amounts[number]), 0);
}

/** That there is no ink. */
export function noInk() {
  return new Problem("no ink found: expected a digit that stands out from its paper, dark on light or light on dark");
}
