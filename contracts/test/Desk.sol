// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {MiniTest} from "./MiniTest.sol";
import {CalendarDate} from "../src/CalendarDate.sol";
import {ICityCredit} from "../src/interfaces/ICityCredit.sol";
import {IConsents} from "../src/interfaces/IConsents.sol";
import {IDatasets} from "../src/interfaces/IDatasets.sol";
import {IJournal} from "../src/interfaces/IJournal.sol";
import {ILicences} from "../src/interfaces/ILicences.sol";
import {IParticipants} from "../src/interfaces/IParticipants.sol";
import {ISettlement} from "../src/interfaces/ISettlement.sol";
import {IUseCases} from "../src/interfaces/IUseCases.sol";
import {Class, ConsentId, OrderId, Signature} from "../src/Types.sol";

/// @notice The part of ERC-3009 that a stranger may call.
interface IAuthorisedTransfers {
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;
}

/// @notice The contracts of a city under test, and the officer who holds every power.
struct Ledger {
    address officer;
    IAccessManager access;
    IParticipants participants;
    IDatasets datasets;
    IUseCases useCases;
    IConsents consents;
    ICityCredit credit;
    ILicences licences;
    IJournal journal;
    ISettlement settlement;
}

/// @notice A consent with everything its citizen holds: key, code and both signatures.
struct Held {
    IConsents.Terms terms;
    IConsents.Grant grant;
    uint256 key;
    uint128 code;
    ConsentId id;
}

