"""Neither facts nor derived: what the prober learned, what operators said, what was sent.

No export carries these and a rebuild leaves them alone: the history is whole without them, and nothing is
sent twice.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text

from monitor.store.schema.naming import metadata

knowledge = Table(
    "knowledge",
    metadata,
    Column("model_id", ForeignKey("model.id"), primary_key=True),
    Column(
        "document", Text, nullable=False
    ),  # core/planning/knowledge.py as JSON, what is at its default left out
)

acceptance = Table(  # a provider whose next conclusive sweep is to believe what it sees (rules.md 11)
    "acceptance",
    metadata,
    Column("provider_id", ForeignKey("provider.id"), primary_key=True),
    Column("accepted_at", BigInteger, nullable=False),
)

delivery = Table(  # the outbox: a message to a channel, until it is delivered or given up
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("subject", Text, nullable=False),  # with channel and topic what it is about: never posted twice
    Column("document", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("claimed_by", Text),
    Column("claimed_until", BigInteger),
    Column("delivered_at", BigInteger),
    Column("given_up_at", BigInteger),
    Column("error", Text),
    UniqueConstraint("channel", "topic", "subject"),
    Index(None, "channel", "delivered_at"),
    sqlite_autoincrement=True,  # a deleted message's number must not name another one
)
_IS_PENDING = delivery.c.delivered_at.is_(None) & delivery.c.given_up_at.is_(None)
Index(
    "ix_delivery_pending",
    delivery.c.channel,
    delivery.c.due_at,
    sqlite_where=_IS_PENDING,  # only what waits: delivered messages stay, and are many more
    info={"postgresql": {"where": _IS_PENDING}},
)

telling = Table(  # core/notification/suppression.py: what of a provider was kept from people, as JSON
    "telling",
    metadata,
    Column("provider_id", ForeignKey("provider.id"), primary_key=True),
    Column("document", Text, nullable=False),
)
