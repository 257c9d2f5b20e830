"""What data there is. What is wrong with a signature is in test_signed_acts.py.

Datasets
├── register: personal until two persons say otherwise; refuses an unknown topic, an unknown or inactive steward
├── declareNotPersonal: two persons, one reason; never with a subject column; once
├── publishVersion: numbers versions; refuses emptiness and an inactive steward
└── eraseLeaf: a real leaf at its place, once; refuses any other proof
"""

import secrets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.bindings import (
    Dataset,
    DatasetRegistered,
    LeafErased,
    NotPersonalDeclared,
    NotPersonalProposed,
    Version,
    VersionForm,
    VersionPublished,
)
from ledger.enums import Class, Status
from ledger.node import Receipt
from ledger.tree import InclusionProof, OrderedTree
from ledger.typed_data import registration_digest, signed, version_digest
from tests.contracts.refusals import refused
from tests.town import Registration, Town, events

REASON = b"\x61" * 32
ROOT = b"\x05" * 32
CONTENT = b"\x06" * 32

in_town = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def register(town: Town, form: Registration, steward: str = "city") -> Receipt:
    signature = signed(town.keys[steward], registration_digest(town.city.domains.datasets, form))
    return town.send("relay", town.contracts.datasets.register(form, signature))


def publish(town: Town, form: VersionForm, steward: str = "city") -> Receipt:
    signature = signed(town.keys[steward], version_digest(town.city.domains.datasets, form))
    return town.send("relay", town.contracts.datasets.publish_version(form, signature))


def version_form(
    town: Town, dataset: int, *, root: bytes = ROOT, leaves: int = 3, rows: int = 9
) -> VersionForm:
    return VersionForm(dataset, root, leaves, rows, CONTENT, town.soon)


# Registering


@pytest.mark.parametrize("subject", [False, True])
@pytest.mark.parametrize("sensitive", [False, True])
def test_a_registered_dataset_counts_as_personal(town: Town, subject: bool, sensitive: bool) -> None:
    form = town.registration(subject=subject, sensitive=sensitive)

    receipt = register(town, form)

    assert events(receipt, DatasetRegistered) == [
        DatasetRegistered(
            1,
            1,
            form.topic,
            subject,
            sensitive,
            form.metadata,
            registration_digest(town.city.domains.datasets, form),
        )
    ]
    assert town.contracts.datasets.dataset(1) == Dataset(
        1, form.topic, subject, sensitive, True, 0, form.metadata
    )


@pytest.mark.parametrize("topic", [0, 9, 255])
def test_a_topic_is_one_of_eight(town: Town, topic: int) -> None:
    with refused("UnknownTopic", topic=topic):
        register(town, town.registration()._replace(topic=topic))


def test_an_unknown_steward_cannot_register(town: Town) -> None:
    with refused("WrongStatus", id=7, status=Status.NONE):
        register(town, town.registration()._replace(steward=7))


def test_a_steward_who_is_not_admitted_or_frozen_cannot_register_or_publish(town: Town) -> None:
    number = town.join("clinic", Class.SUPPLIER, admit=False)
    form = town.registration()._replace(steward=number)

    with refused("WrongStatus", id=number, status=Status.JOINED):
        register(town, form, "clinic")

    town.send("otto", town.contracts.participants.admit(number))
    register(town, form, "clinic")
    town.freeze("clinic")
    with refused("WrongStatus", id=number, status=Status.FROZEN):
        register(town, form._replace(salt=bytes(32)), "clinic")
    with refused("WrongStatus", id=number, status=Status.FROZEN):
        publish(town, version_form(town, 1), "clinic")


def test_an_unknown_dataset_is_said_to_be_unknown(town: Town) -> None:
    with refused("UnknownDataset", id=1):
        town.contracts.datasets.dataset(1)
    with refused("UnknownDataset", id=1):
        publish(town, version_form(town, 1))
    with refused("UnknownDataset", id=1):
        town.send("otto", town.contracts.datasets.declare_not_personal(1, REASON))


# Not personal


