// Looks: settings with a name, each seen on a small copy of the picture itself.

import {make} from "./controls.js";
import {SENTENCES} from "./dictionary.js";
import {onLanguage, t} from "./language.js";
import {send} from "./service.js";
import {change, choice, find, hasFast, on, settings, state} from "./state.js";
import {guarded} from "./status.js";
import {query} from "./words.js";

const SIDE = 220; // pixels of the small copy
const WISHES = {
  planned: {}, gentle: {strength: 0.5}, brighter: {brightness: 0.7}, darker: {brightness: -0.7}, shadows: {shadows: 0.6},
  warm: {warmth: 0.35}, cool: {warmth: -0.35}, vivid: {saturation: 0.4}, grey: {saturation: -1},
};
let running = new AbortController();

// The looks: wishes for the default enhancer, then the purposes that are recipes of the service.
function looks() {
  const first = state.models.find((one) => one.default);
  const enhancer = first ? `model:${first.name}` : "recipe:auto";
  const wished = Object.entries(WISHES).map(([name, wishes]) => ({name, enhancer, wishes}));
  const purposes = state.recipes.filter((one) => one.steps).map((one) => ({name: one.name, enhancer: `recipe:${one.name}`, wishes: {}}));
  return [...wished, ...purposes];
}

const title = (name) => (SENTENCES[`look_${name}`] ? t(`look_${name}`) : name.replaceAll("_", " "));
const isChosen = ({enhancer, wishes}) =>
  settings().enhancer === enhancer && JSON.stringify(settings().wishes) === JSON.stringify(wishes);

// What is asked for a small copy: noise cannot be seen there.
function small({enhancer, wishes}) {
  const wanted = choice(state.current, {enhancer, wishes, fast: false, steps: []});
  return {...wanted, fast: hasFast(state.models.find((one) => `model:${one.name}` === enhancer))};
}

function draw() {
  const seen = state.current?.looks || new Map();
  find("#looks").replaceChildren(...looks().map((look) => {
    const image = make("img", {alt: "", src: seen.get(look.name) || state.current?.thumbnail || "page/icon.svg"});
    image.classList.toggle("waits", !seen.has(look.name));
    const button = make("button", {type: "button"}, image, make("span", {textContent: title(look.name)}));
    button.dataset.look = look.name;
    button.addEventListener("click", () => change({enhancer: look.enhancer, wishes: look.wishes}, `look-${look.name}`));
    return button;
  }));
  mark();
}

function mark() {
  const all = looks();
  [...find("#looks").children].forEach((button, index) => button.setAttribute("aria-pressed", isChosen(all[index])));
}

// One after the other, so that the service has room for what is asked meanwhile.
async function fill() {
  const picture = state.current;
  if (picture.looks?.size === looks().length) return;
  running.abort();
  running = new AbortController();
  const {signal} = running;
  picture.looks ||= new Map();
  const copy = await (await send(`v1/preview?side=${SIDE}`, picture.small, signal)).blob();
  for (const look of looks()) {
    if (picture.looks.has(look.name)) continue;
    try {
      const answer = await send(`v1/enhance?${query(small(look), {format: "png"})}`, copy, signal);
      picture.looks.set(look.name, URL.createObjectURL(await answer.blob()));
    } catch (error) {
      if (error.name === "AbortError") throw error;
      picture.looks.set(look.name, ""); // this look is not for this picture
    }
    if (picture !== state.current) return;
    const image = find(`[data-look="${CSS.escape(look.name)}"] img`);
    image.src = picture.looks.get(look.name) || image.src;
    image.classList.remove("waits");
  }
}

on("rest", () => guarded(fill));
on("settings", mark);
on("picture", () => { running.abort(); draw(); });
on("pictures", draw);
onLanguage(draw);
