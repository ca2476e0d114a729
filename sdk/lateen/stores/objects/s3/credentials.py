"""Where the credentials of an S3 store come from."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping

from minio.credentials.credentials import Credentials
from minio.credentials.providers import (
    AWSConfigProvider,
    ChainedProvider,
    EnvAWSProvider,
    IamAwsProvider,
    Provider,
    StaticProvider,
)

from lateen.domain.errors import SetupError

_ROLES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def credentials_of(environment: Mapping[str, str]) -> Provider:
    """The credentials that an environment holds, which need not be this process's own."""
    key, secret = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if environment is os.environ or not (key and secret):
        return UsualCredentials()
    return StaticProvider(key, secret, environment.get("AWS_SESSION_TOKEN"))


class UsualCredentials(ChainedProvider):
    """The environment's, else those of a profile, else those of a role.

    A role is asked for only where the environment announces one: elsewhere the question would
    wait for an address that nobody answers.
    """

    def __init__(self) -> None:
        providers: list[Provider] = [EnvAWSProvider(), AWSConfigProvider()]
        if any(os.environ.get(name) for name in _ROLES):
            providers.append(IamAwsProvider())
        super().__init__(providers)

    def retrieve(self) -> Credentials:
        """Returns them; SetupError where there are none."""
        try:
            return super().retrieve()
        except (ValueError, OSError, configparser.Error):  # whose texts may show what they read
            raise SetupError(
                "there are no credentials for the object store; set AWS_ACCESS_KEY_ID and"
                " AWS_SECRET_ACCESS_KEY, or AWS_PROFILE to a profile of ~/.aws/credentials"
            ) from None
