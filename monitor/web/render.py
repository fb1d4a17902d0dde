"""Templates to HTML, with every text from outside escaped and the page's one style allowed by its hash."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Final

from jinja2 import Environment

from monitor.core.domain.percentages import percent_words
from monitor.core.history.rows import ModelStory
from monitor.core.summary.values import Summary
from monitor.report.layout.html import templates_of
from monitor.report.summary.calendar import day_line
from monitor.report.summary.content import summary_content
from monitor.report.words.codes import cause_words, reason_words
from monitor.report.words.outcomes import busy_words, reason_now
from monitor.report.words.paths import Links, changes_path, model_path
from monitor.report.words.times import ago, coarse_duration, iso_millis, moment_words
from monitor.web.cache.kept_answer import KeptAnswer
from monitor.web.headers import STRICTEST
from monitor.web.notices import NoticesNow, no_notices
from monitor.web.status_page import StatusPage, WordedChange

_SECOND: Final = timedelta(seconds=1)
_HTML: Final = "text/html; charset=utf-8"
# what stands between them is replaced on a page that is old; texts from outside are escaped
_NOTICES_BEGIN, _NOTICES_END = b'<div id="notices">', b"</div>"


@dataclass(frozen=True, slots=True)
class Pages:
    """The rendered pages: `status` and `fault` return HTML, to be sent with `policy` as its CSP."""

    templates: Environment
    policy: str
    notices: NoticesNow

    def status(self, page: StatusPage) -> str:
        """Render the status page."""
        return self.templates.get_template("page.html").render(page=page, now=page.now)

    def model(
        self,
        story: ModelStory,
        changes: Sequence[WordedChange],
        now: datetime,
        *,
        is_watched: bool,
        is_busy: bool = False,
        notices: Sequence[str] = (),
    ) -> str:
        """Render one model's page, `notices` first; `is_watched` says whether its provider still is."""
        return self.templates.get_template("model.html").render(
            story=story,
            changes=changes,
            now=now,
            is_watched=is_watched,
            is_busy=is_busy,
            notices=notices,
        )

    def days(self, days: Mapping[date, Mapping[str, int]], timezone: str, days_listed: int) -> str:
        """Render the list of days on which something changed, each with its events by kind."""
        template = self.templates.get_template("days.html")
        return template.render(days=days, timezone=timezone, days_listed=days_listed)

    def day(self, summary: Summary, before: date | None, after: date | None) -> str:
        """Render the summary of a day, with links to the days around it where there are such."""
        template = self.templates.get_template("day.html")
        return template.render(content=summary_content(summary, Links("")), before=before, after=after)

    def body(self, page: str) -> KeptAnswer:
        """Return a rendered page as an answer."""
        own = {"Content-Security-Policy": self.policy}
        content = page.encode("utf-8", "replace")
        return KeptAnswer(content=content, media_type=_HTML, headers=own, mark=self._marked)

    def _marked(self, body: KeptAnswer, words: str) -> KeptAnswer:
        """Return a page that begins with these words, and with the other notices of now."""
        others = [notice.words for notice in self.notices() if not notice.is_trouble]
        notices = self.templates.get_template("notices.html").render(sentences=[words, *others])
        head, _, rest = body.content.partition(_NOTICES_BEGIN)
        _, _, tail = rest.partition(_NOTICES_END)
        return replace(body, content=head + notices.encode("utf-8", "replace") + tail)

    def fault(self, title: str, message: str) -> str:
        """Render a page that only says what is wrong."""
        return self.templates.get_template("fault.html").render(title=title, message=message)


def load_pages(note: str = "", notices: NoticesNow = no_notices) -> Pages:
    """Load the templates of the package; each page begins with `note` and the `notices` of its moment."""
    templates = templates_of("monitor.web")
    templates.globals["note"] = note
    templates.globals["notices_now"] = notices
    templates.filters.update(
        ago=ago,
        busy=busy_words,
        age=lambda start, end: coarse_duration(end - start),
        cause=cause_words,
        day=lambda moment: f"{moment:%Y-%m-%d}",
        day_line=day_line,
        day_path=changes_path,
        iso=iso_millis,
        # a thin space that does not break
        latency=lambda ms: "–" if ms is None else f"{ms:,} ms".replace(",", "\u202f"),
        length_of=coarse_duration,
        model_path=lambda line: model_path(line.provider, line.model),
        percent=partial(percent_words, otherwise="–"),
        until=_until,
        utc=moment_words,
        reason_now=lambda row, is_busy: reason_now(row, is_busy=is_busy),
        why=reason_words,
    )
    return Pages(templates, _policy(templates.get_template("page.css").render()), notices)


def _policy(style: str) -> str:
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return f"{STRICTEST}; style-src 'sha256-{digest}'; img-src data:"


def _until(moment: datetime | None, now: datetime) -> str:
    if moment is None or moment - now < _SECOND:  # a second: rounding would say "in about 0 s"
        return "is due"
    return f"in about {coarse_duration(moment - now)}"
