"""What a node is held against."""

from dataclasses import dataclass

from stoa_audit.city import City
from stoa_audit.headers import Header
from stoa_audit.node import Node
from stoa_audit.replaying import LoggedAt, Progress
from stoa_audit.world import World


@dataclass(frozen=True, slots=True)
class Subject:
    """A node, and what the blocks that were believed make."""

    node: Node
    world: World
    head: Header
    logs: list[LoggedAt]
    progress: Progress

    @property
    def city(self) -> City:
        return self.world.city
