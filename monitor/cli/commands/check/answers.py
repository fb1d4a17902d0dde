"""Prints what was checked, model by model, and says it all by one exit code."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.cli.terminal.output import note, print_json, say
from monitor.core.history.requirement import CheckAnswer, all_of, any_of
from monitor.errors import NoVerdict

_CODES: Final = {CheckAnswer.YES: 0, CheckAnswer.NO: 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedModel:
    """The answer for one model.

    `line` is printed where there is one, `trouble` says why nothing is known, `facts` are what JSON shows.
    """

    answer: CheckAnswer
    line: str
    trouble: str
    facts: dict[str, object]


def exit_code(checked: Sequence[CheckedModel], *, is_any: bool, as_json: bool, is_one: bool) -> int:
    """Print every answer and return the code for all of them; raises NoVerdict where that is unknown."""
    if as_json:
        documents = [{**one.facts, "answer": one.answer, "why": one.trouble or None} for one in checked]
        print_json(documents[0] if is_one else documents)
    else:
        for one in checked:
            if one.line:
                say(one.line)
    if not checked:
        raise NoVerdict(
            "no model to check: none that is not retired is of this kind and provider; "
            "`monitor status` prints the kinds"
        )
    answers = [one.answer for one in checked]
    answer = any_of(answers) if is_any else all_of(answers)
    troubles = [one.trouble for one in checked if one.trouble]
    if answer is CheckAnswer.UNKNOWN:
        raise NoVerdict("\n".join(dict.fromkeys(troubles)))
    for words in dict.fromkeys(troubles):
        note(f"note: {words}")
    return _CODES[answer]
