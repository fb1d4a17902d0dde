"""What a model's plan starts from: its catalog entry, what was learned of it, its provider's traits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.request.forms import RequestForm, Route


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """What one row says: when the model is to end, that it is on its way out, which route serves it.

    `retires_at` is aware UTC in whole milliseconds. `is_flagged` is a mark without a date. `route` is None
    where the row does not say, or nothing that is sure; `is_unaskable` says that it names a kind that no
    route asks, such as transcription. `owned_by` is its owner's name, `created` when it was made.
    """

    retires_at: datetime | None = None
    is_flagged: bool = False
    route: Route | None = None
    is_unaskable: bool = False
    owned_by: str | None = None
    created: datetime | None = None

    @property
    def says_kind(self) -> bool:
        """Whether the row says of which kind its model is."""
        return self.route is not None or self.is_unaskable


EMPTY_ENTRY = CatalogEntry()


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What to remember from sweep to sweep beside what the history holds.

    `form` is the form the model last answered in, or the one to go on from. `searched_at` is when every
    route said that the model is not there, None once one knew it; `searches` counts the sweeps since then.
    `wrong` are the routes that said so in a search which had to wait and could not end, begun at
    `wrong_since`.
    `looks` counts the sweeps in which only the metadata of a retired model were read, and `listed_status` is
    the HTTP status of the last metadata request, None before the first.
    """

    form: RequestForm | None = None
    searched_at: datetime | None = None
    searches: int = 0
    wrong: tuple[Route, ...] = ()
    wrong_since: datetime | None = None
    looks: int = 0
    listed_status: int | None = None


NOTHING_KNOWN = Knowledge()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTraits:
    """How one provider's models are asked.

    `routes` are tried in their order, the usual one first; costly ones only stand there if their cost is
    allowed. `paths` says where a route is if not at its usual place: a path under the base URL, or a whole
    address; `{model}` stands for the id, `{name_}` for its last part with `_` for `.`. `metadata` says that
    `GET {base_url}/models/{id}` is free and says whether a model is there. `poll_header` carries the seconds
    the server may keep a request before it gives its own verdict; `status_path` is where an accepted request
    (202) is asked for, with `{id}`. `wants_input_type`: embeddings are asked with `input_type` first.

    Of the catalog (rules.md 40): `id_prefix` stands before its ids and not in requests; `cursor_parameter`
    continues a list after an id, None where the first page that moves shows it; `kind_words` are what a row
    calls its kind here alone; `has_model_info`: `GET {base_url}/model/info` may know more of kinds.
    """

    routes: tuple[Route, ...] = (  # the usual one first; those that seldom serve anything last
        Route.CHAT,
        Route.EMBEDDINGS,
        Route.COMPLETIONS,
        Route.RESPONSES,
        Route.RERANK,
    )
    paths: Mapping[Route, str] = field(default_factory=dict)
    metadata: bool = False
    poll_header: str | None = None
    status_path: str | None = None
    wants_input_type: bool = False
    id_prefix: str = ""
    cursor_parameter: str | None = None
    kind_words: Mapping[str, Route] = field(default_factory=dict)
    has_model_info: bool = False
