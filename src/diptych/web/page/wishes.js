// The sliders of the wishes, for enhancers that plan: each begins at what changes nothing, and goes back there by a double click.

import {make} from "./controls.js";
import {t} from "./language.js";

const STEP = 0.05;

function words(value, schema) {
  const unit = schema["x-unit"] ? ` ${t(`unit_${schema["x-unit"]}`)}` : "";
  return `${value > 0 && schema.minimum < 0 ? "+" : ""}${value.toFixed(2)}${unit}`;
}

export class Wishes {
  // `tell` is called with all wishes and the name of the one that was moved.
  constructor(list, tell) {
    this.list = list;
    this.tell = tell;
    this.rows = {};
  }

  // The sliders for these JSON Schemas by name, at these values; those in `left` are not taken.
  show(schemas, values, left) {
    if (!Object.keys(this.rows).length) {
      this.schemas = schemas;
      this.list.replaceChildren(...Object.entries(schemas).map(([name, schema]) => this.row(name, schema)));
    }
    for (const [name, {slider, draw}] of Object.entries(this.rows)) {
      const value = values[name] ?? schemas[name].default;
      if (Number(slider.value) !== value) slider.value = value;
      slider.disabled = left.includes(name);
      draw();
    }
  }

  // Made anew by the next `show`, in the language of then.
  clear() {
    this.rows = {};
  }

  row(name, schema) {
    const id = `wish-${name}`;
    const slider = make("input", {type: "range", id, min: schema.minimum, max: schema.maximum, step: STEP, value: schema.default});
    const readout = make("output", {htmlFor: id});
    const draw = () => {
      readout.textContent = words(Number(slider.value), schema);
      slider.setAttribute("aria-valuetext", readout.textContent);
    };
    const moved = (label) => { draw(); this.tell(this.given, label); };
    const back = () => { slider.value = schema.default; moved(""); };
    slider.addEventListener("input", () => moved(id));
    slider.addEventListener("dblclick", back);
    slider.addEventListener("keydown", (event) => { if (event.key === "Delete" || event.key === "Backspace") back(); });
    this.rows[name] = {slider, draw};
    const label = make("label", {htmlFor: id, textContent: t(`wish_${name}`)});
    return make("div", {className: "wish", title: t(`wish_${name}_hint`)}, label, readout, slider);
  }

  // The wishes that change something.
  get given() {
    const values = Object.entries(this.rows).map(([name, {slider}]) => [name, Number(slider.value)]);
    return Object.fromEntries(values.filter(([name, value]) => value !== this.schemas[name].default));
  }
}
