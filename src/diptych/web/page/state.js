// What is open, what is chosen, and who wants to know of changes.

import {defaults, nearest, plain} from "./controls.js";
import {Edits} from "./edits.js";

export const find = (selector) => document.querySelector(selector);

export const state = {pictures: [], current: null, together: true, format: "", models: [], recipes: [], schemas: new Map()};
let shared = null;
const listeners = {settings: [], picture: [], pictures: [], shown: [], rest: []};

// `act` is called after settings have changed, another picture is chosen, what pictures there are or their format has changed,
// a result is shown, or the last one is.
export const on = (event, act) => listeners[event].push(act);
export const tell = (event, ...about) => listeners[event].forEach((act) => act(...about));

// The settings of a picture: which enhancer, its wishes, own steps; with their history.

export function begin() {
  const first = state.models.find((one) => one.default) || state.models[0];
  shared = new Edits({enhancer: first ? `model:${first.name}` : "recipe:auto", fast: false, wishes: {}, steps: []});
}

export const edits = (picture = state.current) => (!state.together && picture?.edits) || shared;
export const settings = (picture) => edits(picture).now;

export function change(part, label) {
  edits().change({...settings(), ...part}, label);
  tell("settings", label);
}

export function undo() {
  edits().undo();
  tell("settings", "undo");
}

export function redo() {
  edits().redo();
  tell("settings", "redo");
}

export const reset = () => change(edits().first, "reset");

// The same settings for all pictures, those of the current one; or each its own, which begin as they are.
export function setTogether(together) {
  if (together) shared = edits().copy();
  else for (const picture of state.pictures) picture.edits = shared.copy();
  state.together = together;
  tell("settings", "together");
}

// What the settings mean.

const split = ({enhancer}) => enhancer.split(/:(.*)/s);

// The model or recipe in the list of the service; null for own steps.
export function chosen(picture) {
  const [kind, name] = split(settings(picture));
  return kind === "steps" ? null : state[`${kind}s`].find((one) => one.name === name);
}

export const hasFast = (known) => Boolean(known?.profiles?.includes("fast"));

export function choice(picture = state.current, now = settings(picture)) {
  const [kind, name] = split(now);
  const {format} = state;
  if (kind === "steps") return {kind, format, steps: now.steps.map((step) => plain(step, state.schemas.get(step.operator)))};
  const known = state[`${kind}s`].find((one) => one.name === name);
  const file = known.packaged ? name : `${name}.${kind === "model" ? "onnx" : "toml"}`;
  const fast = now.fast && hasFast(known);
  const wishes = Object.fromEntries(Object.entries(known.wishes ? now.wishes : {}).filter(([wish]) => !(fast && wish === "denoise")));
  return {kind, name, file, isDefault: known.default, isPackaged: known.packaged, format, fast, wishes};
}

// On a reduced copy, lengths in pixels are reduced by the same factor.
export function forPreview(wanted, factor) {
  const made = wanted.steps || state.recipes.find((one) => wanted.kind === "recipe" && one.name === wanted.name)?.steps;
  if (!made || factor === 1) return wanted;
  const steps = made.map((step) => {
    const values = {...defaults(state.schemas.get(step.operator)), ...step};
    for (const [name, schema] of Object.entries(state.schemas.get(step.operator).properties)) {
      if (schema["x-unit"] === "px" && typeof values[name] === "number") values[name] = nearest(schema, values[name] * factor);
    }
    return values;
  });
  return {kind: "steps", steps};
}
