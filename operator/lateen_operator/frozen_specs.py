"""The specs of Runs, each once however many Runs have it."""

from __future__ import annotations

import threading
from collections import OrderedDict

from lateen.domain.spec import PipelineSpec
from lateen_operator.known_run import Frozen

ROOM = 128


class FrozenSpecs:
    """The specs that were used last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Frozen] = OrderedDict()

    def of(self, spec: PipelineSpec) -> Frozen:
        """The one that is equal to a spec."""
        frozen = Frozen.of(spec)
        with self._lock:
            kept = self._kept.setdefault(frozen.digest, frozen)
            self._kept.move_to_end(frozen.digest)
            if len(self._kept) > ROOM:
                self._kept.popitem(last=False)
        return kept
