// The layers of a network, as the library has them in Python: forward for one example, and backward to its input.
//
// A layer is {name, kind, settings, arrays, inputShape, outputShape}: `settings` are those of its class in Python,
// `arrays` its parameters and buffers by name. An example is a Float32Array or Float64Array, rows first; an image is
// H W C. For each kind of layer:
//   forward(layer, x) -> y                 as in prediction
//   backward(layer, x, y, dy) -> dx        of the same y
//   gradients(layer, x, dy, into)          adds dLoss/dparameter to the arrays in `into`; only where there are parameters
// Sums are made in double precision; results have the precision of x.

const ROOT = Math.sqrt(2 / Math.PI); // of GELU
const CUBIC = 0.044715;

/** An activation y = f(x) of each number, and its slope at x, where y is known. */
const each = (f, slope) => ({
  forward: (layer, x) => x.map((value) => f(value, layer.settings)),
  backward: (layer, x, y, dy) => dy.map((d, k) => d * slope(x[k], y[k], layer.settings)),
});

/** What only arranges numbers, or does nothing in prediction. */
const unchanged = { forward: (layer, x) => x, backward: (layer, x, y, dy) => dy };

/** 1 / (1 + exp(-x)), without overflow. */
export const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const bend = (x) => Math.tanh(ROOT * (x + CUBIC * x * x * x));

export const layers = {
  Dense: {
    forward({ arrays: { W, b }, outputShape: [units] }, x) {
      const y = Float64Array.from(b);
      for (let i = 0; i < x.length; i++) {
        const value = x[i];
        if (value === 0) continue;
        const row = i * units;
        for (let j = 0; j < units; j++) y[j] += value * W[row + j];
      }
      return x.constructor.from(y);
    },
    backward({ arrays: { W }, outputShape: [units] }, x, y, dy) {
      const dx = new x.constructor(x.length);
      for (let i = 0; i < x.length; i++) {
        let sum = 0;
        for (let j = 0; j < units; j++) sum += dy[j] * W[i * units + j];
        dx[i] = sum;
      }
      return dx;
    },
    gradients({ outputShape: [units] }, x, dy, { W, b }) {
      for (let j = 0; j < units; j++) b[j] += dy[j];
      for (let i = 0; i < x.length; i++) {
        const value = x[i];
        if (value === 0) continue;
        const row = i * units;
        for (let j = 0; j < units; j++) W[row + j] += value * dy[j];
      }
    },
  },

  Conv2D: {
    forward(layer, x) {
      const { arrays: { W, b }, inputShape: [, , C], outputShape: [, , F] } = layer;
      const y = new x.constructor(sizeOf(layer.outputShape));
      const sums = new Float64Array(F);
      windows(layer, (place, taps) => {
        sums.set(b);
        for (const [from, weight] of taps) {
          for (let c = 0; c < C; c++) {
            const value = x[from + c];
            if (value === 0) continue;
            const row = weight + c * F;
            for (let f = 0; f < F; f++) sums[f] += value * W[row + f];
          }
        }
        y.set(sums, place);
      });
      return y;
    },
    backward(layer, x, y, dy) {
      const { arrays: { W }, inputShape: [, , C], outputShape: [, , F] } = layer;
      const dx = new Float64Array(x.length);
      windows(layer, (place, taps) => {
        for (const [from, weight] of taps) {
          for (let c = 0; c < C; c++) {
            const row = weight + c * F;
            let sum = 0;
            for (let f = 0; f < F; f++) sum += dy[place + f] * W[row + f];
            dx[from + c] += sum;
          }
        }
      });
      return x.constructor.from(dx);
    },
    gradients(layer, x, dy, { W, b }) {
      const { inputShape: [, , C], outputShape: [, , F] } = layer;
      windows(layer, (place, taps) => {
        for (let f = 0; f < F; f++) b[f] += dy[place + f];
        for (const [from, weight] of taps) {
          for (let c = 0; c < C; c++) {
            const value = x[from + c];
            if (value === 0) continue;
            const row = weight + c * F;
            for (let f = 0; f < F; f++) W[row + f] += value * dy[place + f];
          }
        }
      });
    },
  },

  MaxPool2D: {
    forward(layer, x) {
      const y = new x.constructor(sizeOf(layer.outputShape)).fill(-Infinity);
      blocks(layer, (from, to) => (y[to] = Math.max(y[to], x[from])));
      return y;
    },
    /** Of equal ones in a block the first column gets dy, there the first row. */
    backward(layer, x, y, dy) {
      const dx = new x.constructor(x.length);
      const taken = new Uint8Array(y.length);
      blocks(layer, (from, to) => {
        if (taken[to] || x[from] !== y[to]) return;
        taken[to] = 1;
        dx[from] = dy[to];
      });
      return dx;
    },
  },
  AveragePool2D: {
    forward(layer, x) {
      const y = new Float64Array(sizeOf(layer.outputShape));
      blocks(layer, (from, to) => (y[to] += x[from]));
      return x.constructor.from(y, (sum) => sum / layer.settings.size ** 2);
    },
    backward(layer, x, y, dy) {
      const dx = new x.constructor(x.length);
      blocks(layer, (from, to) => (dx[from] = dy[to] / layer.settings.size ** 2));
      return dx;
    },
  },
  GlobalAveragePool: {
    forward({ outputShape: [C] }, x) {
      const y = new Float64Array(C);
      for (let k = 0; k < x.length; k++) y[k % C] += x[k];
      return x.constructor.from(y, (sum) => sum / (x.length / C));
    },
    backward: ({ outputShape: [C] }, x, y, dy) => x.map((_, k) => dy[k % C] / (x.length / C)),
  },

  BatchNorm: {
    forward(layer, x) {
      const { gamma, beta, mean } = layer.arrays;
      const [C, rate] = [gamma.length, rates(layer)];
      return x.map((value, k) => (value - mean[k % C]) * rate[k % C] * gamma[k % C] + beta[k % C]);
    },
    backward(layer, x, y, dy) {
      const { gamma } = layer.arrays;
      const [C, rate] = [gamma.length, rates(layer)];
      return dy.map((d, k) => d * gamma[k % C] * rate[k % C]);
    },
    gradients(layer, x, dy, { gamma, beta }) {
      const [C, rate] = [gamma.length, rates(layer)];
      for (let k = 0; k < x.length; k++) {
        gamma[k % C] += dy[k] * (x[k] - layer.arrays.mean[k % C]) * rate[k % C];
        beta[k % C] += dy[k];
      }
    },
  },
  Rescale: each((x, { scale }) => x * scale, (x, y, { scale }) => scale),
  Standardize: {
    forward: ({ arrays: { mean, factor } }, x) => x.map((value, k) => (value - mean[k]) * factor[k]),
    backward: ({ arrays: { factor } }, x, y, dy) => dy.map((d, k) => d * factor[k]),
  },

  Flatten: unchanged,
  Reshape: unchanged,
  Dropout: unchanged,
  Identity: unchanged,

  ReLU: each((x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)),
  LeakyReLU: each((x, { slope }) => (x > 0 ? x : slope * x), (x, y, { slope }) => (x > 0 ? 1 : slope)),
  ELU: each((x, { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)), (x, y, { alpha }) => (x > 0 ? 1 : y + alpha)),
  Sigmoid: each(sigmoid, (x, y) => y * (1 - y)),
  Tanh: each(Math.tanh, (x, y) => 1 - y * y),
  SiLU: each((x) => x * sigmoid(x), (x, y) => sigmoid(x) + y * (1 - sigmoid(x))),
  Softplus: each((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), (x) => sigmoid(x)),
  GELU: each(
    (x) => (x * (1 + bend(x))) / 2,
    (x) => (1 + bend(x)) / 2 + (x * (1 - bend(x) ** 2) * ROOT * (1 + 3 * CUBIC * x * x)) / 2,
  ),
  /** Along the last axis. */
  Softmax: {
    forward({ outputShape }, x) {
      const width = outputShape[outputShape.length - 1];
      const y = new x.constructor(x.length);
      for (let at = 0; at < x.length; at += width) y.set(softmax(x.subarray(at, at + width)), at);
      return y;
    },
    backward({ outputShape }, x, y, dy) {
      const width = outputShape[outputShape.length - 1];
      return dy.map((d, k) => {
        const first = k - (k % width);
        let sum = 0;
        for (let j = first; j < first + width; j++) sum += dy[j] * y[j];
        return y[k] * (d - sum);
      });
    },
  },
};

