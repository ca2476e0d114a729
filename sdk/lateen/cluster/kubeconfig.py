"""The kubeconfig: which clusters there are, and how to log in to one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from lateen.cluster.place import Place, place_of
from lateen.domain.errors import SetupError
from lateen.domain.names import did_you_mean


@dataclass(frozen=True, slots=True)
class Login:
    """One namespace of one cluster, with what authenticates to it."""

    context: str
    namespace: str
    configuration: Any
    """The `kubernetes` package's own; it renews tokens."""


def login(named: str, given: Place) -> Login:
    """Logs in to the place that was given, else to the one that ``LATEEN_TARGET`` named.

    Raises SetupError where there is no kubeconfig, no such context, or no way to log in.
    """
    if find_spec("kubernetes") is None:
        raise SetupError(
            "a cluster is reached by the package kubernetes, which is not installed:"
            " pip install 'lateen[kubernetes]'"
        )
    from kubernetes.client import Configuration
    from kubernetes.config import load_kube_config
    from kubernetes.config.config_exception import ConfigException

    contexts, current = _contexts()
    place = given.or_else(place_of(named, contexts))
    context = place.context or current
    if context not in contexts:
        raise SetupError(
            f"the kubeconfig has no context {context!r}{did_you_mean(context, contexts)}"
        )
    configuration = Configuration()
    try:
        load_kube_config(  # type: ignore[no-untyped-call]
            _files(), context=context, client_configuration=configuration
        )
    except (ConfigException, OSError, ValueError) as error:
        raise SetupError(
            f"the kubeconfig does not log in to {context!r}: {_first_line(error)}; see whether"
            f" `kubectl --context {context} get pods` works"
        ) from None
    namespace = place.namespace or contexts[context] or "default"
    return Login(context, namespace, configuration)


def _contexts() -> tuple[dict[str, str | None], str]:
    """The contexts with their namespaces, and the current one's name."""
    from kubernetes.config import list_kube_config_contexts
    from kubernetes.config.config_exception import ConfigException
    from yaml import YAMLError

    try:
        found, current = list_kube_config_contexts(_files())  # type: ignore[no-untyped-call]
    except (ConfigException, OSError, YAMLError, TypeError, KeyError) as error:
        raise SetupError(
            f"there is no kubeconfig that names a cluster in {_files()} ({_first_line(error)}); set"
            " KUBECONFIG to its file, or let `kubectl config use-context` choose a context"
        ) from None
    namespaces = {each["name"]: each["context"].get("namespace") for each in found}
    return namespaces, str(current["name"])


def _files() -> str:
    """As the environment says now, and not when the library was imported."""
    return os.environ.get("KUBECONFIG") or "~/.kube/config"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
