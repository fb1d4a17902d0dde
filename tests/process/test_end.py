"""A process that has nothing more to do ends at once."""

import subprocess
import sys

CYCLE = """
import {module}

class Cycle:
    def __del__(self):
        print("looked at")

cycle = Cycle()
cycle.itself = cycle
"""


def output(module: str) -> str:
    command = [sys.executable, "-c", CYCLE.format(module=module)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_interpreter_does_not_look_through_all_objects_once_more() -> None:
    assert output("os") == "looked at\n"
    assert output("monitor.process.end") == ""
