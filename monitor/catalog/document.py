"""The JSON of a model list, read strictly: what is ambiguous is marked, and its reader decides."""

import json
from typing import Final, NoReturn

WEB_PAGE: Final = "the answer is a web page, not JSON"
_MOST_VALUES = 4_000_000  # measured in the text before it is parsed: objects take many times its size


class Unreadable(ValueError):
    """A page that cannot be believed; the message says why."""


class Ambiguous:
    """What stands where an object repeats a name with another value (rules.md 40: unread ones do no harm)."""


AMBIGUOUS: Final = Ambiguous()


def parse_json(text: str) -> object:
    """Parse strictly: no NaN, no harmful depth or amount. Raises Unreadable.

    A name that an object repeats has its value where all are equal, else `AMBIGUOUS`.
    """
    # each value has one of these marks before it; texts may hold more, which counts against them
    if sum(text.count(mark) for mark in "[{,") > _MOST_VALUES:
        raise Unreadable(f"the answer holds more than {_MOST_VALUES:,} values")
    try:
        document: object = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("the answer is nested too deeply") from None
    except json.JSONDecodeError:
        raise Unreadable(_not_json(text)) from None
    except ValueError:
        raise Unreadable("the answer holds a number of too many digits") from None
    return document


def unambiguous(value: object, name: str) -> object:
    """Return a value that is read; raises Unreadable where its object holds the name with several values."""
    if value is AMBIGUOUS:
        raise Unreadable(f'the answer is ambiguous: an object holds "{name}" twice')
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):  # only a repeated name costs the loop
        for name, value in pairs:
            if fields[name] is not AMBIGUOUS and fields[name] != value:
                fields[name] = AMBIGUOUS
    return fields


def _no_constant(name: str) -> NoReturn:
    raise Unreadable(f"the answer is not JSON: it holds {name}")


def _not_json(text: str) -> str:
    if not text.strip():
        return "the answer is empty"
    is_page = text[:200].lstrip().lower().startswith(("<!doctype", "<html"))
    return WEB_PAGE if is_page else "the answer is not JSON"
