"""A folder through a cluster: listed lazily, and dispatched to its workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from diptych.cluster.dispatch import Dispatcher
from diptych.cluster.job import Outcome, Run
from diptych.cluster.location import Location
from diptych.cluster.manifest import Manifest
from diptych.cluster.worker import plugin_for
from diptych.core.errors import ParameterError

if TYPE_CHECKING:
    from distributed import Client


def enhance_folder(run: Run, client: Client, *, on_other: Callable[[str], object] | None = None) -> Iterator[Outcome]:
    """Enhance a folder and yield what became of each picture, as it comes.

    `on_other` is called with the name of each file that is neither a picture nor a video.

    Parameters
    ----------
    run : Run
        What is to be done, and the manifest.
    client : distributed.Client
        Of the cluster.
    on_other : function, optional
        Called with the name of each file that is neither a picture nor a video.

    Returns
    -------
    iterator of Outcome
        In the order in which they come.

    Raises
    ------
    ParameterError
        If the folder is not there, the two locations contain one another, or the scheduler answers no more.
    BundleError, RecipeError
        If the job cannot be carried out.

    Examples
    --------
    ``for outcome in enhance_folder(run, Client("tcp://scheduler:8786")): print(outcome)``
    """
    source, target = Location(run.source), Location(run.target)
    if not source.is_there():
        raise ParameterError(f"{run.source}: no such folder; check the path")
    if source.holds(target) or target.holds(source):
        raise ParameterError(f"{run.target} and {run.source} lie in one another; give another folder for the results")
    job = run.job.portable()
    job.enhancer()  # what cannot be made is refused here, and not by every worker
    if target.local is not None:
        target.local.mkdir(parents=True, exist_ok=True)
    fingerprint = job.fingerprint
    client.register_plugin(plugin_for(job, fingerprint))
    with Manifest(run.manifest) as manifest:
        yield from Dispatcher(run, client, manifest, fingerprint, on_other).run()
