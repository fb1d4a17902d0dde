"""The group `monitor db` and its commands."""

import click

from monitor.cli.commands.db.backup import backup
from monitor.cli.commands.db.check import check_database
from monitor.cli.commands.db.copy import copy
from monitor.cli.commands.db.grant import grant
from monitor.cli.commands.db.prune import prune
from monitor.cli.commands.db.rebuild import rebuild
from monitor.cli.commands.db.restore import restore
from monitor.cli.commands.db.upgrade import upgrade
from monitor.cli.commands.db.void import void


@click.group(commands=[backup, check_database, copy, grant, prune, rebuild, restore, upgrade, void])
def db() -> None:
    """Maintain the database: schema, integrity, derived rows, old observations.

    Example: monitor db upgrade
    """
