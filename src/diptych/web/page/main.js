// The page: choosing pictures and an enhancer, previews, downloads.

import {defaults, make, nearest, plain, stepForm} from "./controls.js";
import {get, send} from "./service.js";
import {Slider} from "./slider.js";
import {Wishes} from "./wishes.js";
import {command, outputName, planText, query, request, script} from "./words.js";

const find = (selector) => document.querySelector(selector);
const PAUSE = 150; // ms without a change before a preview is requested

const state = {pictures: [], current: null, models: [], recipes: [], schemas: new Map(), steps: []};
const slider = new Slider(find("#stage"), find("#zoom"), () => ["before", "after"]);
const wishes = new Wishes(find("#wishes"), () => changed());

// The chosen enhancer

function chosen() {
  const [kind, name] = find("#enhancer").value.split(/:(.*)/s);
  return kind === "steps" ? null : state[`${kind}s`].find((one) => one.name === name);
}

function choice() {
  const [kind, name] = find("#enhancer").value.split(/:(.*)/s);
  if (kind === "steps") return {kind, steps: state.steps.map((step) => plain(step, state.schemas.get(step.operator)))};
  const known = chosen();
  const file = kind === "model" && !known.packaged ? `${name}.onnx` : known.steps ? `${name}.toml` : name;
  const fast = find("#fast").checked && known.profiles?.includes("fast");
  return {kind, name, file, isDefault: known.default, isPackaged: known.packaged, fast, wishes: known.wishes ? wishes.given : {}};
}

// On a reduced copy, lengths in pixels are reduced by the same factor.
function forPreview(wanted, factor) {
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

function showChoice() {
  const known = chosen();
  if (known?.wishes) wishes.show(known.wishes, known.profiles?.includes("fast") && find("#fast").checked ? ["denoise"] : []);
  const wanted = choice();
  find("#planned").hidden = !known?.wishes;
  find("#summary").textContent = known ? known.summary : "Operators, applied in order.";
  find("#profile-row").hidden = !known?.profiles?.includes("fast");
  find("#adjust").hidden = !(known?.steps || (known?.wishes && state.current));
  find("#own").hidden = wanted.kind !== "steps";
  showWords();
}

function showSteps() {
  const forms = state.steps.map((step, index) => stepForm(step, index, state.schemas.get(step.operator), {
    tell: changed,
    move: (by) => {
      state.steps.splice(Math.min(index + by, state.steps.length - 1), 0, ...state.steps.splice(index, 1));
      showSteps();
      changed();
    },
    remove: () => {
      state.steps.splice(index, 1);
      showSteps();
      changed();
      find("#operator").focus();
    },
  }));
  find("#steps").replaceChildren(...forms);
}

function addStep() {
  const operator = find("#operator").value;
  state.steps.push({operator, ...defaults(state.schemas.get(operator))});
  showSteps();
  find("#steps li:last-child input, #steps li:last-child select")?.focus();
  changed();
}

async function adjust() {
  await guarded(async () => {
    const steps = chosen().steps || (await (await send(`v1/plan?${query(choice())}`, state.current.file)).json()).steps;
    state.steps = steps.map((step) => ({...defaults(state.schemas.get(step.operator)), ...step}));
    find("#enhancer").value = "steps:";
    showSteps();
    changed();
  });
}

function showWords() {
  const name = state.current?.file.name || "picture.jpg";
  const said = {
    "Command line": command(choice(), name),
    Python: script(choice(), name),
    HTTP: request(choice(), name, state.current?.file.type || "image/jpeg"),
  };
  const blocks = Object.entries(said).map(([title, text]) => {
    const button = make("button", {type: "button", textContent: "Copy"});
    button.setAttribute("aria-label", `Copy: ${title}`);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    });
    return make("div", {className: "words"}, make("div", {}, title, button), make("pre", {textContent: text}));
  });
  find("#words").replaceChildren(find("#words summary"), ...blocks);
}

// Status line

function say(text, bad = false) {
  find("#status").textContent = text;
  find("#status").classList.toggle("bad", bad);
}

async function guarded(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name !== "AbortError") say(error.message === "Failed to fetch" ? "The service cannot be reached." : error.message, true);
    return null;
  }
}

// Previews

let timer = 0;
let preview = new AbortController();

function changed() {
  showChoice();
  preview.abort(); // the service drops an outdated preview that has not begun
  clearTimeout(timer);
  if (state.current?.small) timer = setTimeout(() => guarded(refresh), PAUSE);
}

async function refresh() {
  const picture = state.current;
  const start = performance.now();
  preview = new AbortController();
  find("#stage").classList.add("busy");
  try {
    const wanted = forPreview(choice(), picture.factor);
    const answer = await send(`v1/enhance?${query(wanted, {format: "png"})}`, picture.small, preview.signal);
    const blob = await answer.blob();
    if (picture !== state.current || preview.signal.aborted) return;
    await put(find("#after"), blob);
    find("#plan").textContent = planText(answer.headers.get("Diptych-Plan"));
    const note = picture.factor < 1 ? `, on a copy reduced to ${Math.round(100 * picture.factor)} %; downloads have the full size` : "";
    say(`Preview in ${((performance.now() - start) / 1000).toFixed(1)} s${note}.`);
  } finally {
    find("#stage").classList.remove("busy");
  }
}

async function put(image, blob) {
  const old = image.src;
  image.src = URL.createObjectURL(blob);
  await image.decode();
  if (old.startsWith("blob:")) URL.revokeObjectURL(old);
}

