// Optimizers on flat vectors, as in Python: how a gradient becomes a step.
//
// An optimizer is {type, lr, ...settings}. Its state holds vectors as long as theta.

const optimizers = {
  SGD: {
    vectors: ({ momentum = 0 }) => (momentum ? ["velocity"] : []),
    update(theta, grad, { velocity }, { lr, momentum = 0, nesterov = false }) {
      for (let k = 0; k < theta.length; k++) {
        let step = grad[k];
        if (velocity) {
          velocity[k] = momentum * velocity[k] + grad[k];
          step = nesterov ? grad[k] + momentum * velocity[k] : velocity[k];
        }
        theta[k] -= lr * step;
      }
    },
  },
  Adam: {
    vectors: () => ["m", "v"],
    update(theta, grad, { m, v }, { lr, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }, step) {
      const [first, second] = [1 - beta1 ** (step + 1), 1 - beta2 ** (step + 1)];
      for (let k = 0; k < theta.length; k++) {
        const g = grad[k];
        m[k] = beta1 * m[k] + (1 - beta1) * g;
        v[k] = beta2 * v[k] + (1 - beta2) * g * g;
        theta[k] -= (lr * (m[k] / first)) / (Math.sqrt(v[k] / second) + epsilon);
      }
    },
  },
};

/** The names of the optimizers. */
export const optimizerNames = Object.keys(optimizers);

/** The state before the first step. */
export function startOf(optimizer, size) {
  return Object.fromEntries(optimizers[optimizer.type].vectors(optimizer).map((name) => [name, new Float32Array(size)]));
}

/** Change theta and the state by one step; `step` is the number of steps before this one. */
export function update(optimizer, theta, grad, state, step) {
  optimizers[optimizer.type].update(theta, grad, state, optimizer, step);
}
