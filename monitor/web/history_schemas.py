"""Shapes of the lists of /api/v1: each row has the columns of its SQL view, with what they mean."""

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, create_model

from monitor.core.history.views import VIEWS, ColumnType
from monitor.web.schemas import Dated, ModelBody, Moment

_TYPES: Final[Mapping[ColumnType, Any]] = {
    ColumnType.TEXT: str | None,
    ColumnType.INTEGER: int | None,
    ColumnType.LONG: int | None,
    ColumnType.DOUBLE: float | None,
    ColumnType.FLAG: bool | None,
    ColumnType.MOMENT: Moment | None,
    ColumnType.SECOND: Moment | None,
    ColumnType.DAY: date,
    ColumnType.MONTH: date,
}


def _shape(name: str, view: str) -> type[BaseModel]:
    """Return the shape of a view's rows, made of its columns."""
    columns: dict[str, Any] = {
        column.name: (_TYPES[column.form], Field(description=column.description))
        for column in VIEWS[view].columns
    }
    config = ConfigDict(from_attributes=True)
    return create_model(name, __doc__=f"A row of the view `{view}`.", __config__=config, **columns)


if TYPE_CHECKING:

    class EventBody(BaseModel):
        """As below, for the type checker."""

    class SweepBody(BaseModel):
        """As below, for the type checker."""

    class DayBody(BaseModel):
        """As below, for the type checker."""

else:
    EventBody = _shape("EventBody", "change_history")
    SweepBody = _shape("SweepBody", "sweep_history")
    DayBody = _shape("DayBody", "uptime_daily")


class OutageBody(BaseModel):
    """An outage, with the columns of the view `outage_history`; lengths are in seconds."""

    provider: str
    model: str
    began_at: Moment
    ended_at: Moment | None
    duration_s: float | None
    reason: str | None
    duration_so_far_s: float


Next = Annotated[str | None, Field(description="`cursor` of the page behind this one, null on the last")]


class EventsBody(Dated):
    """Events, as they are ordered."""

    events: list[EventBody]
    next: Next


class SweepsBody(Dated):
    """Sweeps, the newest first, running ones included."""

    sweeps: list[SweepBody]
    next: Next


class UptimeBody(Dated):
    """Days of models, by provider, model and day."""

    uptime: list[DayBody]
    next: Next


class StoryBody(Dated):
    """One model: what is known now, its latest changes and outages, the newest first."""

    model: ModelBody
    events: list[EventBody]
    outages: list[OutageBody]
