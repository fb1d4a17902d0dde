"""Write transactions of an engine that first ask whether they may begin."""

from collections.abc import Callable

from sqlalchemy import Engine

_GATE = "monitor_gate"


def gated(engine: Engine, gate: Callable[[], None]) -> Engine:
    """Return the same database, whose write transactions call `gate` first and raise what it raises."""
    return engine.execution_options(**{_GATE: gate})


def pass_gate(engine: Engine) -> None:
    """Call the gate of an engine that has one."""
    gate: Callable[[], None] | None = engine.get_execution_options().get(_GATE)
    if gate is not None:
        gate()
