"""Jobs for a cluster."""

from __future__ import annotations

from diptych.cluster import JobSpec
from diptych.runtime import EnhancerChoice


def job_of(recipe=None, **choice) -> JobSpec:
    """Return the job of a recipe, or of any other choice."""
    return JobSpec(choice=EnhancerChoice(recipe=recipe, **choice))
