"""What organisations did, they signed: joining, registering, delivering and applying."""

from collections.abc import Callable, Mapping, Sequence

from stoa_audit.abi_words import Values
from stoa_audit.calls import Calls
from stoa_audit.digests import hexed, keccak
from stoa_audit.merkle import Member, holds
from stoa_audit.report import Report
from stoa_audit.signatures import signer_of, struct_hash
from stoa_audit.world import Happening, World

JOIN = "Join(uint8 class,string name,address account,uint40 deadline)"
REGISTRATION = (
    "Registration(uint32 steward,uint8 topic,bool subject,bool sensitive,bytes32 metadata,bytes32 salt,"
    "uint40 deadline)"
)
VERSION = "Version(uint32 dataset,bytes32 root,uint32 leaves,uint64 rows,bytes32 content,uint40 deadline)"
SOURCE = "Source(uint32 dataset,uint8 ground,bool optional)"
APPLICATION = (
    "Application(uint32 applicant,bytes32 purpose,Source[] sources,bytes32 scope,uint40 dataFrom,uint40 dataUntil,"
    "uint32 minimumCohort,uint16 longestDays,uint16 retentionDays,uint8 outputClass,bytes32 routine,bytes32 terms,"
    "bytes32 salt,uint40 deadline)" + SOURCE
)


class FormRules:
    def __init__(self, world: World, report: Report, calls: Calls) -> None:
        self._world = world
        self._calls = calls
        self._signed = report["acts.signed"]
        self._erased = report["datasets.erased"]

    @property
    def rules(self) -> Mapping[tuple[str, str], Callable[[Happening], None]]:
        return {
            ("Participants", "ParticipantJoined"): self._joined,
            ("Datasets", "DatasetRegistered"): self._registered,
            ("Datasets", "VersionPublished"): self._published,
            ("Datasets", "LeafErased"): self._leaf_erased,
            ("UseCases", "UseCaseApplied"): self._applied,
        }

    def _joined(self, event: Happening) -> None:
        if event.by.to is None:
            return  # the city itself, participant 1 from its contract's first breath
        form = self._form(event, "join", "form")
        if form is not None:
            same = all(form[field] == event.values[field] for field in ("class", "name", "account"))
            self._require(event, JOIN, list(form.values()), event.values["account"], same=same)

    def _registered(self, event: Happening) -> None:
        form = self._form(event, "register", "form")
        if form is not None:
            fields = ("steward", "topic", "subject", "sensitive", "metadata")
            same = all(form[field] == event.values[field] for field in fields)
            self._require(event, REGISTRATION, list(form.values()), self._account(form["steward"]), same=same)

    def _published(self, event: Happening) -> None:
        form = self._form(event, "publishVersion", "form")
        if form is not None:
            fields = ("dataset", "root", "leaves", "rows", "content")
            same = all(form[field] == event.values[field] for field in fields)
            dataset = self._world.datasets.get(form["dataset"])
            account = self._account(dataset.steward) if dataset else None
            self._require(event, VERSION, list(form.values()), account, same=same)

    def _applied(self, event: Happening) -> None:
        form = self._form(event, "apply_", "application")
        if form is not None:
            sources = [struct_hash(SOURCE, list(source.values())) for source in form["sources"]]
            values = [
                keccak(b"".join(sources)) if name == "sources" else value for name, value in form.items()
            ]
            same = form == event.values["application"]
            self._require(event, APPLICATION, values, self._account(form["applicant"]), same=same)

    def _leaf_erased(self, event: Happening) -> None:
        """The leaf was in the version: the call carries the path."""
        call = self._calls.of(event.by)
        values = event.values
        dataset = self._world.datasets.get(values["dataset"])
        version = dataset.versions.get(values["version"]) if dataset else None
        if call is None or call.function != "eraseLeaf" or version is None:
            self._erased.missed(f"{event.place}: the erasure was not called directly")
            return
        member = Member(values["leaf"], values["index"], tuple(call.values["path"]))
        self._erased.expect(
            holds(version.root, version.leaves, member),
            str(event.place),
            f"leaf {values['index']} is not in version {values['version']} of dataset {values['dataset']}",
        )

    def _form(self, event: Happening, function: str, parameter: str) -> Values | None:
        call = self._calls.of(event.by)
        if call is None or call.contract != event.contract or call.function != function:
            self._signed.missed(
                f"{event.place}: {event.name} was not called directly, its signature is not known"
            )
            return None
        return call.values[parameter]

    def _account(self, number: int) -> str | None:
        found = self._world.participants.get(number)
        return found.account if found else None

    def _require(
        self, event: Happening, type_: str, values: Sequence[object], account: str | None, *, same: bool
    ) -> None:
        call = self._calls.of(event.by)
        assert call is not None
        signature = call.values["signature"]
        digest = self._world.city.domain(event.contract).digest(struct_hash(type_, values))
        signer = signer_of(digest, signature["r"], signature["vs"])
        same = same and event.values.get("act", digest) == digest
        self._signed.expect(
            same and signer is not None and signer == account,
            str(event.place),
            f"{event.name} is not what {account or 'anybody'} signed"
            + ("" if same else f" (the form of transaction {hexed(event.by.hash)} says something else)"),
        )
