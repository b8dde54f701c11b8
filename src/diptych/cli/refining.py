"""``--refine``: a refiner after whatever else was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diptych.core.errors import ParameterError

if TYPE_CHECKING:
    from diptych.core.enhancer import Enhancer


def with_refiner(
    enhancer: Enhancer,
    file: str | None,
    *,
    strength: float | None = None,
    steps: int | None = None,
    seed: int | None = None,
    memory: str | None = None,
) -> Enhancer:
    """Return the enhancer with the refiner in a file after it, or in those of its steps that name it; itself without a file.

    Raises
    ------
    ParameterError
        If an option is out of its bounds, is for a refiner and there is none, or the recipe says it already.
    BundleError
        If the file is no refiner.
    """
    options = {"--refine-strength": strength, "--refine-steps": steps, "--refine-seed": seed}
    given = [option for option, value in options.items() if value is not None]
    if file is None:
        if given:
            raise ParameterError(f"{' and '.join(given)} is for a refiner; give --refine FILE.onnx")
        return enhancer
    from diptych.recipes import Recipe
    from diptych.recipes.refining import bind, is_unbound
    from diptych.runtime.memory import parse_size
    from diptych.runtime.refiner import STRENGTH, OnnxRefiner, Refined

    refiner = OnnxRefiner(
        file,
        strength=STRENGTH if strength is None else strength,
        steps=steps,
        seed=seed or 0,
        memory=None if memory is None else parse_size(memory),
    )
    if isinstance(enhancer, Recipe) and is_unbound(enhancer):
        if given:
            raise ParameterError(
                f"{' and '.join(given)}: the recipe says how it refines; leave it out, or change the recipe"
            )
        return bind(enhancer, refiner)
    return Refined(enhancer, refiner)
