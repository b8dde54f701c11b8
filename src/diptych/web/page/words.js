// The chosen enhancement as a query, a command, a Python script and an HTTP request.

export function query(choice, extra = {}) {
  const wanted = new URLSearchParams(extra);
  if (choice.kind === "steps") wanted.set("steps", JSON.stringify(choice.steps));
  else wanted.set(choice.kind, choice.name);
  if (choice.kind === "model" && choice.fast) wanted.set("profile", "fast");
  for (const [name, value] of Object.entries(choice.wishes || {})) wanted.set(name, value);
  if (choice.format && !wanted.has("format")) wanted.set("format", choice.format);
  return wanted.toString();
}

const quote = (text) => (/^[\w.,/:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

const typed = (value) =>
  Array.isArray(value) ? value.map((row) => row.join(",")).join(";") : value === null ? "none" : String(value);

const python = (value) =>
  value === null ? "None" : value === true ? "True" : value === false ? "False"
    : Array.isArray(value) ? `(${value.map(python).join(", ")}${value.length === 1 ? "," : ""})` : JSON.stringify(value);

const SUFFIXES = {jpeg: ".jpg", tiff: ".tif"};

export function outputName(name, suffix, format) {
  const dot = name.lastIndexOf(".");
  if (format) return `${dot > 0 ? name.slice(0, dot) : name}.enhanced${SUFFIXES[format] || `.${format}`}`;
  return dot > 0 ? `${name.slice(0, dot)}.enhanced${name.slice(dot)}` : `${name}.enhanced${suffix}`;
}

export function command(choice, name) {
  const file = name.startsWith("-") ? `./${name}` : name;
  const words = ["diptych", "enhance", quote(file)];
  if (choice.kind === "recipe") words.push("--recipe", quote(choice.file));
  if (choice.kind === "model" && !choice.isDefault) words.push("--model", quote(choice.file));
  if (choice.kind === "model" && choice.fast) words.push("--profile", "fast");
  for (const [name, value] of Object.entries(choice.wishes || {})) words.push(`--${name}`, value);
  if (choice.format) words.push("--format", choice.format);
  const operators = choice.kind !== "steps" ? [] : choice.steps.map(({operator, ...values}) =>
    ["--op", operator, ...Object.entries(values).map(([key, value]) => quote(`${key}=${typed(value)}`))].join(" "));
  return [words.join(" "), ...operators].join(operators.length > 1 ? " \\\n  " : " ");
}

export function script(choice, name) {
  const lines = ["import diptych as dp", ""];
  const file = python(name);
  let how = "";
  if (choice.kind === "steps") {
    const steps = choice.steps.map(({operator, ...values}) =>
      `dp.step(${[python(operator), ...Object.entries(values).map(([key, value]) => `${key}=${python(value)}`)].join(", ")})`);
    lines.push(`recipe = dp.Recipe(${steps.length > 1 ? `\n    ${steps.join(",\n    ")},\n` : steps.join("")})`);
    how = ", recipe";
  } else if (choice.kind === "recipe") {
    how = choice.isPackaged ? `, ${python(choice.name)}` : `, dp.Recipe.load(${python(choice.file)})`;
  } else if (!choice.isDefault) {
    lines[0] += `\nfrom diptych.runtime import ${choice.isPackaged ? "default_model, " : ""}open_enhancer`;
    const source = choice.isPackaged ? "default_model()" : python(choice.file);
    how = `, open_enhancer(${source}${choice.fast ? ', profile="fast"' : ""})`;
  } else if (choice.fast) {
    lines[0] += "\nfrom diptych.runtime import DefaultEnhancer";
    how = ', DefaultEnhancer(profile="fast")';
  }
  const wishes = Object.entries(choice.wishes || {}).map(([key, value]) => `, ${key}=${value}`).join("");
  return [...lines, `photo = dp.read(${file})`, `dp.write(${python(outputName(name, "", choice.format))}, dp.enhance(photo${how}${wishes}))`].join("\n");
}

export function request(choice, name, type) {
  const address = new URL(`v1/enhance?${query(choice)}`, location.href);
  return `curl --data-binary ${quote(`@${name}`)} -H 'Content-Type: ${type || "application/octet-stream"}' \\\n  ` +
    `${quote(address.href)} -o ${quote(outputName(name, "", choice.format))}`;
}
