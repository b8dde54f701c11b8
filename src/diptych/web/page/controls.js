// The form of a step, built from the JSON Schema of its operator.

import {CHOICES, OPERATORS, PARAMETERS, SOFT} from "./catalogue.js";
import {language, pick, t} from "./language.js";

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const kinds = (schema) => [schema.type].flat();
const isNumber = (schema) => kinds(schema).includes("number") || kinds(schema).includes("integer");
const canBeAuto = (schema) => isNumber(schema) && schema.pattern === "^auto$";
const grain = (schema) => (kinds(schema).includes("integer") ? schema["x-step"] || 1 : 0);

// Names in the language of the page; those of other operators, from a newer service, as they are.
const named = (table, name) => (table[name] ? pick(table[name]) : name.replaceAll("_", " "));
export const operatorName = (operator) => named(OPERATORS, operator);
export const sentence = (schema) => (language === "zh" && OPERATORS[schema.title]?.[2]) || schema.description;
export const parameterName = (operator, name) => named(PARAMETERS, `${operator}.${name}` in PARAMETERS ? `${operator}.${name}` : name);

// A slider goes as far as useful values do. Where that is still far, its scale is bent to put the default near the middle.
const reach = (schema) => schema.soft || [schema.minimum, schema.maximum];
const bend = (schema) => {
  const [low, high] = reach(schema);
  const share = (schema.default - low) / (high - low);
  return share > 0 && share < 0.4 ? Math.log(share) / Math.log(0.4) : share === 0 && high > 1 ? 3 : 1;
};

export function nearest(schema, value) {
  const {minimum, maximum} = schema;
  const step = grain(schema);
  const whole = step ? minimum + Math.round((value - minimum) / step) * step : Number(value.toPrecision(3));
  return Math.min(Math.max(whole, minimum), step ? maximum - ((maximum - minimum) % step) : maximum);
}

function fromSlider(schema, share) {
  const [low, high] = reach(schema);
  return nearest(schema, low + (high - low) * share ** bend(schema));
}

function toSlider(schema, value) {
  const [low, high] = reach(schema);
  return Math.min(Math.max((value - low) / (high - low), 0), 1) ** (1 / bend(schema));
}

// The default of each parameter.
export function defaults(schema) {
  const values = {};
  for (const [name, one] of Object.entries(schema.properties)) if ("default" in one) values[name] = one.default;
  return values;
}

// A step without its defaults, so that commands stay short.
export const plain = (step, schema) =>
  Object.fromEntries(Object.entries(step).filter(
    ([name, value]) => name === "operator" || JSON.stringify(value) !== JSON.stringify(schema.properties[name].default)));

function numberRow(id, schema, value, tell) {
  const input = make("input", {type: "number", id, step: "any", min: schema.minimum, max: schema.maximum});
  const slider = make("input", {type: "range", min: 0, max: 1, step: 0.001, tabIndex: 0});
  const show = (number) => {
    input.value = number ?? "";
    if (typeof number === "number") slider.value = toSlider(schema, number);
  };
  slider.addEventListener("input", () => {
    const number = fromSlider(schema, Number(slider.value));
    input.value = number;
    tell(number);
  });
  slider.addEventListener("dblclick", () => {
    if (typeof schema.default !== "number") return;
    show(schema.default);
    tell(schema.default, "");
  });
  slider.addEventListener("change", () => show(Number(input.value)));
  input.addEventListener("change", () => {
    if (input.value === "" && kinds(schema).includes("null")) return tell(null);
    const number = nearest(schema, Number(input.value));
    show(number);
    tell(number);
  });
  show(typeof value === "number" ? value : kinds(schema).includes("null") ? null : nearest(schema, schema.default || schema.minimum));
  return [input, slider];
}

function autoBox(schema, value, parts, tell) {
  const box = make("input", {type: "checkbox", checked: value === "auto"});
  const hold = () => parts.forEach((part) => { part.disabled = box.checked; });
  box.addEventListener("change", () => { hold(); tell(box.checked ? "auto" : Number(parts[0].value)); });
  hold();
  return make("label", {className: "auto"}, box, ` ${t("automatic")}`);
}

function field(id, schema, value, tell) {
  if (isNumber(schema)) return numberRow(id, schema, value, tell);
  if (schema.enum) {
    const select = make("select", {id}, ...schema.enum.map((word) => make("option", {textContent: named(CHOICES, word), value: word})));
    select.value = value;
    select.addEventListener("change", () => tell(select.value));
    return [select];
  }
  if (schema.type === "boolean") {
    const box = make("input", {type: "checkbox", id, checked: value});
    box.addEventListener("change", () => tell(box.checked));
    return [box];
  }
  const text = make("input", {type: "text", id, value: value == null ? "" : JSON.stringify(value), placeholder: "[[0, 1], [1, 0]]"});
  text.addEventListener("change", () => {
    try {
      tell(text.value.trim() ? JSON.parse(text.value) : null);
      text.setCustomValidity("");
    } catch {
      text.setCustomValidity(t("rows"));
    }
  });
  return [text];
}

function row(id, name, bounds, step, tell) {
  const schema = {...bounds, soft: SOFT[`${step.operator}.${name}`]};
  const set = (value, label = id) => { step[name] = value; tell(label); };
  const title = parameterName(step.operator, name);
  const label = make("label", {htmlFor: id, title: `${name}: ${schema.description || ""}`}, title);
  if (schema["x-unit"]) label.append(make("span", {className: "unit", textContent: ` ${schema["x-unit"]}`}));
  const parts = field(id, schema, step[name], set);
  if (parts.length > 1) parts.at(-1).setAttribute("aria-label", title);
  const line = make("div", {className: "parameter"}, label, ...parts);
  if (canBeAuto(schema)) line.append(autoBox(schema, step[name], parts, set));
  return line;
}

export function stepForm(step, index, schema, {tell, move, remove}) {
  const button = (text, label, act, disabled) => {
    const one = make("button", {type: "button", textContent: text, disabled, title: label, onclick: act});
    one.setAttribute("aria-label", `${label}: ${operatorName(step.operator)}`);
    one.dataset.act = act.name;
    return one;
  };
  const bar = make("div", {className: "step-bar"},
    button("↑", t("earlier"), function earlier() { move(-1); }, index === 0),
    button("↓", t("later"), function later() { move(1); }, false),
    button("✕", t("remove"), remove, false));
  const rows = Object.entries(schema.properties)
    .filter(([name]) => name !== "operator")
    .map(([name, one]) => row(`step${index}-${name}`, name, one, step, tell));
  const legend = make("legend", {textContent: operatorName(step.operator), title: `${step.operator}: ${sentence(schema)}`});
  return make("li", {}, make("fieldset", {}, legend, bar, ...rows));
}