/** exp(z - max z), divided by its sum; a Float64Array. */
export function softmax(z) {
  const largest = z.reduce((most, value) => Math.max(most, value), -Infinity);
  const exps = Float64Array.from(z, (value) => Math.exp(value - largest));
  const sum = exps.reduce((total, value) => total + value, 0);
  return exps.map((value) => value / sum);
}




/** The number of values in an array of this shape. */
export const sizeOf = (shape) => shape.reduce((product, side) => product * side, 1);

/** Rows above, and columns before an image, that the padding of a convolution adds. */
export function margins({ settings: { kernel_size: K, stride, padding }, inputShape: [H, W], outputShape: [H1, W1] }) {
  const before = (side, count) => (padding === "same" ? Math.max((count - 1) * stride + K - side, 0) >> 1 : 0);
  return [before(H, H1), before(W, W1)];
}

/** 1 / sqrt(variance + epsilon) of a batch normalisation. */
function rates({ arrays: { variance }, settings: { epsilon } }) {
  return Float64Array.from(variance, (value) => 1 / Math.sqrt(value + epsilon));
}

/** Call with the place of each window in y, and the places of its pixels in x and of their weights in W. */
function windows(layer, work) {
  const { settings: { kernel_size: K, stride }, inputShape: [H, W, C], outputShape: [H1, W1, F] } = layer;
  const [top, left] = margins(layer);
  for (let i = 0; i < H1; i++) {
    for (let j = 0; j < W1; j++) {
      const taps = [];
      for (let k = 0; k < K; k++) {
        const row = i * stride + k - top;
        if (row < 0 || row >= H) continue;
        for (let m = 0; m < K; m++) {
          const column = j * stride + m - left;
          if (column >= 0 && column < W) taps.push([(row * W + column) * C, (k * K + m) * C * F]);
        }
      }
      work((i * W1 + j) * F, taps);
    }
  }
}

/** Call with the place of each pixel in x and that of its block in y, the columns of a block in turn. */
function blocks({ settings: { size: s }, inputShape: [, W, C], outputShape: [H1, W1] }, work) {
  for (let i = 0; i < H1; i++) {
    for (let j = 0; j < W1; j++) {
      for (let one = 0; one < s * s; one++) {
        const [k, m] = [one % s, Math.floor(one / s)];
        for (let c = 0; c < C; c++) work(((i * s + k) * W + j * s + m) * C + c, (i * W1 + j) * C + c);
      }
    }
  }
}
