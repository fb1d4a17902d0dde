"""Run every public case and print, as JSON, how many requests its provider got. Run as a file, not a module.

`PYTHONPATH` then decides which checkout's `monitor` is counted; the cases come from the one this file is in.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine
from tests.support import gateway as g
from tests.support.provider_cases import CASES, ProviderCase

_INTERVAL_S = 20.0  # what a case may last at most, whoever waits in it


def requests_of(case: ProviderCase) -> int:
    """Return how many requests a case's sweeps cost, catalogs included."""
    with TemporaryDirectory() as directory, g.gateway(case.world(0)) as there:
        engine = open_engine(f"sqlite:///{Path(directory) / 'cases.db'}")
        prepare(engine)
        aim = g.target(there.base_url, interval_s=_INTERVAL_S)
        for number in range(case.sweeps):
            there.show(case.world(number))
            g.sweep(aim, engine, g.hours(number))
        count = len(there.requests)
        engine.dispose()
        return count


if __name__ == "__main__":
    print(json.dumps({name: requests_of(case) for name, case in CASES.items()}))
