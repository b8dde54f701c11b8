// The result on the screen: of a reduced copy at once, and of the picture itself where its pixels are looked at.

import {send} from "./service.js";
import {chosen, choice, find, forPreview, hasFast, on, state, tell} from "./state.js";
import {guarded, say} from "./status.js";
import {Viewer} from "./viewer.js";
import {t} from "./language.js";
import {query} from "./words.js";

const PAUSE = 150; // ms without a change before a preview is requested
const REST = 500; // ms before the picture is enhanced in full size
const SEEN = {format: "jpeg", quality: 95}; // how drafts and pictures in full size come to be seen
const WHOLE = {format: "png"};

export const viewer = new Viewer(find("#stage"), find("#zoom"), () => [t("before"), t("after")], () => sharpenSoon());

let work = new AbortController();
let timers = [];

export async function put(image, blob) {
  const [old, url] = [image.src, URL.createObjectURL(blob)];
  image.src = url;
  await image.decode().catch((error) => { if (image.src === url) throw error; }); // else another one is shown by now
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
}

// Forgets what is under way; the service drops an outdated preview that has not begun.
export function stop() {
  work.abort();
  work = new AbortController();
  timers.forEach(clearTimeout);
  timers = [];
  find("#stage").classList.remove("busy");
}

export function refreshSoon(label, pause = PAUSE) {
  stop();
  if (!state.current?.small) return;
  find("#stage").classList.add("busy");
  timers.push(setTimeout(() => guarded(() => refresh(label)), pause));
}

// What JPEG, which is quicker, cannot hold comes as PNG; so does transparency.
async function asSeen(ask) {
  return ask(SEEN).catch((error) => (error.name === "AbortError" ? Promise.reject(error) : ask(WHOLE)));
}

// The same without taking noise away, which takes most of the time.
function draftOf(wanted, label) {
  if (wanted.kind !== "model" || wanted.fast || label === "wish-denoise" || !hasFast(chosen())) return null;
  const {denoise, ...wishes} = wanted.wishes;
  return {...wanted, fast: true, wishes};
}

async function refresh(label) {
  const [picture, {signal}, start] = [state.current, work, performance.now()];
  const wanted = forPreview(choice(), picture.factor);
  try {
    const draft = draftOf(wanted, label);
    if (draft && (await show(picture, draft, signal, asSeen))) say("draft");
    if (!(await show(picture, wanted, signal))) return;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    say(picture.factor < 1 ? "preview_reduced" : "preview", {seconds, percent: Math.round(100 * picture.factor)});
    find("#stage").classList.remove("busy");
    tell("rest");
    sharpenSoon();
  } finally {
    if (!signal.aborted) find("#stage").classList.remove("busy");
  }
}

// False if it is no longer asked for.
async function show(picture, wanted, signal, how = (ask) => ask(WHOLE)) {
  const answer = await how((format) => send(`v1/enhance?${query(wanted, format)}`, picture.small, signal));
  const blob = await answer.blob();
  if (signal.aborted) return false;
  await put(find("#after"), blob);
  performance.mark("shown");
  viewer.shown = picture.shown;
  tell("shown", answer.headers.get("Diptych-Plan"));
  return true;
}

// Full size

function sharpenSoon() {
  if (!state.current?.small || !viewer.wantsMore || find("#stage").classList.contains("busy")) return;
  timers.push(setTimeout(() => guarded(sharpen), REST));
}

async function inFull(wanted, picture, signal) {
  const answer = await asSeen((format) => send(`v1/enhance?${query(wanted, format)}`, picture.file, signal));
  return answer.blob();
}

async function sharpen() {
  if (!viewer.wantsMore || find("#stage").classList.contains("busy")) return;
  const [picture, {signal}] = [state.current, work];
  find("#stage").classList.add("busy");
  try {
    say("sharpening");
    const after = await inFull(choice(), picture, signal);
    picture.full ||= await inFull({kind: "steps", steps: []}, picture, signal);
    if (signal.aborted) return;
    await put(find("#after"), after);
    if (!picture.showsFull) await put(find("#before"), picture.full);
    picture.showsFull = true;
    viewer.shown = viewer.width;
    viewer.draw();
    say("sharp");
  } finally {
    if (!signal.aborted) find("#stage").classList.remove("busy");
  }
}

on("settings", (label) => refreshSoon(label));
