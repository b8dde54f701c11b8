// A whole graph of Diptych in a page: uint8 (H, W, C) in, uint8 (H, W, C) out, of any size.
import * as ort from "./node_modules/onnxruntime-web/dist/ort.wasm.min.mjs";

ort.env.wasm.wasmPaths = new URL("./node_modules/onnxruntime-web/dist/", import.meta.url).href;
// More threads need a page that is isolated from others (COOP and COEP headers).
ort.env.wasm.numThreads = globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency) : 1;

const element = (id) => document.getElementById(id);

/** Load a model from its bytes. */
export async function load(bytes) {
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  const given = session.inputMetadata[0];
  if (given.type !== "uint8") throw new Error(`the model takes ${given.type}; export it with --whole`);
  return { session, input: given.name, output: session.outputNames[0], channels: given.shape[2] };
}

/** Return the enhanced pixels of an ImageData. */
export async function enhance(model, image) {
  const { width, height } = image;
  const given = new ort.Tensor("uint8", packed(image.data, model.channels), [height, width, model.channels]);
  const results = await model.session.run({ [model.input]: given });
  const result = results[model.output];
  return new ImageData(unpacked(result.data, result.dims[2]), width, height);
}

// A canvas has red, green, blue and opacity; a model has colours or grey.
function packed(pixels, channels) {
  const count = pixels.length / 4;
  const values = new Uint8Array(count * channels);
  for (let index = 0; index < count; index += 1) {
    const at = 4 * index;
    if (channels === 1) values[index] = Math.round(0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2]);
    else for (let channel = 0; channel < 3; channel += 1) values[3 * index + channel] = pixels[at + channel];
  }
  return values;
}

function unpacked(values, channels) {
  const count = values.length / channels;
  const pixels = new Uint8ClampedArray(4 * count).fill(255);
  for (let index = 0; index < count; index += 1)
    for (let channel = 0; channel < 3; channel += 1)
      pixels[4 * index + channel] = values[channels * index + (channels === 1 ? 0 : channel)];
  return pixels;
}

async function read(file) {
  const bitmap = await createImageBitmap(file);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

function show(id, image) {
  const canvas = element(id);
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").putImageData(image, 0, 0);
}

async function update() {
  const [model, picture] = [element("model").files[0], element("picture").files[0]];
  if (!model || !picture) return;
  try {
    element("status").textContent = "Loading the model …";
    const loaded = await load(new Uint8Array(await model.arrayBuffer()));
    const image = await read(picture);
    show("before", image);
    element("status").textContent = "Enhancing …";
    const start = performance.now();
    show("after", await enhance(loaded, image));
    const seconds = (performance.now() - start) / 1000;
    element("status").textContent = `Done: ${image.width} × ${image.height} px in ${seconds.toFixed(2)} s.`;
  } catch (error) {
    element("status").textContent = `Failed: ${error.message}`;
  }
}

for (const id of ["model", "picture"]) element(id).addEventListener("change", update);
