// The report works without a script: pairs of pictures side by side. This puts them on top of each other, with a slider.
// It is inlined after slider.js, in the same module: a page of one file has nothing to import from.

document.documentElement.classList.add("js");

class Exhibit {
  constructor(element) {
    this.element = element;
    this.stage = element.querySelector(".stage");
    this.selects = {left: element.querySelector("select.left"), right: element.querySelector("select.right")};
    this.pictures = [...element.querySelectorAll("img")];
    this.slider = new Slider(this.stage, element.querySelector("output"), () => [this.selects.left.value, this.selects.right.value]);
    const first = this.window("right").querySelector("img");
    this.slider.frame(Number(first.getAttribute("width")), Number(first.getAttribute("height")));
    this.listen();
    for (const side of ["left", "right"]) this.show(side);
  }

  listen() {
    for (const side of ["left", "right"]) {
      const select = this.selects[side];
      select.addEventListener("change", () => this.choose(side, select.value));
    }
    for (const button of this.element.querySelectorAll("button[data-zoom]")) {
      button.addEventListener("click", () => this.slider.zoomTo(this.slider.zoom * Number(button.dataset.zoom)));
    }
  }

  // Choosing what the other side shows swaps the two.
  choose(side, key) {
    const select = this.selects[side];
    if (![...select.options].some((option) => option.value === key)) return;
    const other = side === "left" ? "right" : "left";
    if (this.selects[other].value === key) {
      this.selects[other].value = this.shown(side);
      select.value = key;
      this.show(other);
    }
    select.value = key;
    this.show(side);
    this.slider.draw();
  }

  shown(side) {
    return this.window(side).querySelector("img").dataset.key;
  }

  window(side) {
    return this.stage.querySelector(`.window.${side}`);
  }

  show(side) {
    const wanted = this.pictures.find((picture) => picture.dataset.key === this.selects[side].value);
    const plane = this.window(side).querySelector(".plane");
    const store = this.element.querySelector(".store");
    for (const old of [...plane.children]) if (old !== wanted) store.append(old);
    plane.append(wanted);
    this.window(side).querySelector("figcaption").textContent = wanted.alt;
    this.element.querySelector(`.note.${side}`).textContent = wanted.dataset.note || "";
  }
}

const exhibits = [...document.querySelectorAll(".exhibit")].map((element) => new Exhibit(element));

for (const select of document.querySelectorAll("#all select")) {
  select.addEventListener("change", () => {
    for (const exhibit of exhibits) exhibit.choose(select.className, select.value);
    const other = document.querySelector(`#all select.${select.className === "left" ? "right" : "left"}`);
    if (exhibits.length) other.value = exhibits[0].shown(other.className);
  });
}
