"""The environment of the containers of a step: the name of every variable and of every mount.

Standard library only: the operator, which builds Pods, imports it as the containers do.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from lateen.step.workdir import WorkDirectory

GIVEN_MOUNT = PurePosixPath("/lateen/given")
"""What the step is given: read-only in its own container."""
WORK_MOUNT = PurePosixPath("/lateen/work")
"""What the step writes: treated as hostile by everybody else."""
POD_WORK = WorkDirectory(Path(WORK_MOUNT), Path(GIVEN_MOUNT))
"""The paths in a Pod, the same in each of its containers."""

# Of our own containers
DATABASE_URL = "LATEEN_DATABASE_URL"
STORE_URL = "LATEEN_STORE_URL"
RUN = "LATEEN_RUN"
"""The run's id."""
STEP = "LATEEN_STEP"
"""The step's DNS name."""
ATTEMPT = "LATEEN_ATTEMPT"
"""Its number, from 1."""
HOLDER = "LATEEN_HOLDER"
"""The Pod's UID."""
IMAGE = "LATEEN_IMAGE"
"""The step's image as the spec has it: part of the cache key."""
GRACE = "LATEEN_GRACE"
"""Seconds for what is left to do after the step's end, or after the Pod was asked to go."""
TOLERATE_OOM = "LATEEN_TOLERATE_OOM"
"""``1`` where a step may succeed though the kernel killed a process of it for its memory."""
WAITED = "LATEEN_WAITED"
"""For how many seconds the step has waited for what its references may wait for."""

# Of our own containers and of the step's
WORK = "LATEEN_WORK"
GIVEN = "LATEEN_GIVEN"

# Of the step's container
SOCKET = "LATEEN_SOCKET"
INPUTS = "LATEEN_INPUTS"
OUTPUTS = "LATEEN_OUTPUTS"
PARAMETERS = "LATEEN_PARAMETERS"
"""The inputs that are no artifacts, as a JSON object; set by the wrapper of a plain command."""
ENTRYPOINT = "LATEEN_ENTRYPOINT"
MATERIALIZERS = "LATEEN_MATERIALIZERS"
"""The classes that the pipeline chose for outputs, by output, as a JSON object."""
RESCUES = "LATEEN_RESCUES"
SOURCE = "LATEEN_SOURCE"
"""The file that the pipeline was compiled from, on a laptop."""

RESOLVE_COMMAND = ("python3", "-m", "lateen.pod", "resolve")
PUBLISH_COMMAND = ("python3", "-m", "lateen.pod", "publish")
EXECUTE_ARGUMENTS = ("-m", "lateen.step", "execute")
"""After the interpreter."""
WRAPPER_COMMAND = (str(POD_WORK.busybox), "sh", str(POD_WORK.wrapper))
"""Before a plain command."""

# How our own containers end
COMMITTED = 0
"""The attempt's end is committed; of resolve, that it may go on."""
FAILED = 10
"""Resolve has committed the attempt's failure: there is nothing to execute."""
FENCED = 11
"""The attempt is another's, or over: nothing was written."""
NO_OUTCOME = 12
"""The step ended without saying how: the attempt is open, its verdict the operator's."""
TEMPORARY = 75
"""The catalog or the store could not be reached: the attempt is open. A step ends so, too."""
