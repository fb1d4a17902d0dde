"""A summary as a message."""

from monitor.core.notification.message import Message
from monitor.core.summary.values import Summary
from monitor.report.layout.message import message_of
from monitor.report.summary.content import summary_content
from monitor.report.summary.document import summary_document
from monitor.report.summary.subject import summary_subject
from monitor.report.words.paths import Links


def summary_message(summary: Summary, *, id: str, links: Links | None = None) -> Message:  # noqa: A002
    """Return a summary as a message; its title fits a subject line."""
    document = {"topic": "summary", **summary_document(summary, links)}
    return message_of(id, summary_subject(summary), summary_content(summary, links), document)
