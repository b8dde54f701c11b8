// The distribution of the tones: red, green and blue of the result, and the brightness of the picture as it was.

import {t} from "./language.js";

const BINS = 128;
const SIDE = 320; // pixels of the copy that is counted
const LUMA = [0.299, 0.587, 0.114];

function pixels(image) {
  const factor = Math.min(1, SIDE / Math.max(image.naturalWidth, image.naturalHeight));
  const size = [image.naturalWidth, image.naturalHeight].map((one) => Math.max(1, Math.round(one * factor)));
  const context = new OffscreenCanvas(...size).getContext("2d", {willReadFrequently: true});
  context.drawImage(image, 0, 0, ...size);
  return context.getImageData(0, 0, ...size).data;
}

function count(image) {
  const data = pixels(image);
  const counts = [0, 1, 2, 3].map(() => new Float64Array(BINS)); // red, green, blue, luma
  const levels = new Float64Array(256);
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] === 0) continue;
    let luma = 0;
    for (let channel = 0; channel < 3; channel += 1) {
      counts[channel][data[at + channel] >> 1] += 1;
      luma += LUMA[channel] * data[at + channel];
    }
    counts[3][Math.round(luma) >> 1] += 1;
    levels[Math.round(luma)] += 1;
  }
  return {counts, ...shares(levels)};
}

function shares(levels) {
  const sum = levels.reduce((one, other) => one + other, 0) || 1;
  let median = 0;
  for (let below = levels[0]; below < sum / 2 && median < 255; below += levels[median]) median += 1;
  const percent = (number) => Math.round(100 * number);
  return {median: percent(median / 255), black: percent((levels[0] + levels[1]) / sum), white: percent((levels[254] + levels[255]) / sum)};
}

// A peak in one bin, such as a black border, does not flatten the rest.
const height = (counts) => [...counts].sort((one, other) => other - one)[2] || 1;

function curve(context, counts, top, {width, height: tall}) {
  context.beginPath();
  context.moveTo(0, tall);
  counts.forEach((number, bin) => context.lineTo((bin / (BINS - 1)) * width, tall * (1 - Math.min(1, Math.sqrt(number / top)))));
  context.lineTo(width, tall);
}

export function drawHistogram(canvas, before, after) {
  const [was, is] = [count(before), count(after)];
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  context.globalCompositeOperation = dark ? "lighter" : "multiply";
  const top = Math.max(...is.counts.slice(0, 3).map(height));
  (dark ? ["#6a2020", "#1c4f1c", "#244080"] : ["#f99", "#9e9", "#9bf"]).forEach((colour, channel) => {
    curve(context, is.counts[channel], top, canvas);
    context.fillStyle = colour;
    context.fill();
  });
  context.globalCompositeOperation = "source-over";
  curve(context, was.counts[3], height(was.counts[3]), canvas);
  context.strokeStyle = dark ? "#e8e8e6" : "#1c1d1f";
  context.lineWidth = 1.5;
  context.stroke();
  canvas.setAttribute("aria-label", t("histogram_label", {...is, was: was.median}));
}
