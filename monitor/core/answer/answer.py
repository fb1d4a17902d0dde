"""One answer to a probe: the form of the request, what the answer says, and what was measured."""

from dataclasses import KW_ONLY, dataclass
from datetime import datetime

from monitor.core.answer.classify import Finding, classify
from monitor.core.answer.exchange import Exchange
from monitor.core.answer.facts import read_facts
from monitor.core.answer.stream import tokens_per_s
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.request.forms import RequestForm

_WAITING = frozenset({429, 503, 529})  # whose wait is heeded, beside that of a limit under any status


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request to one model gave.

    `at_ms` is when the answer came, in the sweep. `rest_s` is how long this model asks not to be asked, 0
    where it names no wait; `is_used_up` says that of an allowance of ours nothing remains (rules.md 7).
    `requests` counts the polls too.
    """

    form: RequestForm
    finding: Finding
    _: KW_ONLY
    at_ms: int = 0
    http_status: int | None = None
    latency_ms: int | None = None
    first_token_ms: int | None = None
    tokens_per_s: float | None = None
    rest_s: float = 0.0
    is_used_up: bool = False
    requests: int = 1

    def observation(
        self, model: str, *, kind: str = Kind.UNKNOWN, attempts: int = 1, announced: datetime | None = None
    ) -> Observation:
        """Return what the answer says as an observation.

        `kind` is the one known before, `announced` the end that the catalog names: it counts until an
        end-of-life answer names the date, since the catalog has it every time.
        """
        finding = self.finding
        is_ended = finding.reason is Reason.END_OF_LIFE
        return Observation(
            model=model,
            outcome=finding.outcome,
            reason=finding.reason,
            at_ms=self.at_ms,
            kind=finding.proves or kind,
            http_status=self.http_status,
            latency_ms=self.latency_ms,
            attempts=attempts,
            # the catalog names its date every time, an answer once: it must not alternate (decisions 0019)
            retires_at=finding.retires_at if is_ended else announced or finding.retires_at,
            detail=finding.detail,
            first_token_ms=self.first_token_ms,
            tokens_per_s=self.tokens_per_s,
            served_as=finding.served_as,
        )


def read_answer(
    exchange: Exchange,
    form: RequestForm,
    model: str,
    *,
    now: datetime,
    at_ms: int,
    listed: bool = True,
    secrets: tuple[str, ...] = (),
    requests: int = 1,
) -> Answer:
    """Read what came back for a request in this form. Never raises, whatever the server sent.

    `now` dates a `Retry-After`. `model` is taken out of the text before patterns are looked for, as ids are
    full of words like `guard`, `image` and `system`; `listed` says whether the catalog has it. `secrets` are
    kept out of the detail.
    """
    facts = read_facts(exchange, now=now, model=model, listed=listed)
    finding = classify(facts, form.route, model, secrets)
    is_waiting = exchange.http_status in _WAITING or finding.outcome is Outcome.RATE_LIMITED
    return Answer(
        form,
        finding,
        at_ms=at_ms,
        http_status=exchange.http_status,
        latency_ms=exchange.latency_ms,
        first_token_ms=exchange.sign_ms,
        tokens_per_s=tokens_per_s(
            exchange.body, first_token_ms=exchange.sign_ms, latency_ms=exchange.latency_ms
        ),
        rest_s=(facts.wait.stated_s or 0.0) if is_waiting else 0.0,
        is_used_up=facts.wait.is_used_up,
        requests=requests,
    )
