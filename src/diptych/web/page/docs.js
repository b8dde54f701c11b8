// The description of the API, read from openapi.json.

import {get} from "./service.js";
import {make} from "./controls.js";

const main = document.querySelector("#api");

function list(pairs) {
  return make("dl", {}, ...pairs.flatMap(([term, text]) => [make("dt", {}, make("code", {textContent: term})), make("dd", {textContent: text})]));
}

function operation(path, method, one) {
  const parts = [
    make("h2", {}, make("code", {textContent: `${method.toUpperCase()} ${path}`})),
    make("p", {textContent: one.description.replaceAll("`", "")}),
  ];
  const parameters = (one.parameters || []).map((item) => [item.name, item.description || item.schema.title || ""]);
  if (one.requestBody) parameters.push(["body", one.requestBody.description]);
  if (parameters.length) parts.push(list(parameters));
  const answers = Object.entries(one.responses).filter(([status]) => status !== "200").map(([status, item]) => [status, item.description]);
  if (answers.length) parts.push(make("details", {}, make("summary", {textContent: "Errors"}), list(answers)));
  return parts;
}

const description = await get("openapi.json");
for (const [path, methods] of Object.entries(description.paths)) {
  for (const [method, one] of Object.entries(methods)) main.append(...operation(path, method, one));
}
