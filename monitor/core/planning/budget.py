"""How many requests one sweep may send where a day has a budget."""


def share(per_day: int | None, *, spent: int, sweeps_left: int) -> int | None:
    """Return what this sweep may send: an equal part of what the day has left; None without a budget.

    `sweeps_left` counts the sweeps of this day from now on, this one included; at least 1.
    """
    if per_day is None:
        return None
    return max(per_day - spent, 0) // max(sweeps_left, 1)