/// @notice Founds a city and signs for everybody in it. The types are written out again here: a contract that hashed
/// something else than its interface says would find no valid signature.
abstract contract Desk is MiniTest {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant JOIN = keccak256("Join(uint8 class,string name,address account,uint40 deadline)");
    bytes32 private constant REGISTRATION = keccak256(
        "Registration(uint32 steward,uint8 topic,bool subject,bool sensitive,bytes32 metadata,bytes32 salt,uint40 deadline)"
    );
    bytes32 private constant SOURCE = keccak256("Source(uint32 dataset,uint8 ground,bool optional)");
    bytes32 private constant APPLICATION = keccak256(
        "Application(uint32 applicant,bytes32 purpose,Source[] sources,bytes32 scope,uint40 dataFrom,uint40 dataUntil,uint32 minimumCohort,uint16 longestDays,uint16 retentionDays,uint8 outputClass,bytes32 routine,bytes32 terms,bytes32 salt,uint40 deadline)Source(uint32 dataset,uint8 ground,bool optional)"
    );
    bytes32 private constant COUNTERSIGNATURE =
        keccak256("Countersignature(uint32 useCase,bytes32 commitment,bytes32 consent)");
    bytes32 private constant REVOCATION = keccak256("Revocation(bytes32 consent)");
    bytes32 private constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    uint256 internal constant REGISTRAR = 0x4E61;
    uint256 internal constant CITY = 0xC171;
    bytes32 internal constant STATEMENT = keccak256("I allow Lab to learn how people travel.");
    bytes32 internal constant REASON = keccak256("reason");
    uint40 internal constant SHORTEST_ORDER = 60;
    uint40 internal constant LONGEST_ORDER = 7 days;
    uint16 internal constant LONGEST_DAYS = 90;
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    Ledger internal ledger;
    uint256 private _salt;

    // Founding

    function foundCity() internal {
        address self = address(this);
        uint256 next = vm.getNonce(self);
        address access = vm.computeCreateAddress(self, next);
        address participants = vm.computeCreateAddress(self, next + 1);
        address datasets = vm.computeCreateAddress(self, next + 2);
        address useCases = vm.computeCreateAddress(self, next + 3);
        ledger.officer = self;
        ledger.access = IAccessManager(vm.deployCode("CityAccess.sol:CityAccess", abi.encode(self, uint32(0))));
        ledger.participants = IParticipants(
            vm.deployCode(
                "Participants.sol:Participants", abi.encode(access, useCases, vm.addr(CITY), keccak256("City"))
            )
        );
        ledger.datasets = IDatasets(vm.deployCode("Datasets.sol:Datasets", abi.encode(access, participants)));
        ledger.useCases = IUseCases(vm.deployCode("UseCases.sol:UseCases", abi.encode(access, participants, datasets)));
        ledger.consents = IConsents(vm.deployCode("Consents.sol:Consents", abi.encode(access, useCases)));
        ledger.credit = ICityCredit(vm.deployCode("CityCredit.sol:CityCredit", abi.encode(access)));
        ledger.licences = ILicences(
            vm.deployCode("Licences.sol:Licences", abi.encode(access, vm.computeCreateAddress(self, next + 8)))
        );
        ledger.journal = IJournal(vm.deployCode("Journal.sol:Journal", abi.encode(access, uint40(1 days))));
        ledger.settlement = ISettlement(vm.deployCode("Settlement.sol:Settlement", _settlementArguments()));

        ledger.consents.setRegistrar(vm.addr(REGISTRAR));
        ledger.journal.setSettler(self, true);
    }

    function _settlementArguments() private view returns (bytes memory) {
        return abi.encode(
            ledger.access,
            ledger.participants,
            ledger.datasets,
            ledger.useCases,
            ledger.licences,
            ledger.credit,
            ledger.journal,
            SHORTEST_ORDER,
            LONGEST_ORDER
        );
    }

    function enrol(uint256 key, Class class, bytes32 name) internal returns (uint32 id) {
        IParticipants.Join memory form = IParticipants.Join(class, name, vm.addr(key), soon());
        bytes32 digest = digestFor(address(ledger.participants), "Stoa Participants", keccak256(abi.encode(JOIN, form)));
        id = ledger.participants.join(form, signed(key, digest));
        vm.prank(ledger.officer);
        ledger.participants.admit(id);
    }

    function registered() internal returns (uint32) {
        IDatasets.Registration memory form = IDatasets.Registration(1, 3, true, false, REASON, bytes32(fresh()), soon());
        bytes32 digest = digestFor(address(ledger.datasets), "Stoa Datasets", keccak256(abi.encode(REGISTRATION, form)));
        return ledger.datasets.register(form, signed(CITY, digest));
    }

    /// @notice An application about one personal dataset, for a cohort of ten and the longest days we use.
    function applicationOf(uint32 applicant, uint32 dataset) internal returns (IUseCases.Application memory form) {
        form.applicant = applicant;
        form.purpose = keccak256("purpose");
        form.sources = new IUseCases.Source[](1);
        form.sources[0] = IUseCases.Source(dataset, IUseCases.Ground.Consent, false);
        form.scope = keccak256("scope");
        form.minimumCohort = 10;
        form.longestDays = LONGEST_DAYS;
        form.retentionDays = 365;
        form.outputClass = 1;
        form.routine = keccak256("routine");
        form.terms = keccak256("terms");
        form.salt = bytes32(fresh());
        form.deadline = soon();
    }

    function applied(uint256 key, IUseCases.Application memory form) internal returns (uint32) {
        bytes32 digest = digestFor(address(ledger.useCases), "Stoa Use Cases", _hash(form));
        return ledger.useCases.apply_(form, signed(key, digest));
    }

    function allow(uint32 useCase) internal {
        vm.prank(ledger.officer);
        ledger.useCases.decide(useCase, IUseCases.Decision(true, 10, LONGEST_DAYS, REASON, REASON));
    }

    function publish(uint32 useCase, bytes32 statement) internal {
        vm.prank(ledger.officer);
        ledger.useCases.publishNotice(useCase, IUseCases.Notice("en", IUseCases.NoticeKind.Consent, 1, statement));
    }

    /// @notice An allowed use case of `applicant` with a published notice.
    function openUseCase(uint256 key, uint32 applicant) internal returns (uint32 useCase) {
        useCase = applied(key, applicationOf(applicant, registered()));
        allow(useCase);
        publish(useCase, STATEMENT);
    }

    // Consents

    function termsOf(uint32 useCase, bytes32 recipient, uint256 days_) internal view returns (IConsents.Terms memory) {
        uint40 validUntil = uint40((block.timestamp / 1 days + days_) * 1 days);
        return IConsents.Terms({
            statement: STATEMENT,
            recipient: recipient,
            until: CalendarDate.hashOf(validUntil - 1),
            useCase: useCase,
            scope: 1,
            validUntil: validUntil,
            deadline: soon()
        });
    }

    /// @notice A consent signed by a new key and countersigned by `registrar`, not sent.
    function consentOn(IConsents.Terms memory terms, uint256 registrar) internal returns (Held memory held) {
        held.terms = terms;
        held.key = fresh();
        held.code = wellTyped(fresh());
        held.grant.own = IConsents.Own({
            signer: vm.addr(held.key), commitment: bytes32(fresh()), revocationHash: keccak256(abi.encode(held.code))
        });
        held.id = ledger.consents.idOf(terms, held.grant.own);
        held.grant.signature = signed(held.key, ConsentId.unwrap(held.id));
        held.grant.countersignature = countersigned(held, registrar);
    }

    function countersigned(Held memory held, uint256 registrar) internal view returns (Signature memory) {
        bytes32 structHash =
            keccak256(abi.encode(COUNTERSIGNATURE, held.terms.useCase, held.grant.own.commitment, held.id));
        return signed(registrar, digestFor(address(ledger.consents), "Stoa Consents", structHash));
    }

    function revocationOf(Held memory held, uint256 key) internal view returns (Signature memory) {
        bytes32 structHash = keccak256(abi.encode(REVOCATION, held.id));
        return signed(key, digestFor(address(ledger.consents), "Stoa Consents", structHash));
    }

    /// @notice Twenty digits in base 31 of which the last makes the check digit right.
    function wellTyped(uint256 seed) internal pure returns (uint128) {
        uint256 rest = seed % 31 ** 19;
        uint256 code = rest * 31;
        uint256 sum = 0;
        for (uint256 weight = 2; weight <= 20; ++weight) {
            sum += weight * (rest % 31);
            rest /= 31;
        }
        return uint128(code + (31 - sum % 31) % 31);
    }

    // Payments

    function paymentOf(uint256 key, uint64 amount, bytes32 nonce) internal view returns (ISettlement.Payment memory) {
        return _payment(RECEIVE, key, amount, nonce);
    }

    /// @notice What a stock x402 client signs: the nonce says nothing, and anybody may send it.
    function stockPaymentOf(uint256 key, uint64 amount, bytes32 nonce)
        internal
        view
        returns (ISettlement.Payment memory)
    {
        return _payment(TRANSFER, key, amount, nonce);
    }

    /// @notice One unit, from the consents of this block.
    function outcomeNow() internal returns (ISettlement.Outcome memory) {
        return ISettlement.Outcome({
            units: 1,
            result: bytes32(fresh()),
            manifest: bytes32(fresh()),
            consentBlock: uint40(block.number),
            consentRoot: bytes32(fresh()),
            cohortSize: 10
        });
    }

    function balanceOf(address account) internal view returns (uint256) {
        return IERC20(address(ledger.credit)).balanceOf(account);
    }

    function _payment(bytes32 kind, uint256 key, uint64 amount, bytes32 nonce)
        private
        view
        returns (ISettlement.Payment memory payment)
    {
        payment.from = vm.addr(key);
        payment.validBefore = soon();
        payment.nonce = nonce;
        bytes32 structHash = keccak256(
            abi.encode(kind, payment.from, address(ledger.settlement), amount, 0, payment.validBefore, nonce)
        );
        (payment.v, payment.r, payment.s) =
            vm.sign(key, digestFor(address(ledger.credit), "Stoa City Credit", structHash));
    }

    // Signing

    function signed(uint256 key, bytes32 digest) internal pure returns (Signature memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return Signature(r, bytes32(uint256(s) | uint256(v - 27) << 255));
    }

    /// @notice The other point of the same signature, squeezed into one word as well as it goes.
    function malleated(Signature memory signature) internal pure returns (Signature memory) {
        uint256 word = uint256(signature.vs);
        uint256 s = ORDER - (word & type(uint256).max >> 1);
        return Signature(signature.r, bytes32(s | (1 - (word >> 255)) << 255));
    }

    function digestFor(address target, string memory name, bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN, keccak256(bytes(name)), keccak256("1"), block.chainid, target));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @notice A number that was never used before in this test; also a valid private key.
    function fresh() internal returns (uint256) {
        return uint256(keccak256(abi.encode(address(this), ++_salt))) >> 8;
    }

    function soon() internal view returns (uint40) {
        return uint40(block.timestamp + 600);
    }

    /// @notice Calls as `caller` and says whether it went through.
    function succeeds(address caller, address target, bytes memory data) internal returns (bool done) {
        vm.prank(caller);
        (done,) = target.call(data);
    }

    function _hash(IUseCases.Application memory form) private pure returns (bytes32) {
        bytes32[] memory sources = new bytes32[](form.sources.length);
        for (uint256 i = 0; i < sources.length; ++i) {
            sources[i] = keccak256(abi.encode(SOURCE, form.sources[i]));
        }
        bytes memory head = abi.encode(
            APPLICATION, form.applicant, form.purpose, keccak256(abi.encodePacked(sources)), form.scope, form.dataFrom
        );
        bytes memory middle =
            abi.encode(form.dataUntil, form.minimumCohort, form.longestDays, form.retentionDays, form.outputClass);
        return keccak256(bytes.concat(head, middle, abi.encode(form.routine, form.terms, form.salt, form.deadline)));
    }
}
