"""What the prober learned of one model. Losing it costs requests, never the truth of the history."""

from dataclasses import dataclass
from datetime import datetime

from monitor.core.request.forms import Form, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What to remember from sweep to sweep beside what the history holds.

    `form` is the form the model last answered in, or the one to go on from. `searched_at` is when every
    route said that the model is not there, None once one knew it; `searches` counts the sweeps since then.
    `wrong` are the routes that said so in a search which had to wait and could not end, begun at
    `wrong_since`.
    `looks` counts the sweeps in which a retired model was only looked up, and `listed_status` is the HTTP
    status of the last metadata request, None before the first.
    """

    form: Form | None = None
    searched_at: datetime | None = None
    searches: int = 0
    wrong: tuple[Route, ...] = ()
    wrong_since: datetime | None = None
    looks: int = 0
    listed_status: int | None = None


NOTHING_KNOWN = Knowledge()
