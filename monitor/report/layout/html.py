"""Content as HTML for mail: inline styles, readable in dark mode, nothing loaded. Every word is escaped."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.report.layout.content import Content
from monitor.report.words.codes import shown_id


def as_html(content: Content) -> str:
    """Return a document as a whole HTML document, a short message as a piece of one."""
    template = _templates().get_template("mail.html" if content.title else "message.html")
    return template.render(content=content)


@cache  # compiled once: a template takes some milliseconds
def _templates() -> Environment:
    return templates_of("monitor.report.layout")


def templates_of(package: str) -> Environment:
    """Return the templates of a package, which escape every value; `shown` makes an id readable."""
    templates = Environment(  # package loader: the templates are in the wheel
        loader=PackageLoader(package),
        autoescape=True,  # ids and details come from outside
        auto_reload=False,  # templates do not change while the program runs
        undefined=StrictUndefined,  # a misspelt name raises instead of showing nothing
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["shown"] = shown_id
    return templates
