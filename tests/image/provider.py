"""The simulated provider, started from the installed package itself, and a configuration that names it."""

import time

from tests.image.place import Place, Running
from tests.image.shell import StepFailed

KEY = "nvapi-image-test"
_START_TIMEOUT_S = 30.0
_ASK = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Authorization": "Bearer " + sys.argv[2]})
try:
    urllib.request.urlopen(request, timeout=5)
except OSError as error:
    sys.exit(str(error))
"""


def start_provider(place: Place) -> Running:
    """Start the simulated provider beside the monitor and wait until it lists its catalog."""
    options = ("--port", str(place.provider_port), "--api-key", KEY)
    running = place.start(place.python, "-m", "monitor.demo", *options)
    address = f"http://127.0.0.1:{place.provider_port}/v1/models"
    begun = time.monotonic()
    while time.monotonic() - begun < _START_TIMEOUT_S:
        running.check_alive()
        if place.run(place.python, "-c", _ASK, address, KEY).code == 0:
            return running
    words = running.words()[-600:]
    running.kill()
    raise StepFailed(f"the simulated provider does not answer: {words}")


def configuration(place: Place, interval: str) -> str:
    """Return a small configuration: the simulated provider and short time limits.

    A sweep ends before the next is due, so `interval` bounds how many models a slow machine can reach.
    """
    return f"""\
[database]
url = "sqlite:///{place.inner_data}/monitor.db"

[schedule]
interval = "{interval}"

[web]
listen = "{place.listen}"

[summary]
directory = "{place.inner_data}/summaries"

[[providers]]
name = "demo"
base_url = "http://127.0.0.1:{place.provider_port}/v1"
api_key_file = "{place.inner_data}/key"
concurrency = 32
timeout = "2s"
slow_timeout = "3s"
"""
