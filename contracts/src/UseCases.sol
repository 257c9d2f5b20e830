// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IDatasets} from "./interfaces/IDatasets.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";
import {IUseCases} from "./interfaces/IUseCases.sol";
import {SignedActs} from "./SignedActs.sol";
import {Class, Signature} from "./Types.sol";

/// @title UseCases
contract UseCases is IUseCases, SignedActs, AccessManaged {
    bytes32 private constant SOURCE = keccak256("Source(uint32 dataset,uint8 ground,bool optional)");
    bytes32 private constant APPLICATION = keccak256(
        "Application(uint32 applicant,bytes32 purpose,Source[] sources,bytes32 scope,uint40 dataFrom,uint40 dataUntil,uint32 minimumCohort,uint16 longestDays,uint16 retentionDays,uint8 outputClass,bytes32 routine,bytes32 terms,bytes32 salt,uint40 deadline)Source(uint32 dataset,uint8 ground,bool optional)"
    );
    uint256 private constant MOST_SOURCES = 8;
    uint256 private constant MOST_OPTIONAL = 3;
    /// @dev No answer about fewer people than this is ever sold, whatever anybody decides.
    uint32 private constant COHORT_FLOOR = 5;
    uint8 private constant AGGREGATES = 1;

    struct Proposal {
        address by;
        bytes32 decision;
    }

    /// @dev What grants and orders need to know of an applicant, in one slot.
    struct Applicant {
        address account;
        Class class;
        bool frozen;
    }

    struct Published {
        /// @dev Binds scope and recipient; zero once the notice is retired.
        bytes29 binding;
        NoticeKind kind;
        uint16 scope;
    }

    IParticipants private immutable _participants;
    IDatasets private immutable _datasets;

    uint32 public count;
    uint32 public ruleCount;
    mapping(uint32 id => UseCase) private _useCases;
    mapping(uint32 id => Proposal) private _proposals;
    mapping(uint32 participant => Applicant) private _applicants;
    mapping(uint32 id => mapping(bytes32 statement => Published)) private _notices;
    mapping(uint32 number => Rule) private _rules;

    constructor(address access, IParticipants participants, IDatasets datasets)
        EIP712("Stoa Use Cases", "1")
        AccessManaged(access)
    {
        _participants = participants;
        _datasets = datasets;
    }

    /// @inheritdoc IUseCases
    function apply_(Application calldata application, Signature calldata signature) external returns (uint32 id) {
        (address applicant, Class class) = _participants.requireActive(application.applicant);
        _requireAct(applicant, _hash(application), application.deadline, signature);
        if (application.outputClass != AGGREGATES) revert UnknownOutputClass(application.outputClass);
        if (application.longestDays == 0) revert NoDuration();
        if (application.dataFrom > application.dataUntil) {
            revert WrongPeriod(application.dataFrom, application.dataUntil);
        }

        id = ++count;
        UseCase storage made = _useCases[id];
        _applicants[application.applicant] = Applicant({account: applicant, class: class, frozen: false});
        made.applicant = application.applicant;
        made.state = State.Applied;
        made.outputClass = application.outputClass;
        made.longestDays = application.longestDays;
        made.retentionDays = application.retentionDays;
        made.minimumCohort = application.minimumCohort;
        made.purpose = application.purpose;
        made.routine = application.routine;
        made.terms = application.terms;
        _readSources(made, application.sources);
        if (made.personal && made.minimumCohort < COHORT_FLOOR) {
            revert CohortBelowFloor(made.minimumCohort, COHORT_FLOOR);
        }

        emit UseCaseApplied(id, application.applicant, application.purpose, application);
    }

    /// @inheritdoc IUseCases
    function decide(uint32 id, Decision calldata decision) external restricted {
        UseCase storage found = _in(id, State.Applied);
        if (decision.reason == 0) revert ReasonMissing();
        if (decision.minimumCohort < found.minimumCohort || decision.longestDays > found.longestDays) {
            revert ConditionLoosened(decision.minimumCohort, decision.longestDays);
        }
        if (decision.allowed && decision.longestDays == 0) revert NoDuration();
        address first = address(0);
        if (found.sensitive) {
            bytes32 what = keccak256(abi.encode(decision));
            Proposal memory proposal = _proposals[id];
            if (proposal.by == address(0) || proposal.decision != what) {
                _proposals[id] = Proposal({by: msg.sender, decision: what});
                emit DecisionProposed(id, msg.sender, what);
                return;
            }
            if (proposal.by == msg.sender) revert SecondPersonNeeded(proposal.by);
            first = proposal.by;
            delete _proposals[id];
        }

        _settleDecision(
            id, found, decision, 0, first == address(0) ? msg.sender : first, first == address(0) ? first : msg.sender
        );
    }

    /// @inheritdoc IUseCases
    function decideByRule(uint32 id, uint32 number) external {
        UseCase storage found = _in(id, State.Applied);
        Rule storage rule = _rules[number];
        (, Class class) = _participants.requireActive(found.applicant);
        bool matches = !found.personal && !found.sensitive && rule.longestDays != 0
            && found.longestDays <= rule.longestDays && found.retentionDays <= rule.retentionDays
            && rule.classes & (1 << uint8(class)) != 0 && (rule.purpose == 0 || rule.purpose == found.purpose);
        if (!matches) revert RuleDoesNotApply(id, number);

        Decision memory decision = Decision({
            allowed: true,
            minimumCohort: found.minimumCohort,
            longestDays: found.longestDays,
            reason: rule.text,
            conditions: 0
        });
        _settleDecision(id, found, decision, number, msg.sender, address(0));
    }

    /// @inheritdoc IUseCases
    function publishRule(Rule calldata rule) external restricted returns (uint32 number) {
        if (rule.longestDays == 0) revert NoDuration();

        number = ++ruleCount;
        _rules[number] = rule;

        emit RulePublished(number, rule);
    }

    /// @inheritdoc IUseCases
    function retireRule(uint32 number) external restricted {
        if (_rules[number].longestDays == 0) revert RuleDoesNotApply(0, number);

        delete _rules[number];

        emit RuleRetired(number);
    }

    /// @inheritdoc IUseCases
    function publishNotice(uint32 id, Notice calldata notice) external restricted {
        UseCase storage found = _in(id, State.Allowed);
        Published storage published = _notices[id][notice.statement];
        if (published.kind != NoticeKind.None) revert NoticeAlreadyPublished(id, notice.statement);
        if (!_admissible(found, notice)) revert NoticeScopeNotAdmissible(id, notice.scope);

        published.binding = _binding(notice.scope, found.recipient);
        published.kind = notice.kind;
        published.scope = notice.scope;

        emit NoticePublished(id, notice.statement, notice.language, notice.kind, notice.scope);
    }

    /// @inheritdoc IUseCases
    function retireNotice(uint32 id, bytes32 statement) external restricted {
        Published storage published = _notices[id][statement];
        if (published.kind == NoticeKind.None) revert NoticeNotPublished(id, statement);
        if (published.kind == NoticeKind.Objection) revert ObjectionNoticeStays(id, statement);
        if (published.binding == 0) revert NoticeIsRetired(id, statement);

        published.binding = 0;

        emit NoticeRetired(id, statement);
    }

    /// @inheritdoc IUseCases
    function close(uint32 id, bytes32 reason) external restricted {
        UseCase storage found = _in(id, State.Allowed);
        if (reason == 0) revert ReasonMissing();

        found.state = State.Closed;

        emit UseCaseClosed(id, reason);
    }

    /// @inheritdoc IUseCases
    function setApplicantFrozen(uint32 applicant, bool frozen) external {
        if (msg.sender != address(_participants)) revert NotParticipants(msg.sender);

        _applicants[applicant].frozen = frozen;
    }

    /// @inheritdoc IUseCases
    function useCase(uint32 id) external view returns (UseCase memory) {
        return _useCases[id];
    }

    /// @inheritdoc IUseCases
    function requireGrantable(uint32 id, bytes32 statement, bytes32 recipient, uint16 scope)
        external
        view
        returns (uint16, bool)
    {
        UseCase storage found = _useCases[id];
        Published storage published = _notices[id][statement];
        // A notice is published for an allowed use case only, so a closed one is all that is left to refuse here.
        bool objection = published.kind == NoticeKind.Objection;
        if (!objection) _in(id, State.Allowed);
        // One word says both: that the notice is published for this scope and that the recipient is the approved one.
        if (published.binding != _binding(scope, recipient)) {
            _refuseGrant(id, found, published, statement, recipient, scope);
        }
        if (!objection && _applicants[found.applicant].frozen) revert ApplicantFrozen(found.applicant);
        return (found.longestDays, objection);
    }

    /// @inheritdoc IUseCases
    function requireOpenFor(uint32 id, address account) external view returns (uint32, Class) {
        UseCase storage found = _in(id, State.Allowed);
        Applicant memory applicant = _applicants[found.applicant];
        if (applicant.account != account) revert NotTheApplicant(id, account);
        if (applicant.frozen) revert ApplicantFrozen(found.applicant);
        return (found.applicant, applicant.class);
    }

    /// @inheritdoc IUseCases
    function boundsOf(uint32 id) external view returns (bytes32, uint16) {
        return (_useCases[id].terms, _useCases[id].longestDays);
    }

    function _settleDecision(
        uint32 id,
        UseCase storage found,
        Decision memory decision,
        uint32 rule,
        address by,
        address second
    ) private {
        found.state = decision.allowed ? State.Allowed : State.Denied;
        found.minimumCohort = decision.minimumCohort;
        found.longestDays = decision.longestDays;
        // The name the city approved is the name citizens see, whatever the participant is called later.
        found.recipient = _participants.participant(found.applicant).name;

        emit UseCaseDecided(id, decision, found.recipient, rule, by, second);
    }

    function _readSources(UseCase storage made, Source[] calldata sources) private {
        uint256 optional_ = 0;
        uint32 previous = 0;
        if (sources.length == 0) revert NoSources();
        for (uint256 i = 0; i < sources.length && i < MOST_SOURCES; ++i) {
            Source calldata source = sources[i];
            if (source.dataset <= previous) revert SourcesNotAscending();
            previous = source.dataset;
            IDatasets.Dataset memory dataset = _datasets.dataset(source.dataset);
            if (dataset.personal == (source.ground == Ground.NotPersonal)) {
                revert WrongGround(source.dataset, source.ground);
            }
            if (source.optional) ++optional_;
            uint16 bit = uint16(1 << i);
            if (dataset.sensitive) made.sensitive = true;
            if (!dataset.personal) continue;
            made.personal = true;
            if (source.ground != Ground.Consent) {
                made.objectionScope |= bit;
            } else {
                made.consentScope |= bit;
                if (!source.optional) made.requiredScope |= bit;
            }
        }
        if (sources.length > MOST_SOURCES || optional_ > MOST_OPTIONAL) {
            revert TooManySources(sources.length, optional_);
        }
    }

    function _in(uint32 id, State state) private view returns (UseCase storage found) {
        found = _useCases[id];
        if (found.state == State.None) revert UnknownUseCase(id);
        if (found.state != state) revert WrongUseCaseState(id, found.state);
    }

    function _binding(uint16 scope, bytes32 recipient) private pure returns (bytes29) {
        return bytes29(keccak256(abi.encode(scope, recipient)));
    }

    /// @dev Finds the name of what is wrong; only a refusal pays for the extra reads.
    function _refuseGrant(
        uint32 id,
        UseCase storage found,
        Published storage published,
        bytes32 statement,
        bytes32 recipient,
        uint16 scope
    ) private view {
        if (published.kind == NoticeKind.None) revert NoticeNotPublished(id, statement);
        if (published.binding == 0) revert NoticeIsRetired(id, statement);
        if (published.scope != scope) revert WrongScope(id, scope, published.scope);
        revert WrongRecipient(id, recipient, found.recipient);
    }

    function _admissible(UseCase storage found, Notice calldata notice) private view returns (bool) {
        if (notice.scope == 0) return false;
        if (notice.kind == NoticeKind.Objection) return notice.scope & ~found.objectionScope == 0;
        return notice.kind == NoticeKind.Consent && notice.scope & ~found.consentScope == 0
            && notice.scope & found.requiredScope == found.requiredScope;
    }

    function _hash(Application calldata application) private pure returns (bytes32) {
        bytes32[] memory sources = new bytes32[](application.sources.length);
        for (uint256 i = 0; i < sources.length; ++i) {
            sources[i] = keccak256(abi.encode(SOURCE, application.sources[i]));
        }
        return keccak256(
            bytes.concat(
                abi.encode(
                    APPLICATION,
                    application.applicant,
                    application.purpose,
                    keccak256(abi.encodePacked(sources)),
                    application.scope,
                    application.dataFrom,
                    application.dataUntil,
                    application.minimumCohort
                ),
                abi.encode(
                    application.longestDays,
                    application.retentionDays,
                    application.outputClass,
                    application.routine,
                    application.terms,
                    application.salt,
                    application.deadline
                )
            )
        );
    }
}
