"""What all tables share: their names' conventions, and how names of providers and models are compared."""

from sqlalchemy import MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Names are compared by code point on both databases (rules.md 26).
NAME = Text().with_variant(Text(collation="C"), "postgresql")