def test_two_persons_together_declare_a_dataset_not_personal(town: Town) -> None:
    number = town.dataset(subject=False)
    call = town.contracts.datasets.declare_not_personal(number, REASON)

    proposed = town.send("otto", call)
    assert town.contracts.datasets.dataset(number).personal
    declared = town.send("olga", call)

    otto, olga = town.keys["otto"].address, town.keys["olga"].address
    assert events(proposed, NotPersonalProposed) == [NotPersonalProposed(number, otto, REASON)]
    assert events(declared, NotPersonalDeclared) == [NotPersonalDeclared(number, otto, olga, REASON)]
    assert not town.contracts.datasets.dataset(number).personal


def test_one_person_alone_cannot_declare_it(town: Town) -> None:
    number = town.dataset(subject=False)
    call = town.contracts.datasets.declare_not_personal(number, REASON)
    town.send("otto", call)

    with refused("SecondPersonNeeded", first=town.keys["otto"].address):
        town.send("otto", call)


def test_one_person_cannot_be_the_second_through_the_access_manager(town: Town) -> None:
    number = town.dataset(subject=False)
    call = town.contracts.datasets.declare_not_personal(number, REASON)
    town.send("otto", call)

    with refused("ActsAreDirect"):
        town.send("otto", town.contracts.access.execute(call.to, call.data))
    assert town.contracts.datasets.dataset(number).personal


def test_two_persons_with_two_reasons_have_not_agreed(town: Town) -> None:
    number = town.dataset(subject=False)
    datasets = town.contracts.datasets
    town.send("otto", datasets.declare_not_personal(number, REASON))

    again = town.send("olga", datasets.declare_not_personal(number, b"\x62" * 32))

    assert events(again, NotPersonalDeclared) == []
    assert datasets.dataset(number).personal
    town.send("otto", datasets.declare_not_personal(number, b"\x62" * 32))
    assert not datasets.dataset(number).personal


def test_a_subject_column_makes_a_dataset_personal_for_ever(town: Town) -> None:
    number = town.dataset(subject=True)

    for operator in ("otto", "olga"):
        with refused("SubjectColumnMakesItPersonal", id=number):
            town.send(operator, town.contracts.datasets.declare_not_personal(number, REASON))


def test_it_is_declared_once(town: Town) -> None:
    number = town.public_dataset()

    with refused("AlreadyNotPersonal", id=number):
        town.send("otto", town.contracts.datasets.declare_not_personal(number, REASON))


# Versions


def test_versions_are_numbered_and_kept(town: Town) -> None:
    dataset = town.dataset()
    first, second = version_form(town, dataset), version_form(town, dataset, root=b"\x08" * 32, rows=10)

    receipts = [publish(town, first), publish(town, second)]

    def act(form: VersionForm) -> bytes:
        return version_digest(town.city.domains.datasets, form)

    assert [event for receipt in receipts for event in events(receipt, VersionPublished)] == [
        VersionPublished(dataset, 1, ROOT, 3, 9, CONTENT, act(first)),
        VersionPublished(dataset, 2, b"\x08" * 32, 3, 10, CONTENT, act(second)),
    ]
    assert town.contracts.datasets.version(dataset, 1) == Version(ROOT, 3, 9, town.clock.now, CONTENT)
    assert town.contracts.datasets.version(dataset, 2).rows == 10
    assert town.contracts.datasets.dataset(dataset).versions == 2


def test_a_delivery_is_remembered_for_its_steward(town: Town) -> None:
    dataset = town.dataset()
    assert town.contracts.datasets.last_delivery_of(1) == 0

    publish(town, version_form(town, dataset))

    assert town.contracts.datasets.last_delivery_of(1) == town.clock.now


@pytest.mark.parametrize("empty", ["leaves", "rows", "root"])
def test_an_empty_version_is_refused(town: Town, empty: str) -> None:
    dataset = town.dataset()
    nothing = bytes(32) if empty == "root" else 0

    with refused("EmptyVersion", dataset=dataset):
        publish(town, version_form(town, dataset)._replace(**{empty: nothing}))


def test_only_the_steward_publishes(town: Town) -> None:
    dataset = town.dataset()

    with refused("NotSignedBy", actor=town.keys["city"].address, recovered=town.keys["mallory"].address):
        publish(town, version_form(town, dataset), "mallory")


# Erasing


def published_tree(town: Town, size: int) -> tuple[int, OrderedTree]:
    tree = OrderedTree(secrets.token_bytes(32) for _ in range(size))
    dataset = town.dataset()
    town.publish(dataset, tree.root, size, size)
    return dataset, tree


