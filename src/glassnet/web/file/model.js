// The model in the file: what Python has written, made ready for the engine.

import { bytesOf } from "./base64.js";

/**
 * A model {network, white, table} from its JSON; arrays come as base64 of float32 or float16, little-endian.
 * @param {string} text
 */
export function modelOf(text) {
  const { network, ...rest } = JSON.parse(text);
  for (const layer of network.layers) {
    Object.assign(layer, network.notes[layer.note]);
    for (const [name, packed] of Object.entries(layer.arrays)) layer.arrays[name] = valuesOf(packed);
  }
  return { network, ...rest };
}

/** The numbers of an array: float32, or float16 where Python could write it so without loss. */
function valuesOf({ f32, f16 }) {
  const bytes = bytesOf(f32 ?? f16);
  return f32 === undefined ? fromHalves(new Uint16Array(bytes.buffer)) : new Float32Array(bytes.buffer);
}

/** float16 has a sign, five bits of exponent, and ten of the fraction; infinity and NaN are not written. */
function fromHalves(halves) {
  return Float32Array.from(halves, (bits) => {
    const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
  });
}

/** What the panels must know of the network before they draw it. */
export function factsOf({ name, network, white, table }) {
  const { classes, outputs, inputShape, imageShape, threshold, decision, loss, layers } = network;
  const numbers = (layer) => layer.parameters.reduce((sum, each) => sum + layer.arrays[each].length, 0);
  return {
    name,
    classes,
    outputs,
    input: inputShape,
    picture: imageShape,
    white,
    decision,
    can_refuse: threshold > 0 && loss.softmax,
    parameters: layers.reduce((sum, layer) => sum + numbers(layer), 0),
    loss: loss.description,
    probabilistic: loss.probabilistic,
    inputs: table?.inputs ?? null,
    layers: layers.map((layer) => ({
      name: layer.name,
      kind: layer.kind,
      description: layer.description,
      shape: layer.outputShape,
      parameters: Object.fromEntries(layer.parameters.map((each) => [each, layer.shapes[each]])),
    })),
  };
}
