"""Content as HTML for mail: inline styles, readable in dark mode, nothing loaded. Every word is escaped."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.report.layout.content import Content
from monitor.report.words.codes import shown_id


def as_html(content: Content) -> str:
    """Return a document as a whole HTML document, a short message as a piece of one."""
    template = _templates().get_template("mail.html" if content.title else "message.html")
    return template.render(content=content)


@cache
def _templates() -> Environment:
    return templates_of("monitor.report.layout")


def templates_of(package: str) -> Environment:
    """Return the templates of a package, which escape every value; `shown` makes an id readable."""
    templates = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["shown"] = shown_id
    return templates