def erase(town: Town, dataset: int, proof: InclusionProof, version: int = 1) -> Receipt:
    call = town.contracts.datasets.erase_leaf(dataset, version, proof.index, proof.leaf, proof.path)
    return town.send("otto", call)


@in_town
@given(size=st.integers(1, 70), place=st.integers(0, 69))
def test_any_leaf_of_any_version_can_be_erased_once(town: Town, size: int, place: int) -> None:
    with town.rewinding():
        dataset, tree = published_tree(town, size)
        proof = tree.inclusion(tree.leaves[place % size])

        receipt = erase(town, dataset, proof)

        assert events(receipt, LeafErased) == [LeafErased(dataset, 1, proof.index, proof.leaf)]
        assert town.contracts.datasets.version(dataset, 1).root == tree.root
        with refused("LeafAlreadyErased", dataset=dataset, version=1, index=proof.index):
            erase(town, dataset, proof)


@in_town
@given(size=st.integers(1, 40), place=st.integers(0, 39), other=st.integers(0, 2**32 - 1))
def test_a_leaf_at_another_index_is_refused(town: Town, size: int, place: int, other: int) -> None:
    with town.rewinding():
        dataset, tree = published_tree(town, size)
        proof = tree.inclusion(tree.leaves[place % size])
        index = other if other != proof.index else other + 1
        elsewhere = InclusionProof(proof.leaf, index, size, proof.path)

        with refused("LeafNotInVersion", dataset=dataset, version=1, index=index):
            erase(town, dataset, elsewhere)


@in_town
@given(size=st.integers(1, 40), place=st.integers(0, 39), bit=st.integers(0, 255))
def test_another_leaf_is_refused(town: Town, size: int, place: int, bit: int) -> None:
    with town.rewinding():
        dataset, tree = published_tree(town, size)
        proof = tree.inclusion(tree.leaves[place % size])
        changed = (int.from_bytes(proof.leaf, "big") ^ 1 << bit).to_bytes(32, "big")

        with refused("LeafNotInVersion", dataset=dataset, version=1, index=proof.index):
            erase(town, dataset, InclusionProof(changed, proof.index, size, proof.path))


@in_town
@given(size=st.integers(1, 40), place=st.integers(0, 39), extra=st.booleans())
def test_a_path_that_is_too_short_or_too_long_is_refused(
    town: Town, size: int, place: int, extra: bool
) -> None:
    with town.rewinding():
        dataset, tree = published_tree(town, size)
        proof = tree.inclusion(tree.leaves[place % size])
        path = (*proof.path, b"\x01" * 32) if extra or size == 1 else proof.path[:-1]

        with refused("LeafNotInVersion", dataset=dataset, version=1, index=proof.index):
            erase(town, dataset, InclusionProof(proof.leaf, proof.index, size, path))


def test_an_inner_node_does_not_pass_for_a_leaf(town: Town) -> None:
    """Leaves and nodes are hashed apart, so a proof cut above the leaves proves nothing."""
    dataset, tree = published_tree(town, 4)
    proof = tree.inclusion(tree.leaves[0])

    with refused("LeafNotInVersion", dataset=dataset, version=1, index=0):
        erase(town, dataset, InclusionProof(proof.path[0], 0, 4, proof.path[1:]))


def test_a_leaf_of_another_version_is_refused(town: Town) -> None:
    dataset, tree = published_tree(town, 3)
    other = OrderedTree(secrets.token_bytes(32) for _ in range(3))
    town.publish(dataset, other.root, 3, 3)
    proof = tree.inclusion(tree.leaves[1])

    with refused("LeafNotInVersion", dataset=dataset, version=2, index=1):
        erase(town, dataset, proof, version=2)


@pytest.mark.parametrize("version", [0, 2])
def test_a_leaf_of_an_unknown_version_is_refused(town: Town, version: int) -> None:
    dataset, tree = published_tree(town, 2)

    with refused("UnknownVersion", dataset=dataset, version=version):
        erase(town, dataset, tree.inclusion(tree.leaves[0]), version=version)


def test_erasing_one_leaf_leaves_the_others_provable(town: Town) -> None:
    dataset, tree = published_tree(town, 5)
    erase(town, dataset, tree.inclusion(tree.leaves[2]))

    for leaf in (tree.leaves[0], tree.leaves[4]):
        erase(town, dataset, tree.inclusion(leaf))
