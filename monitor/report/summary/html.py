"""A summary as HTML for mail: tables and inline styles, readable in dark mode, nothing loaded."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from monitor.core.summary.values import Summary
from monitor.report.summary.links import Links
from monitor.report.summary.words import told
from monitor.report.words.codes import shown_id


def summary_html(summary: Summary, links: Links | None = None, *, foot: str = "") -> str:
    """Return a summary as a whole HTML document; `foot` is its last line."""
    return _template().render(story=told(summary), span=summary.span, links=links, foot=foot)


@cache
def _template() -> Template:
    templates = Environment(
        loader=PackageLoader("monitor.report.summary"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["shown"] = shown_id
    return templates.get_template("mail.html")
