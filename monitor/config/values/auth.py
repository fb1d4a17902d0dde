"""The ways in which a provider takes its key."""

from enum import StrEnum


class Auth(StrEnum):
    """How a provider wants its key: in one of three headers, as the parameter `key` of an address, or not."""

    BEARER = "bearer"
    X_API_KEY = "x-api-key"
    API_KEY = "api-key"
    QUERY = "query"
    NONE = "none"
