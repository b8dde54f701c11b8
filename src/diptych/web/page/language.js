// The language of the page: that of the browser, or the one that was chosen here.

import {SENTENCES} from "./dictionary.js";

export const LANGUAGES = {en: "English", zh: "中文"};
const CODES = Object.keys(LANGUAGES);
const listeners = [];

const asked = localStorage.getItem("language") || navigator.languages.find((one) => CODES.includes(one.slice(0, 2))) || "en";
export let language = CODES.includes(asked.slice(0, 2)) ? asked.slice(0, 2) : "en";

// One of the texts of a row such as ["Fit", "适应窗口"].
export const pick = (row) => row[CODES.indexOf(language)];

// The sentence of this name, with values in the places of {their names}.
export function t(name, values = {}) {
  return pick(SENTENCES[name]).replace(/\{(\w+)\}/g, (_, key) => values[key]);
}

// The texts of the elements that say which they have.
export function translate(root = document) {
  document.documentElement.lang = language === "zh" ? "zh-CN" : language;
  for (const one of root.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
  for (const one of root.querySelectorAll("[data-label]")) one.setAttribute("aria-label", t(one.dataset.label));
  for (const one of root.querySelectorAll("[data-hint]")) one.title = t(one.dataset.hint);
  for (const one of root.querySelectorAll("[data-alt]")) one.alt = t(one.dataset.alt);
}

export const onLanguage = (act) => listeners.push(act);

export function speak(code) {
  language = code;
  localStorage.setItem("language", code);
  translate();
  listeners.forEach((act) => act());
}
