"""How a model can be asked: the route that may serve it, and what is changed in the plain request.

A form is what is remembered once it worked. Which words of a refusal ask for which change is in `wishes.py`.
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


class Change(StrEnum):
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
_RIVALS: tuple[frozenset[Change], ...] = (
    frozenset({Change.MAX_COMPLETION_TOKENS, Change.NO_TOKEN_LIMIT}),
    frozenset({Change.MORE_TOKENS, Change.NO_TOKEN_LIMIT}),
    frozenset({Change.IMAGE, Change.IMAGE_ALONE}),
    frozenset({Change.STREAM, Change.NO_STREAM}),
)


# Where a change finds something to change; elsewhere the request would go out again as it was.
_GENERATING = frozenset({Route.CHAT, Route.MESSAGES, Route.RESPONSES, Route.COMPLETIONS})
_IN_MESSAGES = frozenset({Route.CHAT})
_APPLIES: Mapping[Change, frozenset[Route]] = MappingProxyType(
    {
        Change.MAX_COMPLETION_TOKENS: frozenset({Route.CHAT, Route.COMPLETIONS}),
        Change.NO_TOKEN_LIMIT: _GENERATING,
        Change.MORE_TOKENS: _GENERATING,
        Change.SYSTEM: _IN_MESSAGES,
        Change.TEMPERATURE: _GENERATING,
        Change.NO_THINKING: _GENERATING,
        Change.INPUT_TYPE: frozenset({Route.EMBEDDINGS}),
        Change.IMAGE: _IN_MESSAGES,
        Change.IMAGE_ALONE: _IN_MESSAGES,
        Change.TOOLS: frozenset({Route.CHAT, Route.RESPONSES}),
        Change.ASSISTANT_LAST: _IN_MESSAGES,
        Change.STREAM: _GENERATING,
        Change.NO_STREAM: _GENERATING,
    }
)
_LIMITS = frozenset({Change.MAX_COMPLETION_TOKENS, Change.NO_TOKEN_LIMIT, Change.MORE_TOKENS})


@dataclass(frozen=True, slots=True)
class Wish:
    """What a refusal asks to be different: changes to make, and changes to take back."""

    make: frozenset[Change] = frozenset()
    undo: frozenset[Change] = frozenset()


@dataclass(frozen=True, slots=True)
class Form:
    """A route and the changes to its plain request, in the order of `Change`."""

    route: Route
    changes: tuple[Change, ...] = ()

    def granting(self, wish: Wish) -> Self:
        """Return the form with a wish granted; an equal one where this route has nothing to grant."""
        kept = set(self.changes) - wish.undo
        for change in Change:
            if change in wish.make and self._can_make(change):
                rivals = {rival for group in _RIVALS if change in group for rival in group}
                kept = (kept - rivals) | {change}
        if Change.ASSISTANT_LAST in kept:  # a whole turn is judged, not continued: it has no limit
            kept -= _LIMITS
        return type(self)(self.route, tuple(each for each in Change if each in kept))

    def _can_make(self, change: Change) -> bool:
        """Whether a change finds something to change; without a limit there is already all the room."""
        is_limited = change is not Change.MORE_TOKENS or Change.NO_TOKEN_LIMIT not in self.changes
        return is_limited and self.route in _APPLIES[change]

    @property
    def kind(self) -> Kind:
        """The kind of model that answers in this form."""
        return KIND_OF[self.route]


PLAIN_CHAT = Form(Route.CHAT)
