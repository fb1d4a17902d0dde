"""Counts the differences that a comparison finds, and keeps the first of them."""

from collections import Counter
from datetime import datetime

from monitor.core.history.comparison import Columns, Comparison, Count, Difference, How, RowKind


class DifferenceCounter:
    """The differences found so far; at most `most` of them are kept in full."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts = Counter[tuple[RowKind, How]]()
        self._first = list[Difference]()

    def compare(
        self, part: RowKind, model: str | None, at: datetime, stands: Columns | None, follows: Columns | None
    ) -> None:
        """Note a row that stands, if it is another than the one that follows from the facts."""
        if stands == follows:
            return
        difference = Difference(part=part, model=model, at=at, stands=stands, follows=follows)
        self._counts[part, difference.how] += 1
        if len(self._first) < self._most:  # the first ones: a fault in the past makes all behind it differ
            self._first.append(difference)

    def event(self, stands: Columns | None, follows: Columns | None) -> None:
        """Compare an event with the one of the same model and kind in the same sweep."""
        row = follows or stands or {}
        self._compare_at("confirmed_at", RowKind.EVENT, row["model"], stands, follows)

    def state(self, model: str, stands: Columns | None, follows: Columns | None) -> None:
        """Compare what is believed of a model."""
        self._compare_at("since", RowKind.STATE, model, stands, follows)

    def _compare_at(
        self, time: str, part: RowKind, model: object, stands: Columns | None, follows: Columns | None
    ) -> None:
        at = (follows or stands or {})[time]
        if isinstance(at, datetime):
            self.compare(part, None if model is None else str(model), at, stands, follows)

    def has(self, part: RowKind) -> bool:
        """Return whether a row of this part differs."""
        return any(self._counts[part, how] for how in How)

    def result(self, provider: str, sweeps: int) -> Comparison:
        """Return all that was found, counted by part and way in their order."""
        counts = tuple(
            Count(part, how, self._counts[part, how])
            for part in RowKind
            for how in How
            if self._counts[part, how]
        )
        return Comparison(provider=provider, sweeps=sweeps, counts=counts, differences=tuple(self._first))
