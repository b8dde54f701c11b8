"""Advice: what is the simplest thing that makes the pictures of one folder look like those of another?

``advise("dark", "bright").why`` says so; ``advise("dark", "bright").recipe`` does it, if it is a recipe. ``docs/advise.md`` has
the rules. Importing this package loads neither torch nor onnxruntime.
"""

from diptych.advice.advisor import advise
from diptych.advice.result import Advice

__all__ = ["Advice", "advise"]
