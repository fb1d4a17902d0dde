"""The wiring: what settings become."""

from monitor.app.wiring.application import App
from monitor.app.wiring.targets import endpoint_of
from monitor.config import parse_settings

CONFIG = """
[[providers]]
name = "gateway"
base_url = "http://127.0.0.1:1/v1"
api_key_env = "GATEWAY_KEY"
proxy = "http://user:proxy-pass-word@127.0.0.1:2"
[providers.headers]
X-Gateway-Token = "env:GATEWAY_TOKEN"
X-Plain = "visible"
"""
SECRETS = {"GATEWAY_KEY": "key-of-the-test", "GATEWAY_TOKEN": "token-of-the-test"}


def test_every_secret_of_a_provider_is_masked_in_what_its_answers_say() -> None:
    """An answer may echo a header or the proxy's password as well as the key."""
    app = App(parse_settings(CONFIG, "config.toml"), SECRETS)
    endpoint = endpoint_of(app, app.settings.providers[0])
    assert {*SECRETS.values(), "proxy-pass-word"} <= set(endpoint.secrets)
    assert "visible" not in endpoint.secrets
    assert not any(secret in repr(endpoint) for secret in endpoint.secrets)
