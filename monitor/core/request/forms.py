"""How a model can be asked: the route that may serve it, and what is changed in the plain request.

A form is remembered once it worked. Which words of a refusal ask for which change is in `adaptations.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from monitor.core.domain.vocabulary import Kind


class Route(StrEnum):
    """An endpoint that answers for models. Several may serve one kind."""

    CHAT = "chat"
    MESSAGES = "messages"  # Anthropic's own form of chat
    RESPONSES = "responses"
    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"
    RERANK = "rerank"
    MODERATIONS = "moderations"
    IMAGE = "image"
    SPEECH = "speech"


KIND_OF: Mapping[Route, Kind] = MappingProxyType(
    {
        Route.CHAT: Kind.CHAT,
        Route.MESSAGES: Kind.CHAT,
        Route.RESPONSES: Kind.CHAT,
        Route.COMPLETIONS: Kind.COMPLETIONS,
        Route.EMBEDDINGS: Kind.EMBEDDINGS,
        Route.RERANK: Kind.RERANK,
        Route.MODERATIONS: Kind.MODERATION,
        Route.IMAGE: Kind.IMAGE,
        Route.SPEECH: Kind.AUDIO,
    }
)
COSTLY = frozenset({Route.IMAGE, Route.SPEECH})  # asked only where the configuration allows what they cost


class RequestChange(StrEnum):
    """One thing that a request has differently from the plain one of its route."""

    MAX_COMPLETION_TOKENS = "max_completion_tokens"
    NO_TOKEN_LIMIT = "no_token_limit"  # noqa: S105 (a change of a request)
    MORE_TOKENS = "more_tokens"
    SYSTEM = "system"
    TEMPERATURE = "temperature"
    NO_THINKING = "no_thinking"
    INPUT_TYPE = "input_type"
    IMAGE = "image"
    IMAGE_ALONE = "image_alone"
    TOOLS = "tools"
    ASSISTANT_LAST = "assistant_last"
    STREAM = "stream"
    NO_STREAM = "no_stream"  # the very word was refused: the request says nothing of streams


# Changes of the same thing: the later one replaces the earlier.
_RIVALS: tuple[frozenset[RequestChange], ...] = (
    frozenset({RequestChange.MAX_COMPLETION_TOKENS, RequestChange.NO_TOKEN_LIMIT}),
    frozenset({RequestChange.MORE_TOKENS, RequestChange.NO_TOKEN_LIMIT}),
    frozenset({RequestChange.IMAGE, RequestChange.IMAGE_ALONE}),
    frozenset({RequestChange.STREAM, RequestChange.NO_STREAM}),
)


# Where a change finds something to change; elsewhere the request would go out again as it was.
_GENERATING = frozenset({Route.CHAT, Route.MESSAGES, Route.RESPONSES, Route.COMPLETIONS})
_IN_MESSAGES = frozenset({Route.CHAT})
_APPLIES: Mapping[RequestChange, frozenset[Route]] = MappingProxyType(
    {
        RequestChange.MAX_COMPLETION_TOKENS: frozenset({Route.CHAT, Route.COMPLETIONS}),
        RequestChange.NO_TOKEN_LIMIT: _GENERATING,
        RequestChange.MORE_TOKENS: _GENERATING,
        RequestChange.SYSTEM: _IN_MESSAGES,
        RequestChange.TEMPERATURE: _GENERATING,
        RequestChange.NO_THINKING: _GENERATING,
        RequestChange.INPUT_TYPE: frozenset({Route.EMBEDDINGS}),
        RequestChange.IMAGE: _IN_MESSAGES,
        RequestChange.IMAGE_ALONE: _IN_MESSAGES,
        RequestChange.TOOLS: frozenset({Route.CHAT, Route.RESPONSES}),
        RequestChange.ASSISTANT_LAST: _IN_MESSAGES,
        RequestChange.STREAM: _GENERATING,
        RequestChange.NO_STREAM: _GENERATING,
    }
)
_LIMITS = frozenset(
    {RequestChange.MAX_COMPLETION_TOKENS, RequestChange.NO_TOKEN_LIMIT, RequestChange.MORE_TOKENS}
)


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What a refusal asks for: changes to make, and changes to take back."""

    make: frozenset[RequestChange] = frozenset()
    undo: frozenset[RequestChange] = frozenset()


@dataclass(frozen=True, slots=True)
class RequestForm:
    """A route and the changes to its plain request, in the order of `RequestChange`."""

    route: Route
    changes: tuple[RequestChange, ...] = ()

    def adapted(self, adaptation: Adaptation) -> Self:
        """Return the adapted form; an equal one where this route has nothing to adapt."""
        kept = set(self.changes) - adaptation.undo
        for change in RequestChange:  # in the enumeration's order, so that equal forms are equal texts
            if change in adaptation.make and self._can_make(change):
                rivals = {rival for group in _RIVALS if change in group for rival in group}
                kept = (kept - rivals) | {change}
        if RequestChange.ASSISTANT_LAST in kept:  # a whole turn is judged, not continued: it has no limit
            kept -= _LIMITS
        return type(self)(self.route, tuple(change for change in RequestChange if change in kept))

    def _can_make(self, change: RequestChange) -> bool:
        """Whether a change finds something to change; without a limit there is already all the room."""
        is_limited = (
            change is not RequestChange.MORE_TOKENS or RequestChange.NO_TOKEN_LIMIT not in self.changes
        )
        return is_limited and self.route in _APPLIES[change]

    @property
    def kind(self) -> Kind:
        """The kind of model that answers in this form."""
        return KIND_OF[self.route]


PLAIN_CHAT = RequestForm(Route.CHAT)
