"""The reference pages of the site, from what the package itself says: docstrings, help, OpenAPI, presets."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import docstrings

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = json.loads((ROOT / "tests" / "public_names.json").read_text("utf-8"))


def pages() -> dict[str, str]:
    """Return the reference pages: their places in the site, and their Markdown."""
    rooms = {f"reference/python/{room}.md": _room(room) for room in PUBLIC}
    return rooms | {
        "reference/python/index.md": _rooms(),
        "reference/cli.md": _command_line(),
        "reference/http.md": _http(),
        "reference/recipes.md": _recipes(),
        "reference/training.md": _training(),
        "reference/changelog.md": _changelog(),
    }


def module_of(room: str) -> Any:
    """Return the package of a room of ``tests/public_names.json``."""
    return importlib.import_module("diptych" if room == "diptych" else f"diptych.{room}")


def documented(room: str) -> Iterator[tuple[str, Any]]:
    """Yield the public names of a room and what they are."""
    for name in PUBLIC[room]:
        yield name, getattr(module_of(room), name)


def _rooms() -> str:
    rows = [f"| [{dotted(room)}]({room}.md) | {_summary(module_of(room))} |" for room in PUBLIC]
    return "\n".join(["# Python", "", "| | |", "|---|---|", *rows, ""])


def _summary(value: Any) -> str:
    sections = docstrings.markdown((inspect.getdoc(value) or "").split("\n\n")[0])
    return " ".join(sections.split())


def dotted(room: str) -> str:
    """Return the name by which a room is imported."""
    return "diptych" if room == "diptych" else f"diptych.{room}"


def _room(room: str) -> str:
    parts = [f"# {dotted(room)}", _summary(module_of(room))]
    for name, value in documented(room):
        parts += [f"## {name}", _entry(name, value)]
    return "\n\n".join(parts) + "\n"


def _entry(name: str, value: Any) -> str:
    if inspect.ismodule(value):
        return _summary(value)
    if isinstance(value, types.GenericAlias):  # the image, whose page is that of its contract
        return f"```text\n{inspect.getdoc(importlib.import_module('diptych.core.image'))}\n```"
    if isinstance(value, Mapping):
        return "Names: " + ", ".join(f"`{one}`" for one in value) + "."
    text = docstrings.markdown(docstrings.own_docstring(value))
    if not callable(value) or not hasattr(value, "__name__"):
        shown = repr(value)
        return f"`{shown}`" if len(shown) < 80 and not text else text or f"A value of type `{type(value).__name__}`."
    return f"```python\n{docstrings.signature(name, value)}\n```\n\n{text}\n{_methods(value)}"


def _methods(value: Any) -> str:
    """Return the public methods of a class of its own, each with its first sentence."""
    if not inspect.isclass(value):
        return ""
    own = {
        name: getattr(value, name)
        for name, member in vars(value).items()
        if not name.startswith("_") and (inspect.isroutine(getattr(value, name)) or isinstance(member, property))
    }
    rows = [f"- `{name}`: {_summary(one)}" for name, one in own.items() if inspect.getdoc(one)]
    return "\n".join(["", "**Methods and properties**", "", *rows, ""]) if rows else ""


def _command_line() -> str:
    import typer

    from diptych.cli.app import app

    group = typer.main.get_command(app)
    codes = (inspect.getdoc(importlib.import_module("diptych.cli.app")) or "").partition("\n\n")[2]
    parts = ["# Command line", "What `diptych COMMAND --help` prints.", codes]
    for name, command in group.commands.items():
        with command.make_context(name, ["--help-is-not-asked"], resilient_parsing=True) as context:
            usage = command.get_usage(context).removeprefix("Usage: ")
            arguments = [_row(one) for one in command.get_params(context)]
        text = re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(command.help or ""))
        usage = usage.replace(f"{name} ", f"diptych {name} ", 1) if not usage.startswith("diptych") else usage
        parts += [f"## {name}", _escaped(text), f"```text\n{' '.join(usage.split())}\n```"]
        parts.append("\n".join(arguments))
    return "\n\n".join(parts) + "\n"


def _row(option: Any) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    if option.param_type_name == "argument":
        names = option.metavar or option.name.upper()
    elif not getattr(option, "is_flag", False) and option.metavar:
        names += f" {option.metavar}"
    default = option.default
    shown = "" if default in (None, False, "", [], ()) or callable(default) else f" Default: `{default}`."
    return f"- `{names}`: {_escaped(getattr(option, 'help', '') or '')}{shown}"


def _escaped(text: str) -> str:
    return re.sub(r"([*_<\[\]|])", r"\\\1", text)


def _http() -> str:
    from diptych.web import Settings
    from diptych.web.app import create_app

    described = create_app(Settings()).openapi()
    parts = [f"# HTTP: {described['info']['title']} {described['info']['version']}"]
    parts.append(
        "From the OpenAPI description that the service itself gives at `/openapi.json`; [a guide](../serve.md)."
    )
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            parts += [f"## {method.upper()} {path}", _escaped(one.get("description") or one.get("summary", ""))]
            rows = [
                f"| `{given['name']}` | {given['in']} | {_kind(given['schema'])} | {_escaped(given.get('description', ''))} |"
                for given in one.get("parameters", [])
            ]
            if rows:
                parts.append("\n".join(["| parameter | in | type | |", "|---|---|---|---|", *rows]))
            if "requestBody" in one:
                parts.append("Body: " + ", ".join(f"`{kind}`" for kind in one["requestBody"]["content"]) + ".")
            answers = [f"| {code} | {_escaped(answer['description'])} |" for code, answer in one["responses"].items()]
            parts.append("\n".join(["| status | |", "|---|---|", *answers]))
    return "\n\n".join(parts) + "\n"


def _kind(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    values = ", ".join(f"`{one}`" for one in schema.get("enum", []))
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return values or " ".join([str(schema.get("type", "")), *bounds])


def _recipes() -> str:
    from diptych.recipes import Recipe, catalogue

    parts = [
        "# Recipes with a name",
        "What `diptych enhance --recipe NAME` and `--for NAME` do; [a guide](../purposes.md).",
    ]
    for name in catalogue.names():
        enhancer = catalogue.find(name)
        parts += [f"## {name}", f"{enhancer.spec.summary}".strip()]
        if isinstance(enhancer, Recipe):
            parts.append(f"```toml\n{enhancer.to_toml().strip()}\n```")
        else:
            parts.append("Its steps depend on the picture: `diptych show PICTURE --plan` prints them.")
    return "\n\n".join(parts) + "\n"


def _training() -> str:
    from diptych import training

    parts = ["# Settings of trainings", "What `--set KEY=VALUE` and `config.toml` know; [a guide](../training.md)."]
    parts += ["## Presets", _presets({name: training.preset(name) for name in training.PRESETS})]
    configs = [getattr(training, name) for name in PUBLIC["training"] if name.endswith("Config")]
    for config in sorted(configs, key=lambda one: one is not training.TrainConfig):
        parts += [f"## {config.__name__}", docstrings.markdown(inspect.getdoc(config) or "")]
    return "\n\n".join(parts) + "\n"


def _presets(presets: dict[str, Any]) -> str:
    rows = []
    for name, config in presets.items():
        plain = type(config)()
        changed = [
            f"`{key}={value}`"
            for key, value in vars(config).items()
            if value != getattr(plain, key) and isinstance(value, int | float | str)
        ]
        rows.append(f"| `{name}` | `{type(config).__name__}` | {', '.join(changed)} |")
    return "\n".join(
        ["| preset | config | numbers and words that differ from the config's own |", "|---|---|---|", *rows]
    )


def _changelog() -> str:
    """Return the changelog, before it what is not yet in a release."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    kinds: dict[str, list[str]] = {}
    for path in sorted((ROOT / "changes").glob("*.*.md")):
        kinds.setdefault(path.suffixes[-2].strip("."), []).append(" ".join(path.read_text("utf-8").split()))
    news = [
        f"### {kind}\n\n" + "\n".join(f"- {one.removeprefix('- ')}" for one in lines) for kind, lines in kinds.items()
    ]
    heading, _, rest = text.partition("\n## ")
    return "\n\n".join([heading, "## Not yet released", *news, f"## {rest}"])
