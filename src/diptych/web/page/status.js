// The line that says what happens, in the language of the page.

import {onLanguage, t} from "./language.js";

const line = () => document.querySelector("#status");
let last = null;

// A sentence of the dictionary with its values; `bad` for what went wrong.
export function say(name, values = {}, bad = false) {
  last = [name, values, bad];
  line().textContent = t(name, values);
  line().classList.toggle("bad", bad);
}

export const report = (error) =>
  (error.message === "Failed to fetch" ? say("unreachable", {}, true) : say("said", {text: error.message}, true));

// Does the work, and says what goes wrong.
export async function guarded(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") report(error);
    return null;
  }
}

onLanguage(() => last && say(...last));
