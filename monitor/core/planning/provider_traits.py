"""What a provider has of its own in how it lists its models and how they are asked: data, of a preset."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.core.request.forms import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """How one provider's models are asked.

    `routes` are tried in their order, the usual one first; costly ones only stand there if their cost is
    allowed. `paths` says where a route is if not at its usual place: a path under the base URL, or a whole
    address; `{model}` stands for the id, `{name_}` for its last part with `_` for `.`. `metadata` tells that
    `GET {base_url}/models/{id}` is free and says whether a model is there. `poll_header` carries the seconds
    the server may keep a request before it gives its own verdict; `status_path` is where an accepted request
    (202) is asked for, with `{id}`. `wants_input_type`: embeddings are asked with `input_type` first.

    Of the catalog (rules.md 40): `id_prefix` stands before its ids and not in requests; `cursor_parameter`
    continues a list after an id, None where the first page that moves tells; `kind_words` are what a row
    calls its kind here alone; `has_model_info`: `GET {base_url}/model/info` may know more of kinds.
    """

    routes: tuple[Route, ...] = (
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
