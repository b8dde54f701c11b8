// Two pictures on top of each other, with a divider to move between them; zooming and panning move both.

const LARGEST_ZOOM = 32;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export class Slider {
  // `labels` returns what the left and the right picture are called.
  constructor(stage, readout, labels) {
    this.stage = stage;
    this.readout = readout;
    this.labels = labels;
    this.divider = stage.querySelector(".divider");
    this.split = 50;
    this.smallest = 1;
    this.pointers = new Map();
    this.shape = {width: 3, height: 2};
    stage.classList.add("slider");
    this.fit();
    this.listen();
  }

  // The frame has the shape of the picture, and is no higher than the window allows.
  frame(width, height) {
    this.shape = {width, height};
    this.stage.style.aspectRatio = `${width} / ${height}`;
    this.stage.style.maxWidth = `max(15rem, calc(var(--max-height) * ${width / height}))`;
    this.fit();
  }

  fit() {
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
    this.draw();
  }

  draw() {
    const {width, height} = this.stage.getBoundingClientRect();
    const fitted = this.fitted();
    this.x = this.place(this.x, width, fitted.width);
    this.y = this.place(this.y, height, fitted.height);
    const values = {"--split": `${this.split}%`, "--zoom": this.zoom, "--x": `${this.x}px`, "--y": `${this.y}px`};
    for (const [name, value] of Object.entries(values)) this.stage.style.setProperty(name, value);
    const [left, right] = this.labels();
    this.divider.setAttribute("aria-valuenow", Math.round(this.split));
    this.divider.setAttribute("aria-valuetext", `${Math.round(this.split)} % ${left}, the rest ${right}`);
    this.stage.classList.toggle("zoomed", this.zoom > 1);
    this.stage.classList.toggle("near", (this.zoom * width) / this.shape.width >= 3);
    this.readout.textContent = `${Math.round(100 * this.zoom)} %`;
  }

  // The size of the whole picture in the frame.
  fitted() {
    return this.stage.getBoundingClientRect();
  }

  // A picture never leaves the frame; one that is smaller lies in its middle.
  place(offset, frame, picture) {
    if (this.zoom * picture <= frame) return (frame * (1 - this.zoom)) / 2;
    return clamp(offset, frame - (this.zoom * (frame + picture)) / 2, (-this.zoom * (frame - picture)) / 2);
  }

  moveSplit(to) {
    this.split = clamp(to, 0, 100);
    this.draw();
  }

  zoomTo(zoom, at) {
    const {width, height} = this.stage.getBoundingClientRect();
    const centre = at || {x: width / 2, y: height / 2};
    const next = clamp(zoom, this.smallest, LARGEST_ZOOM);
    this.x = centre.x - ((centre.x - this.x) * next) / this.zoom;
    this.y = centre.y - ((centre.y - this.y) * next) / this.zoom;
    this.zoom = next;
    this.draw();
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.draw();
  }

  listen() {
    this.divider.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("wheel", (event) => this.wheel(event), {passive: false});
    this.stage.addEventListener("pointerdown", (event) => this.down(event));
    this.stage.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.stage.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    window.addEventListener("resize", () => this.draw());
    // While the page scrolls under a resting pointer the wheel goes on scrolling; once the pointer moves, it zooms.
    window.addEventListener("scroll", () => { this.armed = false; }, {passive: true});
  }

  at(event) {
    const {left, top} = this.stage.getBoundingClientRect();
    return {x: event.clientX - left, y: event.clientY - top};
  }

  key(event) {
    const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
    if (step && event.shiftKey) this.pan(-40 * step[0], -40 * step[1]);
    else if (step) this.moveSplit(this.split + 2 * (step[0] - step[1]));
    else if (event.key === "PageUp") this.moveSplit(this.split + 10);
    else if (event.key === "PageDown") this.moveSplit(this.split - 10);
    else if (event.key === "Home") this.moveSplit(0);
    else if (event.key === "End") this.moveSplit(100);
    else if (event.key === "+" || event.key === "=") this.zoomTo(this.zoom * 1.5);
    else if (event.key === "-") this.zoomTo(this.zoom / 1.5);
    else if (event.key === "0") this.fit();
    else return;
    event.preventDefault();
  }

  wheel(event) {
    const wanted = event.ctrlKey || this.armed || this.zoom > 1;
    if (!wanted || (this.zoom === 1 && event.deltaY > 0)) return;
    event.preventDefault();
    const pixels = event.deltaMode === 1 ? 30 * event.deltaY : event.deltaY;
    this.zoomTo(this.zoom * Math.exp(clamp(-pixels, -150, 150) / (event.ctrlKey ? 100 : 300)), this.at(event));
  }

  down(event) {
    if (event.button !== 0) return;
    this.stage.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.at(event));
    this.pans = this.zoom > 1 && event.target !== this.divider;
    this.divider.focus({preventScroll: true, focusVisible: false});
    event.preventDefault();
    if (!this.pans) this.follow(event);
  }

  move(event) {
    if (event.clientX !== this.lastX || event.clientY !== this.lastY) this.armed = true;
    [this.lastX, this.lastY] = [event.clientX, event.clientY];
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.at(event);
    if (this.pointers.size === 2) this.pinch(event.pointerId, before, now);
    else if (this.pans) this.pan(now.x - before.x, now.y - before.y);
    else this.follow(event);
    this.pointers.set(event.pointerId, now);
  }

  follow(event) {
    this.moveSplit((100 * this.at(event).x) / this.stage.getBoundingClientRect().width);
  }

  pinch(id, before, now) {
    const [other] = [...this.pointers].filter(([key]) => key !== id).map(([, point]) => point);
    const length = (point) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
    this.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.zoomTo((this.zoom * length(now)) / length(before), {x: (now.x + other.x) / 2, y: (now.y + other.y) / 2});
  }
}
