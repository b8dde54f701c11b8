"""A connection to a Dask cluster: one of this machine, started for the purpose, or one that runs."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from diptych.core.errors import MissingExtraError, ParameterError

if TYPE_CHECKING:
    from distributed import Client

_SETTINGS = {
    # A picture is no suspect because the worker that had it was killed: only `retries` counts.
    "distributed.scheduler.allowed-failures": 1000,
    # Sampling what the workers' threads do, a hundred times a second, is for a dashboard that nobody opens.
    "distributed.worker.profile.enabled": False,
    # What a scheduler keeps for a dashboard, and for whoever looks for errors in it: the last tasks and messages.
    "distributed.diagnostics.computations.max-history": 1,
    "distributed.admin.low-level-log-length": 100,
}


@contextlib.contextmanager
def connected(cluster: str) -> Iterator[Client]:
    """Connect to a cluster: ``local:4`` starts four processes on this machine, an address means a running scheduler.

    Raises
    ------
    ParameterError
        If it is neither, or no scheduler answers there.
    MissingExtraError
        If Dask is not installed.
    """
    try:
        import dask
        import distributed
    except ImportError:
        raise MissingExtraError("clusters need Dask and fsspec; pip install 'diptych[cluster]'") from None
    kind, _, rest = cluster.partition(":")
    with contextlib.ExitStack() as closing:
        closing.enter_context(dask.config.set(_SETTINGS))
        if kind == "local":
            if not rest.isdigit() or not 1 <= int(rest) <= 1024:
                raise ParameterError(f"the cluster {cluster} is no number of workers; write local:4")
            cluster = closing.enter_context(_local(int(rest))).scheduler_address
        elif not rest.startswith("//"):
            raise ParameterError(f"the cluster {cluster} is not allowed; give local:4 or tcp://SCHEDULER:8786")
        try:
            make: Any = distributed.Client
            client: Client = make(cluster, timeout=20, set_as_default=False)
        except (OSError, ValueError) as error:
            text = " ".join(str(error).split())[:160]
            raise ParameterError(f"the cluster {cluster}: no scheduler answers ({text}); start one there") from None
        yield closing.enter_context(client)


def _local(workers: int) -> Any:
    from distributed import LocalCluster

    make: Any = LocalCluster
    return make(
        n_workers=workers,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        env={"DIPTYCH_THREADS": "1"},
        silence_logs=logging.ERROR,
    )
