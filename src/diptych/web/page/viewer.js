// The comparison slider with sizes in pixels of the picture, and a look at the picture as it was.

import {Slider} from "./slider.js";

export class Viewer extends Slider {
  // `changed` is called when the size on the screen has changed.
  constructor(stage, readout, labels, changed) {
    super(stage, readout, labels);
    this.changed = changed;
  }

  // A picture of `width` x `height` pixels, of which a copy of `shown` pixels in width is shown.
  open(width, height, shown) {
    this.width = width;
    this.shown = shown;
    this.shape = {width, height};
    this.stage.style.aspectRatio = `${width} / ${height}`; // but no higher than the window allows: then it is wider
    this.fit();
  }

  fitted() {
    const frame = this.stage.getBoundingClientRect();
    const scale = Math.min(frame.width / this.shape.width, frame.height / this.shape.height);
    return {width: scale * this.shape.width, height: scale * this.shape.height};
  }

  // Pixels of the screen on one pixel of the picture.
  get scale() {
    return this.zoom * this.perPixel;
  }

  get perPixel() {
    return (this.fitted().width * devicePixelRatio) / this.shape.width;
  }

  // Whether more pixels of the picture are looked at than the copy has.
  get wantsMore() {
    return this.width > this.shown && this.scale * this.width > 1.02 * this.shown;
  }

  actual() {
    this.zoomTo(1 / this.perPixel);
  }

  draw() {
    this.smallest = Math.min(1, 1 / this.perPixel);
    super.draw();
    this.readout.textContent = `${Math.round(100 * this.scale)} %`;
    this.stage.classList.toggle("near", this.zoom * this.fitted().width >= 3 * (this.shown || Infinity));
    if (this.changed && this.scale !== this.last) this.changed();
    this.last = this.scale;
  }

  // While it is on, the whole picture is shown as it was.
  peek(on) {
    if (on === this.peeking) return;
    this.peeking = on;
    if (on) this.kept = this.split;
    this.moveSplit(on ? 100 : this.kept);
  }

  key(event) {
    if (event.key !== "1") return super.key(event);
    this.actual();
    event.preventDefault();
  }
}
