"""A provider whose every model answers by a script of its own: by endpoint, request and time."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.demo import World
from monitor.demo.answers import PAGE_NOT_FOUND, CannedAnswer, as_json, problem
from monitor.demo.behaviours import Body

Says = CannedAnswer | Callable[[Body], CannedAnswer] | Sequence[CannedAnswer]

OK = as_json({"object": "chat.completion", "choices": [{"message": {"content": "Hello"}}]})
TEXT = as_json({"object": "text_completion", "choices": [{"index": 0, "text": " there"}]})
VECTOR = as_json({"object": "list", "data": [{"embedding": [0.1], "index": 0}]})
SCORES = as_json({"results": [{"index": 0, "relevance_score": 0.1}]})
RESPONSE = as_json({"object": "response", "output": [{"type": "message"}], "status": "incomplete"})
NOT_FOR_ACCOUNT = problem(404, "Not Found", "Function 'f-1': Not found for account 'acc'")
NO_WORKER = CannedAnswer(504, headers={"nvcf-status": "errored", "nvcf-reqid": "r-1"})
DEGRADED = problem(400, "Bad Request", "Function id 'f-1': DEGRADED function cannot be invoked")
BROKEN = problem(500, "Internal Server Error", "boom")
PAGE = CannedAnswer(200, "<!doctype html><html><title>Sign in</title></html>", "text/html")
NOT_HERE = PAGE_NOT_FOUND


def complaint(message: str, status: int = 400, **more: object) -> CannedAnswer:
    """Refuse as OpenAI words it."""
    return as_json({"error": {"message": message, **more}}, status)


def unless(word: str, refusal: CannedAnswer, answer: CannedAnswer = OK) -> Callable[[Body], CannedAnswer]:
    """Refuse until the request holds a word, as a name or a value."""
    return lambda body: answer if f'"{word}"' in json.dumps(body) else refusal


def if_without(word: str, refusal: CannedAnswer, answer: CannedAnswer = OK) -> Callable[[Body], CannedAnswer]:
    """Refuse as long as the request holds a word."""
    return lambda body: refusal if f'"{word}"' in json.dumps(body) else answer


@dataclass(frozen=True, kw_only=True)
class ScriptedWorld(World):
    """`says` maps a model to what its endpoints say, `about` to its metadata, `row_of` to more of its row.

    A sequence of answers is given one after the other, the last one again and again. An endpoint without a
    script does not know the model. `polled` is what is said of accepted requests, in turn. `catalog_says`
    stands in the place of the list, `places` are what else can be read.
    """

    says: Mapping[str, Mapping[str, Says]] = field(default_factory=dict)
    about: Mapping[str, CannedAnswer] = field(default_factory=dict)
    row_of: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    polled: list[CannedAnswer] = field(default_factory=list)
    catalog_says: CannedAnswer | None = None
    places: Mapping[str, CannedAnswer] = field(default_factory=dict)

    def serves(self, endpoint: str) -> bool:
        """Serve whatever some model has a script for."""
        return any(endpoint in endpoints for endpoints in self.says.values())

    def status(self, request: str) -> CannedAnswer:
        """Return the next answer to whoever asks for an accepted request, the last one again and again."""
        del request
        return (
            self.polled.pop(0) if len(self.polled) > 1 else self.polled[0] if self.polled else PAGE_NOT_FOUND
        )

    def probe(self, endpoint: str, model: str, body: Body, *, requests_before: int = 0) -> CannedAnswer:
        """Return what the script says."""
        told = self.says.get(model, {}).get(endpoint, PAGE_NOT_FOUND)
        if isinstance(told, CannedAnswer):
            return told
        if callable(told):
            return told(body)
        return told[min(requests_before, len(told) - 1)]

    def metadata(self, model: str) -> CannedAnswer:
        """Return what the model's metadata are."""
        return self.about.get(model, as_json({"id": model, "object": "model"}))

    def elsewhere(self, place: str) -> CannedAnswer:
        """Return what is to be read there."""
        return self.places.get(place, PAGE_NOT_FOUND)

    def listing(self, base_url: str, query: Mapping[str, str]) -> CannedAnswer:
        """List the models with their rows."""
        del base_url, query
        if self.catalog_says:
            return self.catalog_says
        rows = [{"id": model, "object": "model", **self.row_of.get(model, {})} for model in self.listed]
        return as_json({"object": "list", "data": rows})


def scripted(says: Mapping[str, Mapping[str, Says]], **more: object) -> ScriptedWorld:
    """Return a world that lists just these models."""
    return ScriptedWorld(listed=tuple(says), says=says, **more)  # type: ignore[arg-type]
