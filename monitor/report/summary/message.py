"""A summary as a message, in every form a channel may want."""

from monitor.core.notification.message import Message
from monitor.core.summary.values import Summary
from monitor.report.summary.counts import headline
from monitor.report.summary.document import summary_document
from monitor.report.summary.html import summary_html
from monitor.report.summary.links import Links
from monitor.report.summary.markdown import summary_markdown
from monitor.report.summary.text import summary_text


def summary_message(summary: Summary, *, id: str, links: Links | None = None) -> Message:  # noqa: A002 - the field's own name
    """Return a summary as a message whose id stands at the foot of each form."""
    span, foot = summary.span, f"Message {id}"
    days = str(span.first) if span.days == 1 else f"{span.first} to {span.last}"
    return Message(
        id=id,
        title=f"{headline(summary)} ({days})",
        text=summary_text(summary, links, foot=foot),
        markdown=summary_markdown(summary, links, foot=foot),
        html=summary_html(summary, links, foot=foot),
        document={"id": id, "topic": "summary", **summary_document(summary, links)},
    )
