"""Which route a model's name speaks of: an order of attempts, never a verdict (provider facts 2.5)."""

import re

from monitor.core.request.forms import COSTLY, Route

_HINTS: tuple[tuple[re.Pattern[str], Route], ...] = tuple(
    (re.compile(pattern), route)
    for pattern, route in (
        (r"rerank|ranking", Route.RERANK),
        (r"embed|\bbge\b|\be5\b|\bgte\b|nvclip|retriever|sentence|minilm", Route.EMBEDDINGS),
        (r"moderation", Route.MODERATIONS),
        (r"whisper|\btts\b|speech|audio|voice|parakeet|canary", Route.SPEECH),
        (r"dall-e|image|flux|stable-diffusion|\bsdxl?\b|imagen", Route.IMAGE),
        (r"starcoder|\bbase\b|\binstruct-v0|davinci|babbage|codestral|-coder-|mixtral-8x22b-v0|gemma-2b\b",
         Route.COMPLETIONS),
        (r"-pro\b|codex|deep-research|computer-use", Route.RESPONSES),
    )
)  # fmt: skip


def in_order(model: str, routes: tuple[Route, ...], declared: Route | None = None) -> tuple[Route, ...]:
    """Return the routes in the order they are best tried: the one that name or catalog speaks of first."""
    named = [route for pattern, route in _HINTS if pattern.search(model.lower())]
    spoken_of = [route for route in (declared, *named) if route in routes]
    return tuple(dict.fromkeys((*spoken_of, *routes)))


_FILMS_AND_MUSIC = re.compile(r"\bveo\b|video|lyria|music|\blive\b")


def is_costly(model: str) -> bool:
    """Whether a name speaks of pictures, sound or films, which are not asked for unless they may cost."""
    named = {route for pattern, route in _HINTS if pattern.search(model.lower())}
    return bool(named & COSTLY) or _FILMS_AND_MUSIC.search(model.lower()) is not None


_NAMED: tuple[tuple[re.Pattern[str], Route], ...] = (
    (re.compile(r"\bresponses\b"), Route.RESPONSES),
    (re.compile(r"\bembeddings?\b"), Route.EMBEDDINGS),
    (re.compile(r"\brerank"), Route.RERANK),
    (re.compile(r"(?<!chat/)\bcompletions\b"), Route.COMPLETIONS),
)


def named_in(text: str) -> Route | None:
    """Return the endpoint that a refusal names as the right one: "use the embeddings endpoint"."""
    return next((route for pattern, route in _NAMED if pattern.search(text.lower())), None)
