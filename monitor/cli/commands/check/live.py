"""`monitor check --live`: asks models now, as a sweep would."""

from collections.abc import Sequence
from dataclasses import fields

from monitor.app.tasks.sweep_now import check_live
from monitor.app.wiring.application import App
from monitor.cli.commands.check.answers import CheckedModel
from monitor.config import ProviderSettings
from monitor.core.domain.vocabulary import ANSWERED, Outcome, Verdict
from monitor.core.history.requirement import CheckAnswer
from monitor.errors import UsageError
from monitor.process import loop
from monitor.report.words.codes import answer_words, cause_words, reason_words, shown_id
from monitor.report.words.outcomes import outcome_words
from monitor.sweep import Checked as Probed


def checked(app: App, names: Sequence[str], providers: Sequence[str]) -> list[CheckedModel]:
    """Return what each model answers now; raises UsageError where it is open which provider to ask."""
    chosen = app.chosen(providers)
    asked = [_owner_and_id(name, chosen) for name in names]  # all of them, before the first request
    return [_checked(loop.run(check_live(app, provider, model))) for provider, model in asked]


def _owner_and_id(name: str, chosen: Sequence[ProviderSettings]) -> tuple[ProviderSettings, str]:
    if len(chosen) == 1:
        return chosen[0], name
    owner, _, model = name.partition("/")
    for provider in chosen:
        if provider.name == owner and model:
            return provider, model
    form = f"{chosen[0].name}/{shown_id(name)}"
    raise UsageError(f"several providers are configured; choose one with --provider, or write {form}")


def _checked(probed: Probed) -> CheckedModel:
    answer, trouble = _answer(probed)
    return CheckedModel(answer=answer, line=_line(probed), trouble=trouble, facts=_document(probed))


def _document(probed: Probed) -> dict[str, object]:
    """Return the observation's fields, and what a sweep would make of it."""
    document = {field.name: getattr(probed.observation, field.name) for field in fields(probed.observation)}
    verdict = Verdict.INCONCLUSIVE if probed.cause else Verdict.CONCLUSIVE
    more = {"provider": probed.provider, "listed": probed.is_listed}
    return {**document, **more, "verdict": verdict, "cause": probed.cause}


def _line(probed: Probed) -> str:
    observation = probed.observation
    place = "" if probed.is_listed else ", not in the catalog"
    why = answer_words(observation.reason, observation.served_as)
    if observation.outcome is Outcome.RATE_LIMITED:  # its words hold the HTTP status
        return f"{shown_id(observation.model)}: {outcome_words(observation)}: {why}{place}"
    answer = f"HTTP {observation.http_status}" if observation.http_status else "no response"
    return f"{shown_id(observation.model)}: {outcome_words(observation)} ({answer}: {why}){place}"


def _answer(probed: Probed) -> tuple[CheckAnswer, str]:
    """Return the answer, and where a sweep would say nothing of the model, why not."""
    observation, name = probed.observation, shown_id(probed.observation.model)
    if probed.cause:  # the account's or the provider's trouble says nothing of this model (rules.md 6)
        said = f": {shown_id(probed.detail)}" if probed.detail else ""
        words = f"{cause_words(probed.cause)} ({shown_id(probed.cause)}){said}"
        trouble = f"{name}: no verdict, because the failure concerns all of {probed.provider}: {words}"
        return CheckAnswer.UNKNOWN, trouble
    if observation.outcome == Outcome.UNKNOWN:
        said = f": {shown_id(observation.detail)}" if observation.detail else ""
        return CheckAnswer.UNKNOWN, f"{name}: no clear answer: {reason_words(observation.reason)}{said}"
    return (
        CheckAnswer.YES if observation.outcome in ANSWERED else CheckAnswer.NO
    ), ""  # rules.md 2: limited is hosted
