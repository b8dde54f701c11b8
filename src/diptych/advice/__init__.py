"""Advice: what is the simplest thing that makes the pictures of one folder look like those of another?

``advise("dark", "bright").why`` says so; ``advise("dark", "bright").recipe`` does it, if it is a recipe. ``docs/advise.md`` has
the rules. Importing this package loads neither torch nor onnxruntime.
"""

from diptych.advice.advice import Advice
from diptych.advice.advising import advise

__all__ = ["Advice", "advise"]
