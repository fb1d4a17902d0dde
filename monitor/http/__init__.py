"""The one place that speaks HTTP: a client per provider, and one exchange of a request for a value.

It knows nothing of models. A sick server is an `Exchange`, never an exception; the key goes to the provider's
own origins only and appears in no message and no `repr`.
"""

from monitor.config.values.auth import Auth
from monitor.http.client import Client, Endpoint, host_of, open_client
from monitor.http.failures import tls_failure
from monitor.http.tls import tls_context
from monitor.http.wire import exchange

__all__ = [
    "Auth",
    "Client",
    "Endpoint",
    "exchange",
    "host_of",
    "open_client",
    "tls_context",
    "tls_failure",
]
