"""Shapes of the JSON answers; they are also their description in /openapi.json."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, create_model

from monitor.core.history.rows import ModelRow
from monitor.report.words.times import iso_millis
from monitor.web.cache.kept_answer import KeptAnswer

PROBLEM_JSON: Final = "application/problem+json"
Moment = Annotated[datetime, PlainSerializer(iso_millis), Field(json_schema_extra={"format": "date-time"})]
_SHOWN: Final = {datetime: Moment, datetime | None: Moment | None}  # what a body writes in a way of its own


class _Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


if TYPE_CHECKING:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class ModelBody(ModelRow):
        """As below, for the type checker."""

        watched: bool

else:
    ModelBody = create_model(
        "ModelBody",
        __base__=_Row,
        __doc__="One model, with the columns of the view `model_status`; `uptime_30d` in percent.",
        **{name: (_SHOWN.get(hint, hint), ...) for name, hint in get_type_hints(ModelRow).items()},
        watched=(bool, ...),
    )


def model_body(row: ModelRow, *, is_watched: bool) -> ModelBody:
    """Return a row as its body."""
    columns: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(row)}
    return ModelBody(**columns, watched=is_watched)


class Dated(_Row):
    """A body that can be old; `notice` then says so and why, else it is left out."""

    notice: str | None = None

    def as_old(self, words: str) -> Self:
        """Return it as what may be out of date."""
        return self.model_copy(update={"notice": words})


def json_body(body: Dated, status: int = 200, *, old_status: int = 200) -> KeptAnswer:
    """Return a body as an answer; `old_status` is its status once it is old."""
    content = body.model_dump_json(exclude={"notice"}).encode()
    mark = partial(_marked, type(body), old_status)
    return KeptAnswer(content=content, media_type="application/json", status=status, mark=mark)


def _marked(shape: type[Dated], status: int, body: KeptAnswer, words: str) -> KeptAnswer:
    old = shape.model_validate_json(body.content).as_old(words)
    return replace(body, content=old.model_dump_json().encode(), status=status)


class ProviderBody(_Row):
    """How fresh the knowledge of one provider is; `max_age_s` is null where it is not watched."""

    provider: str
    watched: bool
    stale: bool
    last_conclusive_at: Moment | None
    max_age_s: float | None


class ModelsBody(Dated):
    """All models asked for, by provider and id, and how fresh that knowledge is."""

    at: Moment
    providers: list[ProviderBody]
    models: list[ModelBody]

    def as_old(self, words: str) -> Self:
        """Return it with every provider stale."""
        stale = [provider.model_copy(update={"stale": True}) for provider in self.providers]
        return super().as_old(words).model_copy(update={"providers": stale})


class AnsweringModel(_Row):
    """A model as OpenAI lists it; available since `created`, `owned_by` its first provider by name."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    providers: list[str]


class AnsweringBody(Dated):
    """The models available now, as OpenAI lists them, with what says how far to trust it."""

    object: Literal["list"] = "list"
    data: list[AnsweringModel]
    stale: bool
    stale_providers: list[str]

    def as_old(self, words: str) -> Self:
        """Return it as stale, with all that its models are of."""
        owners = {name for model in self.data for name in model.providers}
        names = sorted({*owners, *self.stale_providers})
        return super().as_old(words).model_copy(update={"stale": True, "stale_providers": names})


class SelectedBody(_Row):
    """A model worth calling; its figures are of the window asked for, in percent and milliseconds."""

    provider: str
    model: str
    kind: str
    uptime_percent: float
    coverage_percent: float | None
    latency_p50_ms: int | None
    checks: int
    proven: bool
    reasons: list[str]


class PassedOverBody(_Row):
    """An available model that is not chosen, and why."""

    provider: str
    model: str
    reason: str


class SelectBody(Dated):
    """The models to call, the first choice first, and how far to trust that."""

    models: list[SelectedBody]
    passed_over: list[PassedOverBody]
    stale: bool
    stale_providers: list[str]

    def as_old(self, words: str) -> Self:
        """Return it as stale."""
        owners = {model.provider for model in self.models}
        names = sorted({*owners, *self.stale_providers})
        return super().as_old(words).model_copy(update={"stale": True, "stale_providers": names})


class HealthBody(_Row):
    """Whether the process works; "stuck" where the daemon has stood still for half a minute."""

    status: Literal["ok", "stuck"] = "ok"


class WindowBody(_Row):
    """A maintenance window that is running; `provider` and `models` are patterns."""

    provider: str
    models: list[str]
    began_at: Moment
    ends_at: Moment


class ReadyBody(_Row):
    """Whether the monitor does its work, and if not, why; what else is to be known; and running windows."""

    status: Literal["ready", "not ready"]
    reasons: list[str]
    notices: list[str] = []
    maintenance: list[WindowBody] = []


class Error(_Row):
    """What is wrong with a request or with the monitor."""

    message: str
    type: str


class ErrorBody(_Row):
    """An error, in the shape OpenAI's clients understand."""

    error: Error


class ProblemBody(_Row):
    """An error as a problem document (RFC 9457), and beside it as OpenAI's clients understand it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    error: Error
