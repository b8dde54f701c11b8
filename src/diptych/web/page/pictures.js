// The pictures: adding, choosing, removing and downloading them.

import {make} from "./controls.js";
import {onLanguage, t} from "./language.js";
import {send} from "./service.js";
import {choice, edits, find, setTogether, state, tell} from "./state.js";
import {guarded, report, say} from "./status.js";
import {put, refreshSoon, stop, viewer} from "./preview.js";
import {outputName, query} from "./words.js";

export async function add(files) {
  const added = [...files].map((file) => ({file, small: null, factor: 1, edits: edits().copy()}));
  if (!added.length) return;
  performance.mark("chosen");
  state.pictures.push(...added);
  find("#empty").hidden = true;
  find("#work").hidden = false;
  document.body.classList.add("open");
  await select(added[0]);
  for (const picture of added.slice(1)) await guarded(() => load(picture));
}

async function load(picture) {
  if (picture.small) return;
  const answer = await send("v1/preview", picture.file);
  const header = (name) => answer.headers.get(`X-Diptych-${name}`);
  picture.factor = Number(header("Factor"));
  [picture.width, picture.height] = header("Size").split("x").map(Number);
  Object.assign(picture, {format: header("Format"), depth: header("Depth")});
  picture.small = await answer.blob();
  picture.thumbnail = URL.createObjectURL(picture.small);
  list();
  if (picture === state.current) tell("pictures");
}

function details({file, small, width, height, format, depth}) {
  if (!small) return file.name;
  const bits = /\d/.test(depth) ? t("bits", {count: depth}) : depth;
  return `${file.name} · ${t("size", {width, height, format: format.toUpperCase(), depth: bits})}`;
}

export async function select(picture) {
  stop();
  state.current = picture;
  picture.showsFull = false;
  tell("picture");
  list();
  say("opening");
  find("#details").textContent = details(picture);
  for (const id of ["#before", "#after"]) find(id).removeAttribute("src");
  await guarded(async () => {
    await load(picture);
    if (picture !== state.current) return;
    find("#details").textContent = details(picture);
    await put(find("#before"), picture.small);
    if (picture !== state.current) return;
    picture.shown = find("#before").naturalWidth;
    viewer.open(picture.width, picture.height, picture.shown);
    refreshSoon("picture", 0);
    if (!find("#after").src) await put(find("#after"), picture.small);
  });
}

async function remove(picture) {
  const index = state.pictures.indexOf(picture);
  state.pictures.splice(index, 1);
  for (const url of [picture.thumbnail, ...(picture.looks?.values() || [])]) URL.revokeObjectURL(url);
  if (picture === state.current) await select(state.pictures[Math.min(index, state.pictures.length - 1)]);
  else list();
  find("#pictures [aria-current=true]")?.focus();
}

function item(picture) {
  const {name} = picture.file;
  const image = make("img", {alt: "", src: picture.thumbnail || "page/icon.svg"});
  const button = make("button", {type: "button", className: "thumb", title: name}, image, make("span", {textContent: name}));
  button.setAttribute("aria-current", picture === state.current);
  button.addEventListener("click", () => select(picture));
  const away = make("button", {type: "button", className: "away", textContent: "✕", title: t("remove")});
  away.setAttribute("aria-label", t("remove_named", {name}));
  away.addEventListener("click", () => remove(picture));
  return make("li", {}, button, away);
}

function list() {
  for (const id of ["#download-all", "#pictures", "#together-row"]) find(id).hidden = state.pictures.length < 2;
  const held = document.activeElement?.closest?.("#pictures .thumb");
  find("#pictures").replaceChildren(...state.pictures.map(item));
  if (held) find("#pictures [aria-current=true]").focus();
}

// Downloads

async function save(picture) {
  const wanted = choice(picture);
  const answer = await send(`v1/enhance?${query(wanted)}`, picture.file);
  const type = answer.headers.get("Content-Type");
  const link = make("a", {
    href: URL.createObjectURL(await answer.blob()),
    download: outputName(picture.file.name, `.${type.split("/")[1]}`, wanted.format),
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function download(pictures) {
  const buttons = [find("#download"), find("#download-all")];
  buttons.forEach((button) => { button.disabled = true; });
  const failed = [];
  for (const picture of pictures) {
    say("saving", {name: picture.file.name});
    await save(picture).catch((error) => failed.push(`${picture.file.name}: ${error.message}`));
  }
  buttons.forEach((button) => { button.disabled = false; });
  if (failed.length) report(new Error(failed.join("; ")));
  else say(pictures.length === 1 ? "done_one" : "done_many", {count: pictures.length});
}

// The samples are pictures like others.
async function sample(button) {
  await guarded(async () => {
    const name = button.dataset.sample;
    const blob = await (await fetch(`page/${name}`)).blob();
    await add([new File([blob], name, {type: "image/jpeg"})]);
    find("#download").focus({preventScroll: true});
  });
}

export function listen() {
  const file = find("#file");
  for (const button of document.querySelectorAll(".choose")) button.addEventListener("click", () => file.click());
  for (const button of document.querySelectorAll("[data-sample]")) button.addEventListener("click", () => sample(button));
  file.addEventListener("change", () => { add(file.files); file.value = ""; });
  document.addEventListener("paste", (event) => add(event.clipboardData.files));
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    add(event.dataTransfer.files);
  });
  find("#together").addEventListener("change", (event) => setTogether(event.target.checked));
  find("#download").addEventListener("click", () => download([state.current]));
  find("#download-all").addEventListener("click", () => download(state.pictures));
  find("#format").addEventListener("change", (event) => { state.format = event.target.value; tell("pictures"); });
  onLanguage(() => { if (state.current) { list(); find("#details").textContent = details(state.current); } });
}
