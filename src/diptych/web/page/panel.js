// The panel beside the picture: sliders, what is done, and under Advanced the enhancer, its steps and the words for them.

import {FINER, GROUPS} from "./catalogue.js";
import {defaults, make, operatorName, parameterName, sentence, stepForm} from "./controls.js";
import {drawHistogram} from "./histogram.js";
import {language, onLanguage, pick, t} from "./language.js";
import {send} from "./service.js";
import {change, choice, chosen, edits, find, hasFast, on, redo, reset, settings, state, undo} from "./state.js";
import {guarded} from "./status.js";
import {Wishes} from "./wishes.js";
import {command, query, request, script} from "./words.js";

const wishes = new Wishes(find("#wishes"), (given, label) => change({wishes: given}, label));
let drawn = ""; // the steps whose forms are shown
let plan = null;

function show() {
  const [now, known] = [settings(), chosen()];
  if (known?.wishes) wishes.show(known.wishes, now.wishes, now.fast && hasFast(known) ? ["denoise"] : []);
  find("#sliders").hidden = !known?.wishes;
  find("#planned").hidden = !known?.wishes;
  find("#adjusting").hidden = !known;
  find("#no-sliders").hidden = Boolean(known?.wishes);
  find("#undo").disabled = !edits().past.length;
  find("#redo").disabled = !edits().future.length;
  find("#together").checked = state.together;
  find("#enhancer").value = now.enhancer;
  find("#fast").checked = now.fast;
  find("#summary").textContent = known ? (known.default && language === "zh" ? t("planned_default") : known.summary) : t("own_summary");
  find("#fast-row").hidden = !hasFast(known);
  find("#adjust").hidden = !(known?.steps || (known?.wishes && state.current));
  find("#own").hidden = Boolean(known);
  showSteps();
  showWords();
}

// Forms stay while their own values change, so that nobody loses the slider under the hand.
function showSteps() {
  if (JSON.stringify(settings().steps) === drawn) return;
  const steps = structuredClone(settings().steps);
  const keep = (label) => {
    drawn = JSON.stringify(steps);
    change({steps: structuredClone(steps)}, label);
  };
  const redraw = () => change({steps: structuredClone(steps)}, "");
  drawn = JSON.stringify(steps);
  find("#steps").replaceChildren(...steps.map((step, index) => stepForm(step, index, state.schemas.get(step.operator), {
    tell: keep,
    move: (by) => {
      steps.splice(Math.min(index + by, steps.length - 1), 0, ...steps.splice(index, 1));
      redraw();
    },
    remove: () => {
      steps.splice(index, 1);
      redraw();
      find("#operator").focus();
    },
  })));
}

function addStep() {
  const operator = find("#operator").value;
  change({steps: [...settings().steps, {operator, ...defaults(state.schemas.get(operator))}]}, "");
  find("#steps li:last-child input, #steps li:last-child select")?.focus();
}

// The steps of a recipe, or those that are planned for this picture, become own steps.
async function adjust() {
  await guarded(async () => {
    const ask = async () => (await (await send(`v1/plan?${query({...choice(), format: ""})}`, state.current.file)).json()).steps;
    const steps = (chosen().steps || (await ask())).map((step) => ({...defaults(state.schemas.get(step.operator)), ...step}));
    change({enhancer: "steps:", steps}, "");
  });
}

function showWords() {
  const name = state.current?.file.name || "picture.jpg";
  const said = {
    word_command: command(choice(), name),
    word_python: script(choice(), name),
    word_http: request(choice(), name, state.current?.file.type || "image/jpeg"),
  };
  const blocks = Object.entries(said).map(([title, text]) => {
    const button = make("button", {type: "button", textContent: t("copy")});
    button.setAttribute("aria-label", t("copy_named", {name: t(title)}));
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = t("copied");
    });
    return make("div", {className: "words"}, make("div", {}, t(title), button), make("pre", {textContent: text, tabIndex: 0}));
  });
  find("#words").replaceChildren(find("#words summary"), ...blocks);
}

const isPlain = ([name, value]) => !FINER.includes(name) && !Array.isArray(value) && typeof value !== "string";

// A plan in words: a line for each step. Tables of numbers are left out.
function showPlan() {
  if (plan === null) return;
  const lines = JSON.parse(plan).map(({operator, ...values}) => {
    const said = Object.entries(values).filter(isPlain)
      .map(([name, value]) => `${parameterName(operator, name)} ${typeof value === "number" ? Number(value.toPrecision(3)) : value}`);
    return said.length ? t("plan_one", {what: operatorName(operator), values: said.join(language === "zh" ? "，" : ", ")}) : operatorName(operator);
  });
  find("#plan").replaceChildren(...(lines.length ? lines : [t("plan_nothing")]).map((textContent) => make("li", {textContent})));
}

function group(label, options) {
  return make("optgroup", {label}, ...options.map(([value, text]) => make("option", {value, textContent: text})));
}

// The lists to choose from, in the language of the page.
export function fillPanel() {
  const plain = (name) => name.replaceAll("_", " ");
  const models = group(t("models"), state.models.map((one) => [`model:${one.name}`, one.default ? t("planned_default") : plain(one.name)]));
  const recipes = group(t("recipes"), state.recipes.map((one) => [`recipe:${one.name}`, plain(one.name)]));
  find("#enhancer").replaceChildren(...(state.models.length ? [models] : []), recipes, group(t("custom"), [["steps:", t("own_steps")]]));
  const all = [...state.schemas.values()];
  const order = [...new Set([...Object.keys(GROUPS), ...all.map((one) => one["x-group"])])];
  find("#operator").replaceChildren(...order.map((name) =>
    group(GROUPS[name] ? pick(GROUPS[name]) : name, all.filter((one) => one["x-group"] === name).map((one) => [one.title, operatorName(one.title)]))));
  find("#operator").value = "develop";
  describe();
  wishes.clear();
  drawn = "";
  show();
  showPlan();
  if (find("#after").naturalWidth) drawTones();
}

const drawTones = () => drawHistogram(find("#histogram"), find("#before"), find("#after"));

// What the operator that may be added does.
function describe() {
  const schema = state.schemas.get(find("#operator").value);
  find("#sentence").textContent = schema ? sentence(schema) : "";
}

export function listen() {
  find("#enhancer").addEventListener("change", (event) => change({enhancer: event.target.value}, "enhancer"));
  find("#fast").addEventListener("change", (event) => change({fast: event.target.checked}, "fast"));
  find("#operator").addEventListener("change", describe);
  for (const [id, act] of Object.entries({undo, redo, reset, add: addStep, adjust})) find(`#${id}`).addEventListener("click", () => act());
  on("settings", show);
  on("picture", show);
  on("pictures", showWords);
  on("shown", (made) => { plan = made; showPlan(); drawTones(); });
  onLanguage(fillPanel);
}
