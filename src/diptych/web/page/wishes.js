// The sliders of the wishes, for enhancers that plan: each begins at what changes nothing, and goes back there by a double click.

import {make} from "./controls.js";

const STEP = 0.05;
const signed = (value, schema) => `${value > 0 && schema.minimum < 0 ? "+" : ""}${value.toFixed(2)}${schema["x-unit"] ? ` ${schema["x-unit"]}` : ""}`;

export class Wishes {
  // `tell` is called when a wish has changed.
  constructor(list, tell) {
    this.list = list;
    this.tell = tell;
    this.schemas = {};
    this.rows = {};
    this.left = []; // wishes that the chosen enhancer does not take
  }

  // The sliders for these JSON Schemas by name; what was wished stays.
  show(schemas, left) {
    this.left = left;
    if (Object.keys(this.schemas).length === 0) {
      this.schemas = schemas;
      this.list.replaceChildren(...Object.entries(schemas).map(([name, schema]) => this.row(name, schema)));
    }
    for (const [name, {slider}] of Object.entries(this.rows)) slider.disabled = left.includes(name);
  }

  row(name, schema) {
    const id = `wish-${name}`;
    const slider = make("input", {type: "range", id, min: schema.minimum, max: schema.maximum, step: STEP, value: schema.default});
    const readout = make("output", {htmlFor: id});
    const draw = () => { readout.textContent = signed(Number(slider.value), schema); };
    slider.addEventListener("input", () => { draw(); this.tell(); });
    slider.addEventListener("dblclick", () => this.set({[name]: schema.default}));
    this.rows[name] = {slider, draw};
    draw();
    return make("div", {className: "wish", title: schema.description}, make("label", {htmlFor: id, textContent: name}), readout, slider);
  }

  set(values) {
    for (const [name, value] of Object.entries(values)) {
      this.rows[name].slider.value = value;
      this.rows[name].draw();
    }
    this.tell();
  }

  reset() {
    this.set(Object.fromEntries(Object.entries(this.schemas).map(([name, schema]) => [name, schema.default])));
  }

  // The wishes that change something.
  get given() {
    const values = Object.entries(this.rows).map(([name, {slider}]) => [name, Number(slider.value)]);
    return Object.fromEntries(values.filter(([name, value]) => value !== this.schemas[name].default && !this.left.includes(name)));
  }
}
