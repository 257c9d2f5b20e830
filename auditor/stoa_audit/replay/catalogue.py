"""Datasets, their versions, and what was erased of them."""

from stoa_audit.replay.following import present, require
from stoa_audit.world import Dataset, Happening, Version, World


def registered(world: World, event: Happening) -> None:
    values = event.values
    number = values["id"]
    require(number == len(world.datasets) + 1, f"dataset {number} is not the next one")
    require(values["steward"] in world.participants, f"dataset {number} has a steward that never joined")
    world.datasets[number] = Dataset(
        number=number,
        steward=values["steward"],
        topic=values["topic"],
        subject=values["subject"],
        sensitive=values["sensitive"],
        metadata=values["metadata"],
        registered_in=event.place.block,
    )


def not_personal_proposed(world: World, event: Happening) -> None:
    _known(world, event.values["id"]).proposal = (event.values["by"], event.values["reason"])


def not_personal_declared(world: World, event: Happening) -> None:
    values = event.values
    found = _known(world, values["id"])
    require(
        found.personal and not found.subject and found.proposal == (values["first"], values["reason"]),
        f"dataset {found.number} was declared not personal without a proposal, or has a subject column",
    )
    require(values["first"] != values["second"], f"one person declared dataset {found.number} not personal")
    found.personal = False
    found.proposal = None
    world.reasons.append((values["reason"], f"declaring dataset {found.number} not personal"))


def version_published(world: World, event: Happening) -> None:
    values = event.values
    found = _known(world, values["dataset"])
    number = values["version"]
    require(
        number == len(found.versions) + 1, f"version {number} of dataset {found.number} is not the next one"
    )
    found.versions[number] = Version(
        values["root"],
        values["leaves"],
        values["rows"],
        values["content"],
        event.place.block,
        event.place.timestamp,
    )
    world.deliveries[found.steward] = event.place.timestamp


def leaf_erased(world: World, event: Happening) -> None:
    values = event.values
    name = f"leaf {values['index']} of dataset {values['dataset']}, version {values['version']}"
    version = _known(world, values["dataset"]).versions.get(values["version"])
    found = present(version, f"{name} was erased of a version that never was")
    require(
        values["index"] < found.leaves and values["index"] not in found.erased, f"{name} cannot be erased"
    )
    found.erased[values["index"]] = (values["leaf"], event.place.block)


def _known(world: World, number: int) -> Dataset:
    return present(world.datasets.get(number), f"dataset {number} was never registered")
