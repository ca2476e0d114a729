"""Every error that Lateen raises, in one tree; the type is the policy.

::

    LateenError
    ├── UserError                      the author or caller can mend it; never retried
    │   ├── CompileError               while a pipeline body is compiled; has file and line
    │   │   └── LateValueError         a late value was used where only a value will do
    │   │       └── LateAttributeError ... by an attribute that late values do not have
    │   ├── InvalidNameError           a name or version that cannot be used
    │   ├── ParameterError             a parameter is unknown, missing or of the wrong type
    │   ├── NotFoundError              a look-up by name, number or id found nothing
    │   │   ├── MissingReferenceError  ... and the look-up was a step's reference
    │   │   │   └── StillMissingError  ... which may wait for it
    │   │   └── AmbiguousError         a prefix fits several
    │   ├── KindMismatchError          an artifact of another kind than was asked for
    │   ├── TypeMismatchError          a value does not fit its annotation
    │   ├── MaterializerError          a value could not be saved or loaded
    │   │   └── UnsupportedTypeError   no materializer knows the type
    │   ├── VersionConflictError       a version name is taken by other bytes
    │   ├── ReferenceMovedError        a reference that must not move did, before the commit
    │   ├── StageTakenError            another version holds the stage
    │   ├── StageProtectedError        a step would change a stage that is kept from steps
    │   ├── StepContextError           something that only works inside a step
    │   ├── StillNeededError           something else needs what should be deleted
    │   ├── CollectionPausedError      bytes stay until a restored catalog has been verified
    │   ├── SetupError                 an extra, a server or a directory is missing
    │   └── RunFailed                  a run ended other than Succeeded
    ├── TemporaryError                 may pass by itself; retried on the infrastructure budget
    │   ├── CatalogUnavailable
    │   ├── StoreUnavailable
    │   ├── ClusterUnavailable         the API server cannot be reached, or has too much to do
    │   └── LeaseExpired               stored bytes may have been collected before the commit
    └── PermanentError                 will not pass by itself; not the author's doing
        ├── Fenced                     the attempt was replaced, cancelled or lost
        ├── CorruptBlobError           bytes do not have the digest that they should have
        ├── CatalogRefused             the database does not know what it is asked
        ├── ClusterRefused             the API server will not do it; has its status and reason
        └── ProtocolError              a peer said something that the protocol does not know
"""

from __future__ import annotations

from typing import Any


class LateenError(Exception):
    """The root of all errors that Lateen raises on purpose."""


class UserError(LateenError):
    """Something that the author of a pipeline, or the caller, can mend."""


class TemporaryError(LateenError):
    """Something that may pass by itself, so that a retry makes sense."""


class PermanentError(LateenError):
    """Something that no retry mends and that the author did not cause."""


class CompileError(UserError):
    """A pipeline body cannot be compiled; ``location`` is ``file:line`` of the call, if known."""

    def __init__(self, message: str, location: str | None = None) -> None:
        super().__init__(f"{location}: {message}" if location else message)
        self.location = location


class LateValueError(CompileError, TypeError):
    """A late value was used where only a value known now will do."""


class LateAttributeError(LateValueError, AttributeError):
    """A late value was asked for an attribute that it does not have."""


class InvalidNameError(UserError, ValueError):
    """A name, or the name of a version, cannot be used."""


class ParameterError(UserError, ValueError):
    """A parameter is unknown, missing, frozen, or not of its declared type."""


class NotFoundError(UserError, LookupError):
    """A look-up found nothing."""


class MissingReferenceError(NotFoundError):
    """A step's reference matches nothing, so the attempt fails before user code."""


class StillMissingError(MissingReferenceError):
    """A step's reference matches nothing yet, and the step may wait for it."""


class AmbiguousError(NotFoundError):
    """A prefix of an id fits more than one thing."""


class KindMismatchError(UserError, TypeError):
    """An artifact exists but is of another kind than was asked for."""


class TypeMismatchError(UserError, TypeError):
    """A value does not fit the annotation of an input or an output."""


class MaterializerError(UserError):
    """A value could not be saved to files or loaded from them."""


class UnsupportedTypeError(MaterializerError, TypeError):
    """No materializer knows how to save the type."""


class VersionConflictError(UserError):
    """The version name of an artifact is taken by other bytes."""


class ReferenceMovedError(UserError):
    """A reference with ``on_moved="fail"`` became something else before the step's commit."""


class StageTakenError(UserError):
    """Another version of the model holds the stage."""


class StageProtectedError(UserError):
    """A step would change a stage that is protected from steps."""


class StepContextError(UserError, RuntimeError):
    """Something that only works inside a running step was used outside one."""


class StillNeededError(UserError):
    """Something that should be deleted is needed by what exists."""


class CollectionPausedError(UserError):
    """The catalog looks restored from a backup, so no bytes are deleted until it is verified."""


class SetupError(UserError):
    """An extra, a server or a directory that is needed is missing."""


class RunFailed(UserError, RuntimeError):
    """A run ended other than Succeeded; ``run`` is its view.

    Raised from the step's own exception where that is at hand.
    """

    def __init__(self, message: str, run: Any = None) -> None:
        super().__init__(message)
        self.run = run


class CatalogUnavailable(TemporaryError):
    """The catalog's database cannot be reached or refuses connections for now."""


class StoreUnavailable(TemporaryError):
    """The object store cannot be reached for now."""


class ClusterUnavailable(TemporaryError):
    """The API server of a cluster cannot be reached or cannot answer for now."""


class LeaseExpired(TemporaryError):
    """Stored bytes may have been collected: their lease ran out before what refers to them."""


class Fenced(PermanentError):
    """The attempt was replaced, cancelled or lost: it can write nothing any more."""


class CorruptBlobError(PermanentError):
    """Stored bytes do not have the digest under which they are recorded."""


class CatalogRefused(PermanentError):
    """The catalog's database refuses what Lateen asks: other tables, a right, or a defect."""


class ClusterRefused(PermanentError):
    """The API server of a cluster refused; ``status`` is of HTTP, ``body`` what it answered."""

    def __init__(self, message: str, status: int, body: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = body


class ProtocolError(PermanentError):
    """A peer said something that the protocol does not know."""
