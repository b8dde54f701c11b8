// The form of a step, built from the JSON Schema of its operator.

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const kinds = (schema) => [schema.type].flat();
const isNumber = (schema) => kinds(schema).includes("number") || kinds(schema).includes("integer");
const canBeAuto = (schema) => isNumber(schema) && schema.pattern === "^auto$";
const grain = (schema) => (kinds(schema).includes("integer") ? schema["x-step"] || 1 : 0);

// Bounds are often far apart and useful values lie near the default: bend the scale to put the default near the middle.
const bend = (schema) => {
  const share = (schema.default - schema.minimum) / (schema.maximum - schema.minimum);
  return share > 0 && share < 0.4 ? Math.log(share) / Math.log(0.4) : share === 0 && schema.maximum > 1 ? 3 : 1;
};

export function nearest(schema, value) {
  const {minimum, maximum} = schema;
  const step = grain(schema);
  const whole = step ? minimum + Math.round((value - minimum) / step) * step : Number(value.toPrecision(3));
  return Math.min(Math.max(whole, minimum), step ? maximum - ((maximum - minimum) % step) : maximum);
}

const fromSlider = (schema, share) =>
  nearest(schema, schema.minimum + (schema.maximum - schema.minimum) * share ** bend(schema));
const toSlider = (schema, value) => ((value - schema.minimum) / (schema.maximum - schema.minimum)) ** (1 / bend(schema));

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
  return make("label", {className: "auto"}, box, " automatic, per picture");
}

function field(id, schema, value, tell) {
  if (isNumber(schema)) return numberRow(id, schema, value, tell);
  if (schema.enum) {
    const select = make("select", {id}, ...schema.enum.map((word) => make("option", {textContent: word, value: word})));
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
      text.setCustomValidity("rows of numbers, as [[0, 1], [1, 0]]");
    }
  });
  return [text];
}

function row(id, name, schema, step, tell) {
  const set = (value) => { step[name] = value; tell(); };
  const label = make("label", {htmlFor: id, title: schema.description || ""}, name.replaceAll("_", " "));
  if (schema["x-unit"]) label.append(make("span", {className: "unit", textContent: ` ${schema["x-unit"]}`}));
  const parts = field(id, schema, step[name], set);
  parts.at(-1).setAttribute("aria-label", name);
  const line = make("div", {className: "parameter"}, label, ...parts);
  if (canBeAuto(schema)) line.append(autoBox(schema, step[name], parts, set));
  return line;
}

export function stepForm(step, index, schema, {tell, move, remove}) {
  const button = (text, label, act, disabled) => {
    const one = make("button", {type: "button", textContent: text, disabled, title: label, onclick: act});
    one.setAttribute("aria-label", `${label}: ${step.operator}`);
    return one;
  };
  const bar = make("div", {className: "step-bar"},
    button("↑", "Earlier", () => move(-1), index === 0),
    button("↓", "Later", () => move(1), false),
    button("✕", "Remove", remove, false));
  const rows = Object.entries(schema.properties)
    .filter(([name]) => name !== "operator")
    .map(([name, one]) => row(`step${index}-${name}`, name, one, step, tell));
  const legend = make("legend", {textContent: step.operator.replaceAll("_", " "), title: schema.description});
  return make("li", {}, make("fieldset", {}, legend, bar, ...rows));
}
