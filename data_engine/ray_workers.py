"""Workers on the machines of a Ray cluster, each of which runs a ComfyUI of its own."""

import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from .job import Job, Outcome, Worker, unroll_on
from .server import Server, Stopped

LOOK_SECONDS = 1.0


def ray_workers(servers: Sequence[Server], stop: threading.Event, address: str | None = None) -> list[Worker]:
    """A worker for each server of each machine.

    Args:
        servers: as seen from every machine, such as http://127.0.0.1:8188 for one of its own.
        stop: when it is set, workers leave what they do.
        address: of the cluster; None for one that runs on this machine, or else a new one.

    Raises:
        ImportError: if Ray is not installed.
        ConnectionError: if there is no cluster at the address.
    """
    try:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
    except ImportError as error:
        raise ImportError("Spreading over machines needs Ray: pip install ray.") from error
    if not ray.is_initialized():
        ray.init(address=address, log_to_driver=False)
    remote = ray.remote(num_cpus=0, max_retries=0)(unroll_on_this_machine)
    machines = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    places = [NodeAffinitySchedulingStrategy(machine, soft=False) for machine in machines]
    return [
        partial(_wait_for, remote.options(scheduling_strategy=place), server, stop)
        for place in places
        for server in servers
    ]


def unroll_on_this_machine(server: Server, job: Job) -> Outcome:
    """`unroll_on` in one of Ray's processes, which is interrupted where it waits."""
    return unroll_on(server, job, time.sleep)


def _wait_for(remote: Any, server: Server, stop: threading.Event, job: Job) -> Outcome:
    import ray

    reference = remote.remote(server, job)
    while not ray.wait([reference], timeout=LOOK_SECONDS)[0]:
        if stop.is_set():
            ray.cancel(reference)
            raise Stopped
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        return Outcome({}, f"a machine of the Ray cluster failed ({type(error).__name__})", "server")
