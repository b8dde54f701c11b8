"""``diptych show``: details of an operator, recipe, model or picture."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from diptych.cli.progress import printable
from diptych.cli.wishes import Brightness, Denoise, Saturation, Shadows, Strength, Warmth
from diptych.core.errors import ParameterError
from diptych.core.wishes import Wishes

if TYPE_CHECKING:
    from diptych.core.operator import Declaration
    from diptych.core.parameters import Parameter
    from diptych.recipes import Recipe


def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE",
            help="Name of an operator, recipe, generator or model, or file of a recipe, model or picture.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="For a picture: print the recipe that is planned for it, as TOML or JSON.")
    ] = False,
    op: Annotated[
        list[str] | None,
        typer.Option(
            "--op",
            metavar="NAME key=value ...",
            help="With --plan: these operators, with values for auto parameters.",
        ),
    ] = None,
    strength: Strength = 1,
    brightness: Brightness = 0,
    shadows: Shadows = 0,
    warmth: Warmth = 0,
    saturation: Saturation = 0,
    denoise: Denoise = 0,
) -> None:
    """Show the page of an operator, the steps of a recipe, the settings of a generator, or what is known of a file."""
    wishes = Wishes(
        strength=strength,
        brightness=brightness,
        shadows=shadows,
        warmth=warmth,
        saturation=saturation,
        denoise=denoise,
    )
    if plan or op:
        planned = _plan(name, op, wishes)
        typer.echo(json.dumps(_as_json(planned), indent=2) if as_json else planned.to_toml().rstrip())
        return
    _refuse(wishes, "is for a plan; give --plan")
    details, text = _describe(name)
    typer.echo(json.dumps(details, indent=2) if as_json else text)


def _as_json(recipe: Recipe) -> dict[str, Any]:
    return {"name": recipe.name, "summary": recipe.summary, "steps": [step.as_dict() for step in recipe.steps]}


def _plan(name: str, op: list[str] | None, wishes: Wishes) -> Recipe:
    from diptych.cli.arguments import read_steps
    from diptych.photo import read
    from diptych.recipes import Recipe
    from diptych.runtime import plan
    from diptych.runtime.enhancing import visible

    steps = read_steps(op)
    if steps is None:
        return plan(read(name), **asdict(wishes))
    _refuse(wishes, "is not for --op; leave it out")
    return Recipe(*steps, name="steps").plan(visible(read(name)))


def _refuse(wishes: Wishes, why: str) -> None:
    if given := " and ".join(f"--{name}" for name in wishes.given):
        raise ParameterError(f"{given} {why}")


def _describe(name: str) -> tuple[dict[str, Any], str]:
    from diptych import networks, operators
    from diptych.core.errors import UnknownNameError, did_you_mean
    from diptych.photo import is_readable
    from diptych.recipes import catalogue
    from diptych.runtime import is_model
    from diptych.runtime.default import DEFAULT, PACKAGED_MODELS

    if name in operators.names():
        return _operator(operators.declaration(name))
    if name in catalogue.names() or name.endswith(".toml"):
        return _recipe(name)
    if name == DEFAULT:
        return _default()
    if is_model(name):
        return _model(name)
    if name in networks.names(role="generator") and not Path(name).exists():
        return _generator(name)
    if Path(name).exists() or is_readable(name):
        return _photo(name)
    known = (*operators.names(), *catalogue.names(), *networks.names(role="generator"), DEFAULT, *PACKAGED_MODELS)
    close = did_you_mean(name, known)
    hint = "; diptych list has the names" if "; known" in close else close
    raise UnknownNameError(f"no operator, recipe, generator, model or file named '{name}'{hint}")


def _operator(declaration: Declaration) -> tuple[dict[str, Any], str]:
    parameters = {parameter.name: parameter.schema() for parameter in declaration.parameters}
    details = {
        "name": declaration.name,
        "group": declaration.group,
        "summary": declaration.summary,
        "parameters": parameters,
    }
    lines = [f"{declaration.name} ({declaration.group})", "", declaration.documentation.strip(), ""]
    usage = " ".join(_usage(parameter) for parameter in declaration.parameters)
    lines += [
        "On the command line",
        "-------------------",
        f"diptych enhance IN --op {declaration.name} {usage}".rstrip(),
    ]
    lines += [f"    {parameter.name}: {parameter.bounds}" for parameter in declaration.parameters]
    return details, "\n".join(lines)


def _usage(parameter: Parameter) -> str:
    if parameter.required:
        return f"{parameter.name}={'FILE' if parameter.kind == 'image' else '...'}"
    text = f"{parameter.name}={parameter.show(parameter.default)}"
    return f"'{text}'" if ";" in text else text


def _recipe(name: str) -> tuple[dict[str, Any], str]:
    from diptych.recipes import Recipe, catalogue

    enhancer = catalogue.find(name)
    details: dict[str, Any] = {"name": enhancer.spec.name, "summary": enhancer.spec.summary}
    text = f"{enhancer.spec.name}: {enhancer.spec.summary}"
    if isinstance(enhancer, Recipe):
        details["steps"] = [{"operator": step.operator} | dict(step.parameters) for step in enhancer.steps]
        text = "\n".join([text, *(f"  {index}. {step}" for index, step in enumerate(enhancer.steps, 1))])
    else:
        text += "\n  Its steps depend on the picture: diptych show PICTURE --plan prints them."
    return details, text


def _default() -> tuple[dict[str, Any], str]:
    from diptych.runtime import DefaultEnhancer

    details = asdict(DefaultEnhancer().spec)
    return details, f"{details['name']}: {details['summary']}"


def _model(name: str) -> tuple[dict[str, Any], str]:
    from diptych.runtime import default_model, read_bundle
    from diptych.runtime.default import PACKAGED_MODELS

    bundle = read_bundle(default_model(name) if name in PACKAGED_MODELS else name)
    details = asdict(bundle.metadata) | {"bytes": len(bundle.model)}
    lines = [f"{bundle.metadata.name}: {bundle.metadata.summary}".removesuffix(": ")]
    for key, value in details.items():
        if key not in ("name", "summary") and value not in ("", {}):
            lines += _lines(key, value)
    return details, "\n".join(map(printable, lines))


def _generator(name: str) -> tuple[dict[str, Any], str]:
    import inspect

    from diptych import networks

    config = networks.from_dict({"name": name})
    details = {"name": name, "settings": networks.to_dict(config)}
    use = f"diptych train A B -o RUN --set forward.name={name}"
    return details, "\n".join(
        [name, "", inspect.getdoc(type(config)) or "", "", "On the command line", "-------------------", use]
    )


def _lines(key: str, value: Any, indent: str = "  ") -> list[str]:
    """Format a value as one line, or a table or multi-line text as several."""
    if isinstance(value, dict):
        return [f"{indent}{key}:", *(line for name, one in value.items() for line in _lines(name, one, indent + "  "))]
    if isinstance(value, str) and "\n" in value.strip():
        return [f"{indent}{key}:", *(f"{indent}  {line}".rstrip() for line in value.strip().splitlines())]
    return [f"{indent}{key}: {', '.join(map(str, value)) if isinstance(value, list | tuple) else value}"]


def _photo(name: str) -> tuple[dict[str, Any], str]:
    from diptych.core.noise import measure_noise
    from diptych.photo import read

    photo = read(name)
    noise = measure_noise(photo.pixels, photo.jpeg)
    height, width = photo.pixels.shape[:2]
    details = {
        "format": photo.format,
        "width": width,
        "height": height,
        "channels": 1 if photo.pixels.ndim == 2 else photo.pixels.shape[2],
        "depth": str(photo.pixels.dtype),
        "alpha": photo.alpha is not None,
        "dpi": photo.dpi,
        "exif_bytes": len(photo.exif or b""),
        "icc_profile_bytes": len(photo.icc_profile or b""),
        "noise": noise.summary,
    }
    lines = [printable(name)]
    for key, value in details.items():
        lines += _lines(key, value) if isinstance(value, dict) else [f"  {key}: {value}"]
    return details, "\n".join(lines)
