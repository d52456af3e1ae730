// Where the values of an array stand in a picture: a vector as a block, an image as itself, feature maps side by side.

/**
 * The places of an array's values in a picture that has one pixel for each value, and gaps of one pixel between maps.
 * @param {number[]} shape of the array: (n), (rows, columns), or (rows, columns, maps)
 * @param {number} [across] columns of blocks; by default the picture becomes about twice as wide as high
 */
export function layoutOf(shape, across) {
  if (shape.length === 1) return vector(shape[0], across);
  const [rows, columns] = shape;
  const maps = shape.slice(2).reduce((a, b) => a * b, 1);
  const wide = across ?? Math.max(1, Math.ceil(Math.sqrt((maps * 2 * rows) / columns)));
  return tiles(rows, columns, maps, Math.min(wide, maps), shape);
}

function vector(size, across) {
  const wide = Math.min(size, across ?? (size <= 10 ? size : Math.ceil(Math.sqrt(size * 2) / 4) * 4));
  return {
    width: wide,
    height: Math.ceil(size / wide),
    size,
    place: (k) => [k % wide, Math.floor(k / wide)],
    at: (x, y) => (x < wide && y * wide + x < size ? y * wide + x : -1),
    index: (k) => [k],
  };
}

function tiles(rows, columns, maps, wide, shape) {
  const place = (k) => {
    const map = k % maps;
    const pixel = Math.floor(k / maps);
    return [
      (map % wide) * (columns + 1) + (pixel % columns),
      Math.floor(map / wide) * (rows + 1) + Math.floor(pixel / columns),
    ];
  };
  const at = (x, y) => {
    const [column, row] = [x % (columns + 1), y % (rows + 1)];
    const map = Math.floor(y / (rows + 1)) * wide + Math.floor(x / (columns + 1));
    const inside = column < columns && row < rows && Math.floor(x / (columns + 1)) < wide && map < maps;
    return inside ? (row * columns + column) * maps + map : -1;
  };
  return {
    width: wide * (columns + 1) - 1,
    height: Math.ceil(maps / wide) * (rows + 1) - 1,
    size: rows * columns * maps,
    place,
    at,
    index: (k) => unravel(k, shape),
      };
}

/** The pixel of each value, counted along the rows of the picture. */
export function placesIn({ width, size, place }) {
  return Int32Array.from({ length: size }, (_, k) => {
    const [x, y] = place(k);
    return y * width + x;
  });
}

/** The number of the value with this index, rows first. */
export function flatOf(index, shape) {
  return index.reduce((sum, i, axis) => sum * shape[axis] + i, 0);
}

/** The index of the k-th value, rows first. */
export function unravel(k, shape) {
  const index = [];
  for (const side of [...shape].reverse()) {
    index.unshift(k % side);
    k = Math.floor(k / side);
  }
  return index;
}

/** The place that an arrow key leads to from the k-th value; k itself at the edge. */
export function moved(layout, k, key) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const [x, y] = layout.place(k);
  for (const far of [1, 2]) {
    // 2: over the gap between two maps
    const [column, row] = [x + far * dx, y + far * dy];
    if (column < 0 || row < 0 || column >= layout.width || row >= layout.height) return k;
    const there = layout.at(column, row);
    if (there >= 0) return there;
  }
  return k;
}

/** The columns in which to draw a vector: those of the image, where it is the image made flat; else undefined. */
export function acrossOf(network, { shape }) {
  const [rows, columns] = network.input;
  return columns && shape.length === 1 && shape[0] === rows * columns ? columns : undefined;
}

/**
 * The part of an array (rows, columns, maps) inside a window: its first row, column and map, and the ones behind its last.
 * The array itself without a window.
 */
export function cropped(array, window) {
  if (!array || !window) return array;
  const [top, left, first, bottom, right, end] = window;
  const shape = [bottom - top, right - left, end - first];
  const values = new Float32Array(shape[0] * shape[1] * shape[2]);
  for (let k = 0; k < values.length; k++) {
    const [row, column, map] = unravel(k, shape);
    values[k] = array.values[flatOf([row + top, column + left, map + first], array.shape)];
  }
  return { shape, values };
}

/** The k-th part of an array along its first axis. */
export function part(array, k) {
  const shape = array.shape.slice(1);
  const size = shape.reduce((a, b) => a * b, 1);
  return { shape, values: array.values.subarray(k * size, (k + 1) * size) };
}
