// Turns a picture of "before | after" into one that is compared with a slider. Halves of different sizes stay side by side.
const GAP = 6; // px between the halves, as docs/make_gallery.py leaves it

function compare(figure) {
  const image = figure.querySelector("img");
  const half = (image.naturalWidth - GAP) / 2;
  if (!image.naturalWidth || figure.dataset.uneven !== undefined) return;
  const stage = document.createElement("div");
  stage.className = "stage";
  stage.style.width = `${half}px`;
  stage.style.aspectRatio = `${half} / ${image.naturalHeight}`;
  stage.style.setProperty("--all", `${(100 * image.naturalWidth) / half}%`);
  stage.setAttribute("role", "img");
  stage.setAttribute("aria-label", image.alt);
  for (const name of ["before", "after", "line"]) {
    const layer = document.createElement("div");
    layer.className = name;
    if (name !== "line") layer.style.backgroundImage = `url("${image.src}")`;
    stage.append(layer);
  }
  const slider = document.createElement("input");
  slider.type = "range";
  slider.value = 50;
  slider.style.maxWidth = `${half}px`;
  slider.setAttribute("aria-label", `${figure.dataset.name}: how much of before is shown, in percent`);
  slider.addEventListener("input", () => stage.style.setProperty("--at", `${slider.value}%`));
  image.closest("p").replaceWith(stage, slider);
}

for (const figure of document.querySelectorAll(".pair")) {
  const image = figure.querySelector("img");
  if (image.complete) compare(figure);
  else image.addEventListener("load", () => compare(figure));
}

// Wide code stays in the order of the Tab key; the theme takes it out where it sees no mouse.
for (const code of document.querySelectorAll("pre > code")) {
  const keep = () => code.hasAttribute("tabindex") || code.setAttribute("tabindex", "0");
  new MutationObserver(keep).observe(code, { attributeFilter: ["tabindex"] });
}

// Tables that are wider than the page are moved by the keyboard, too; the theme wraps them once it runs.
function reach() {
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) {
    if (table.scrollWidth > table.clientWidth) table.setAttribute("tabindex", "0");
  }
}
new MutationObserver(reach).observe(document.body, { childList: true, subtree: true });
addEventListener("resize", reach);
reach();
