// What was changed, one after the other, so that it can be taken back.

const TOGETHER = 1000; // ms between changes of the same thing that are taken back together

export class Edits {
  // `now` is what it begins with; values are replaced, never changed in place.
  constructor(now) {
    this.first = now;
    this.now = now;
    this.past = [];
    this.future = [];
    this.label = "";
    this.time = -Infinity;
  }

  // What is changed is named by `label`: a slider that is dragged is one change. Without a name it is one by itself.
  change(next, label) {
    if (JSON.stringify(next) === JSON.stringify(this.now)) return;
    const time = performance.now();
    if (!label || label !== this.label || time - this.time > TOGETHER) this.past.push(this.now);
    Object.assign(this, {now: next, future: [], label, time});
  }

  undo() {
    this.step(this.past, this.future);
  }

  redo() {
    this.step(this.future, this.past);
  }

  step(from, to) {
    if (!from.length) return;
    to.push(this.now);
    this.now = from.pop();
    this.label = "";
  }

  // The same settings, with a history of their own.
  copy() {
    const copy = new Edits(this.now);
    copy.first = this.first;
    return copy;
  }
}
