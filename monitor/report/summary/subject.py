"""The subject of a summary's message: the date, then what needs the reader, in at most 78 characters.

78 is what RFC 5322 (2.1.1) recommends for a line; inboxes show about as much of a subject.
"""

from calendar import monthrange
from collections.abc import Iterator
from typing import Final

from monitor.core.history.calendar import Span
from monitor.core.summary.values import ProviderSummary, Summary
from monitor.report.summary.counts import by_urgency, changes, open_causes
from monitor.report.summary.favourites import favourite_news
from monitor.report.summary.standing import standing_words
from monitor.report.words.codes import shown_id

LONGEST_SUBJECT: Final = 78
_MORE: Final = ", and more"


def summary_subject(summary: Summary) -> str:
    """Return `2026-04-24 nvidia: 2 models were retired, 2 went down, and more`.

    A trouble of the provider that is over is not in it.
    """
    words, pieces = _days(summary.span), list(_pieces(summary))
    for place, piece in enumerate(pieces):
        room = LONGEST_SUBJECT - (len(_MORE) if place < len(pieces) - 1 else 0)
        if len(words) + len(piece) > room:
            # what does not fit is less urgent than what is there
            return f"{words}{_MORE}" if place else _cut(f"{words}{piece}")
        words += piece
    return words


def _days(span: Span) -> str:
    """`2026-04-06`, `2026-04` of a whole month, `2026-04-06 to 2026-04-12`."""
    if span.days == 1:
        return str(span.first)
    is_month = span.first.day == 1 and span.days == monthrange(span.first.year, span.first.month)[1]
    return f"{span.first:%Y-%m}" if is_month else f"{span.first} to {span.last}"


def _pieces(summary: Summary) -> Iterator[str]:
    """Give the parts of the subject, each with what separates it from the part before."""
    separator = " "
    for channel, number in sorted(summary.undelivered.items()):
        yield f"{separator}{number:,} undelivered to {shown_id(channel)}"
        separator = "; "
    for part in by_urgency(summary):
        first, *others = _words(part, summary)
        yield f"{separator}{shown_id(part.provider)}: {first}"
        yield from (f", {words}" for words in others)
        separator = "; "
    if not summary.providers:
        yield f"{separator}no provider is watched"


def _words(part: ProviderSummary, summary: Summary) -> list[str]:
    words = [*open_causes(part), *favourite_news(part), *changes(part, summary, is_short=True)]
    return words or standing_words(part).split(", ")


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST_SUBJECT else f"{words[: LONGEST_SUBJECT - 1].rstrip()}…"