// Pictures

async function add(files) {
  const added = [...files].map((file) => ({file, small: null, factor: 1, details: ""}));
  if (!added.length) return;
  state.pictures.push(...added);
  find("#empty").hidden = true;
  find("#work").hidden = false;
  showPictures();
  await select(added[0]);
  for (const picture of added.slice(1)) await guarded(() => load(picture));
}

async function load(picture) {
  if (picture.small) return;
  const answer = await send("v1/preview", picture.file);
  const header = (name) => answer.headers.get(`X-Diptych-${name}`);
  picture.factor = Number(header("Factor"));
  picture.details = `${header("Size").replace("x", " × ")} px, ${header("Format").toUpperCase()}, ${header("Depth")}${/\d/.test(header("Depth")) ? " bits" : ""}`;
  picture.small = await answer.blob();
  picture.thumbnail = URL.createObjectURL(picture.small);
  showPictures();
}

async function select(picture) {
  state.current = picture;
  showPictures();
  say("Opening …");
  find("#details").textContent = picture.file.name;
  for (const id of ["#before", "#after"]) find(id).removeAttribute("src");
  await guarded(async () => {
    await load(picture);
    if (picture !== state.current) return;
    find("#details").textContent = `${picture.file.name} · ${picture.details}`;
    await put(find("#before"), picture.small);
    slider.frame(find("#before").naturalWidth, find("#before").naturalHeight);
    if (!find("#after").src) await put(find("#after"), picture.small);
  });
  changed();
}

function showPictures() {
  find("#download-all").hidden = state.pictures.length < 2;
  find("#pictures").hidden = state.pictures.length < 2;
  find("#pictures").replaceChildren(...state.pictures.map((picture) => {
    const image = make("img", {alt: "", src: picture.thumbnail || "page/icon.svg"});
    const button = make("button", {type: "button", title: picture.file.name}, image, make("span", {textContent: picture.file.name}));
    button.setAttribute("aria-current", picture === state.current);
    button.addEventListener("click", () => select(picture));
    return make("li", {}, button);
  }));
}

// Downloads

async function save(picture) {
  const answer = await send(`v1/enhance?${query(choice())}`, picture.file);
  const type = answer.headers.get("Content-Type");
  const link = make("a", {
    href: URL.createObjectURL(await answer.blob()),
    download: outputName(picture.file.name, `.${type.split("/")[1]}`),
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function download(pictures) {
  const buttons = [find("#download"), find("#download-all")];
  buttons.forEach((button) => { button.disabled = true; });
  let done = 0;
  const failed = [];
  for (const picture of pictures) {
    say(`Enhancing ${picture.file.name} in full size …`);
    try {
      await save(picture);
      done += 1;
    } catch (error) {
      failed.push(`${picture.file.name}: ${error.message}`);
    }
  }
  buttons.forEach((button) => { button.disabled = false; });
  say(failed.length ? failed.join("; ") : `${done === 1 ? "The picture is" : `${done} pictures are`} done.`, failed.length > 0);
}

// Input

function listen() {
  const file = find("#file");
  for (const button of document.querySelectorAll(".choose")) button.addEventListener("click", () => file.click());
  file.addEventListener("change", () => { add(file.files); file.value = ""; });
  document.addEventListener("paste", (event) => add(event.clipboardData.files));
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    add(event.dataTransfer.files);
  });
  for (const button of document.querySelectorAll("[data-zoom]")) {
    const by = Number(button.dataset.zoom);
    button.addEventListener("click", () => (by ? slider.zoomTo(slider.zoom * by) : slider.fit()));
  }
  find("#enhancer").addEventListener("change", () => {
    if (find("#enhancer").value === "steps:" && !state.steps.length) addStep();
    changed();
  });
  find("#fast").addEventListener("change", changed);
  find("#reset").addEventListener("click", () => wishes.reset());
  find("#add").addEventListener("click", addStep);
  find("#adjust").addEventListener("click", adjust);
  find("#download").addEventListener("click", () => download([state.current]));
  find("#download-all").addEventListener("click", () => download(state.pictures));
}

function group(label, options) {
  return make("optgroup", {label}, ...options.map(([value, text]) => make("option", {value, textContent: text})));
}

function fill() {
  const models = group("Models", state.models.map((one) => [`model:${one.name}`, one.default ? "planned (default)" : one.name.replaceAll("_", " ")]));
  const recipes = group("Recipes", state.recipes.map((one) => [`recipe:${one.name}`, one.name.replaceAll("_", " ")]));
  find("#enhancer").replaceChildren(...(state.models.length ? [models] : []), recipes, group("Custom", [["steps:", "own steps"]]));
  const groups = Map.groupBy ? Map.groupBy(state.schemas.values(), (one) => one["x-group"]) : new Map([["operators", [...state.schemas.values()]]]);
  find("#operator").replaceChildren(...[...groups].sort().map(([name, members]) =>
    group(name, members.map((one) => [one.title, one.title.replaceAll("_", " ")]))));
  find("#operator").value = "develop";
}

async function start() {
  listen();
  const [models, recipes, schemas] = await Promise.all(["v1/models", "v1/recipes", "v1/operators"].map(get));
  Object.assign(state, {models, recipes, schemas: new Map(schemas.map((one) => [one.title, one]))});
  fill();
  changed();
}

start().catch((error) => {
  find("main").prepend(make("p", {className: "notice", textContent: `The service does not respond: ${error.message}`}));
});
