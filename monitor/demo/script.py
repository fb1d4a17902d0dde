"""A world that changes step by step: pure data, so that every run is the same."""

from dataclasses import dataclass, replace

from monitor.demo.world import CatalogMode, PageStyle, World


@dataclass(frozen=True, slots=True)
class Show:
    """List models, at the end of the list; those that are listed stay where they are."""

    models: tuple[str, ...]

    def apply(self, world: World) -> World:
        """Return the world after it."""
        new = tuple(model for model in self.models if model not in world.listed)
        return replace(world, listed=world.listed + new)


@dataclass(frozen=True, slots=True)
class Delist:
    """Take models off the list."""

    models: tuple[str, ...]

    def apply(self, world: World) -> World:
        """Return the world after it."""
        return replace(world, listed=tuple(model for model in world.listed if model not in self.models))


@dataclass(frozen=True, slots=True)
class Behave:
    """Let models behave another way from now on."""

    models: tuple[str, ...]
    behaviour: str

    def apply(self, world: World) -> World:
        """Return the world after it."""
        return replace(world, behaviours={**world.behaviours, **dict.fromkeys(self.models, self.behaviour)})


@dataclass(frozen=True, slots=True)
class Everywhere:
    """Let every probe meet the same behaviour; None ends it."""

    behaviour: str | None

    def apply(self, world: World) -> World:
        """Return the world after it."""
        return replace(world, everywhere=self.behaviour)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Serve the list another way."""

    mode: CatalogMode

    def apply(self, world: World) -> World:
        """Return the world after it."""
        return replace(world, catalog=self.mode)


@dataclass(frozen=True, slots=True)
class Paging:
    """Cut the list into pages; None puts it on one."""

    page_size: int | None
    style: PageStyle = PageStyle.LAST_ID

    def apply(self, world: World) -> World:
        """Return the world after it."""
        return replace(world, page_size=self.page_size, page_style=self.style)


Change = Show | Delist | Behave | Everywhere | Catalog | Paging


@dataclass(frozen=True, slots=True)
class Script:
    """A first world (step 0) and what changes before each later step; after the last one nothing changes."""

    first: World
    changes: tuple[tuple[int, Change], ...] = ()

    @property
    def last_step(self) -> int:
        """The step of the last change."""
        return max((step for step, _ in self.changes), default=0)

    def world_at(self, step: int) -> World:
        """Return the world as it is at a step."""
        world = self.first
        # stable: changes of one step apply in the order in which they are written
        for at, change in sorted(self.changes, key=lambda change: change[0]):
            if at <= step:
                world = change.apply(world)
        return world
