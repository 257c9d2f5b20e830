"""What the city's database must say if it says what the ledger says: expected rows, table by table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from stoa_audit.projection import marketplace, organisations
from stoa_audit.world import World

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TableRows:
    """A projected table: its primary key, and the rows it must have."""

    key: tuple[str, ...]
    rows: Callable[[World], Iterable[Row]]
    columns: frozenset[str]


def columns(names: str) -> frozenset[str]:
    return frozenset(names.split())


TABLES: dict[str, TableRows] = {
    "anchors": TableRows(("size",), marketplace.anchors, columns("size root anchored_in anchored_at")),
    "applied_blocks": TableRows(("number",), organisations.blocks, columns("number hash parent timestamp")),
    "consents": TableRows(
        ("id",),
        marketplace.consents,
        columns(
            "id use_case objection scope statement recipient until valid_until deadline "
            "signer commitment revocation_hash granted_in granted_at revoked_in revoked_at "
            "how"
        ),
    ),
    "credit_accounts": TableRows(("account",), marketplace.accounts, columns("account balance credited")),
    "dataset_versions": TableRows(
        ("dataset", "number"),
        organisations.versions,
        columns("dataset number root leaves rows content_digest published_in published_at"),
    ),
    "datasets": TableRows(
        ("number",),
        organisations.datasets,
        columns("number steward topic subject sensitive personal versions metadata_digest registered_in"),
    ),
    "erased_leaves": TableRows(
        ("dataset", "version", "position"),
        organisations.erased,
        columns("dataset version position leaf erased_in"),
    ),
    "followed_ledger": TableRows(("id",), organisations.ledger, columns("id chain_id genesis city_digest")),
    "licences": TableRows(
        ("number",),
        marketplace.licences,
        columns(
            "number use_case licensee starts_at ends_at quota used discount terms_digest "
            "terminated_in tariff price quote issued_in"
        ),
    ),
    "money_movements": TableRows(
        ("block", "position"), marketplace.movements, columns("block position kind account amount reference")
    ),
    "notices": TableRows(
        ("use_case", "statement"),
        organisations.notices,
        columns("use_case statement language kind scope published_in retired_in"),
    ),
    "orders": TableRows(
        ("id",),
        marketplace.orders,
        columns(
            "id licence buyer tariff request_digest cap deadline discount state charge units "
            "result_digest manifest_digest consent_block consent_root cohort_size reason "
            "opened_in opened_at ended_in ended_at"
        ),
    ),
    "participants": TableRows(
        ("number",), organisations.participants, columns("number account class_ status name_digest joined_in")
    ),
    "refused_members": TableRows(
        ("block", "position"), marketplace.refused, columns("block position consent why")
    ),
    "role_members": TableRows(("role", "account"), organisations.roles, columns("role account delay since")),
    "rules": TableRows(
        ("number",),
        organisations.rules,
        columns("number purpose classes longest_days retention_days text_digest retired_in"),
    ),
    "tariffs": TableRows(
        ("number",),
        marketplace.tariffs,
        columns(
            "number use_case class_ meter licence_price unit_price licence_days quota "
            "sharing_discount sharing_days payees earned divided accrued released set_in"
        ),
    ),
    "tombstones": TableRows(("id",), marketplace.tombstones, columns("id use_case revoked_in how")),
    "trusted_keys": TableRows(("kind", "key"), organisations.keys, columns("kind key trusted changed_in")),
    "use_cases": TableRows(
        ("number",),
        organisations.use_cases,
        columns(
            "number applicant state purpose sources scope_digest data_from data_until "
            "minimum_cohort longest_days retention_days routine_digest terms_digest recipient "
            "reason conditions rule decided_by seconded_by applied_in decided_in closed_in"
        ),
    ),
}
