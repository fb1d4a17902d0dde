"""`worker.py DATABASE_URL` records the next sweep of 200 models for each line on stdin; run as a file.

It does so by the `monitor` and the `benchmarks` of PYTHONPATH, and prints as JSON what each took.
"""

import json
import sys
import time

from benchmarks.history import record_seconds, sweep_at
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine

if __name__ == "__main__":
    engine = open_engine(sys.argv[1])
    prepare(engine)
    for place, _line in enumerate(sys.stdin):
        seen = sweep_at(place)
        wall, cpu = time.perf_counter(), time.process_time()
        record_seconds(engine, seen)
        spent = {"time": time.perf_counter() - wall, "processor": time.process_time() - cpu}
        sys.stdout.write(f"{json.dumps(spent)}\n")
        sys.stdout.flush()
