// The page begins here: what the service offers is asked for, and keys and buttons find their work.

import {make} from "./controls.js";
import {LANGUAGES, language, speak, t, translate} from "./language.js";
import {fillPanel, listen as listenToPanel} from "./panel.js";
import {listen as listenToPictures} from "./pictures.js";
import {viewer} from "./preview.js";
import "./presets.js";
import {get, send} from "./service.js";
import {begin, choice, find, redo, state, tell, undo} from "./state.js";
import {query} from "./words.js";

const isTyping = (element) => element.matches?.("input:not([type=range], [type=checkbox]), select, textarea");

// While it is held the picture is shown as it was.
function listenToPeek() {
  const button = find("#peek");
  const peek = (on) => { viewer.peek(on); button.setAttribute("aria-pressed", Boolean(on)); };
  const holds = (event) => event.key.toLowerCase() === "b" || (event.target === button && (event.key === " " || event.key === "Enter"));
  button.addEventListener("pointerdown", (event) => { button.setPointerCapture(event.pointerId); peek(true); });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) button.addEventListener(end, () => viewer.peeking && peek(false));
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long press of a finger
  document.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && state.current && holds(event) && !isTyping(event.target)) peek(true);
  });
  document.addEventListener("keyup", (event) => { if (viewer.peeking && holds(event)) peek(false); });
  window.addEventListener("blur", () => viewer.peeking && peek(false));
}

function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || isTyping(event.target)) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    if (key === "y" || event.shiftKey) redo();
    else undo();
    event.preventDefault();
  });
}

function listen() {
  listenToPictures();
  listenToPanel();
  listenToPeek();
  listenToKeys();
  const steps = {out: () => viewer.zoomTo(viewer.zoom / 1.5), in: () => viewer.zoomTo(viewer.zoom * 1.5), fit: () => viewer.fit(), actual: () => viewer.actual()};
  for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", steps[button.dataset.zoom]);
  const languages = find("#language");
  languages.replaceChildren(...Object.entries(LANGUAGES).map(([value, textContent]) => make("option", {value, textContent, lang: value})));
  languages.value = language;
  languages.addEventListener("change", () => speak(languages.value));
}

// While a picture is being chosen, the processes of the service load what enhances it.
async function warmUp() {
  const canvas = new OffscreenCanvas(64, 64);
  canvas.getContext("2d").fillRect(0, 0, 32, 64);
  const sample = await canvas.convertToBlob();
  await Promise.all([1, 2].map(() => send(`v1/enhance?${query(choice(), {format: "png"})}`, sample)));
}

async function start() {
  translate();
  listen();
  const [models, recipes, schemas] = await Promise.all(["v1/models", "v1/recipes", "v1/operators"].map(get));
  Object.assign(state, {models, recipes, schemas: new Map(schemas.map((one) => [one.title, one]))});
  begin();
  fillPanel();
  tell("picture");
  await warmUp().catch(() => null); // what is wrong will show itself
}

start().catch((error) => {
  find("main").prepend(make("p", {className: "notice", role: "alert", textContent: t("no_answer", {text: error.message})}));
});
