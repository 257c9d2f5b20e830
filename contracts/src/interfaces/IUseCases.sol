// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Class, Signature} from "../Types.sol";

/// @title What everything hangs on: a purpose, a scope and a routine that a partner applied for and the city decided
/// @notice Its terms never change. Any change, also a loosened condition, is a new use case to which no consent
/// carries over.
interface IUseCases {
    enum State {
        None,
        Applied,
        Denied,
        Allowed,
        Closed
    }

    /// @notice The legal ground on which one dataset is used (GDPR art. 6(1)).
    enum Ground {
        NotPersonal,
        Consent,
        Contract,
        LegalObligation,
        VitalInterest,
        PublicTask,
        LegitimateInterest
    }

    enum NoticeKind {
        None,
        Consent,
        Objection
    }

    /// @notice EIP-712 type: `Source(uint32 dataset,uint8 ground,bool optional)`.
    struct Source {
        uint32 dataset;
        Ground ground;
        /// @dev Whether a citizen may leave this dataset out of her consent.
        bool optional;
    }

    /// @notice What a partner signs. EIP-712 type:
    /// `Application(uint32 applicant,bytes32 purpose,Source[] sources,bytes32 scope,uint40 dataFrom,uint40 dataUntil,uint32 minimumCohort,uint16 longestDays,uint16 retentionDays,uint8 outputClass,bytes32 routine,bytes32 terms,bytes32 salt,uint40 deadline)Source(uint32 dataset,uint8 ground,bool optional)`.
    struct Application {
        uint32 applicant;
        /// @dev keccak256 of the W3C DPV term's IRI.
        bytes32 purpose;
        /// @dev Bit i of a scope stands for source i. At most 8, at most 3 of them optional.
        Source[] sources;
        /// @dev Digest of the scope document: columns, granularity, what leaves the city.
        bytes32 scope;
        /// @dev Period of the data, unix seconds; 0 and 0 for all.
        uint40 dataFrom;
        uint40 dataUntil;
        uint32 minimumCohort;
        /// @dev Longest duration of a consent, and of the data's use, in days.
        uint16 longestDays;
        /// @dev How long the recipient may keep a result, in days.
        uint16 retentionDays;
        /// @dev 1 = aggregates only. No other class exists yet.
        uint8 outputClass;
        bytes32 routine;
        bytes32 terms;
        bytes32 salt;
        uint40 deadline;
    }

    /// @notice What the city decides. Conditions can only tighten what was applied for.
    struct Decision {
        bool allowed;
        uint32 minimumCohort;
        uint16 longestDays;
        bytes32 reason;
        bytes32 conditions;
    }

    /// @notice A published rule under which a use case without personal data is allowed at once.
    struct Rule {
        /// @dev A DPV purpose, or 0 for every purpose.
        bytes32 purpose;
        /// @dev Bit n allows applicants of class n.
        uint16 classes;
        uint16 longestDays;
        uint16 retentionDays;
        bytes32 text;
    }

    struct Notice {
        /// @dev BCP 47 primary language subtag, ASCII, right-padded.
        bytes5 language;
        NoticeKind kind;
        uint16 scope;
        /// @dev keccak256 of the NFC UTF-8 statement.
        bytes32 statement;
    }

    struct UseCase {
        uint32 applicant;
        State state;
        bool personal;
        bool sensitive;
        uint8 outputClass;
        uint16 longestDays;
        uint16 retentionDays;
        uint32 minimumCohort;
        uint16 consentScope;
        uint16 requiredScope;
        uint16 objectionScope;
        bytes32 recipient;
        bytes32 purpose;
        bytes32 routine;
        bytes32 terms;
    }

    event UseCaseApplied(uint32 indexed id, uint32 indexed applicant, bytes32 indexed purpose, Application application);
    event DecisionProposed(uint32 indexed id, address indexed by, bytes32 decision);
    /// @notice `rule` is 0 for a decision by persons; `second` is 0 unless two were needed.
    event UseCaseDecided(
        uint32 indexed id, Decision decision, bytes32 recipient, uint32 rule, address by, address second
    );
    event RulePublished(uint32 indexed rule, Rule terms);
    event RuleRetired(uint32 indexed rule);
    event NoticePublished(uint32 indexed id, bytes32 indexed statement, bytes5 language, NoticeKind kind, uint16 scope);
    event NoticeRetired(uint32 indexed id, bytes32 indexed statement);
    event UseCaseClosed(uint32 indexed id, bytes32 reason);

    error UnknownUseCase(uint32 id);
    error WrongUseCaseState(uint32 id, State state);
    error SourcesNotAscending();
    error TooManySources(uint256 sources, uint256 optional_);
    error NoSources();
    error WrongGround(uint32 dataset, Ground ground);
    error CohortBelowFloor(uint32 minimumCohort, uint32 floor);
    error UnknownOutputClass(uint8 outputClass);
    error WrongPeriod(uint40 from, uint40 until);
    error NoDuration();
    error ConditionLoosened(uint32 minimumCohort, uint16 longestDays);
    error SecondPersonNeeded(address first);
    error RuleDoesNotApply(uint32 id, uint32 rule);
    error NoticeAlreadyPublished(uint32 id, bytes32 statement);
    error NoticeNotPublished(uint32 id, bytes32 statement);
    error NoticeIsRetired(uint32 id, bytes32 statement);
    error NoticeScopeNotAdmissible(uint32 id, uint16 scope);
    error ObjectionNoticeStays(uint32 id, bytes32 statement);
    error ReasonMissing();
    error WrongScope(uint32 id, uint16 scope, uint16 published);
    error WrongRecipient(uint32 id, bytes32 recipient, bytes32 expected);
    error ApplicantFrozen(uint32 applicant);
    error NotParticipants(address caller);
    error NotTheApplicant(uint32 id, address account);

    /// @notice Files an application under the applicant's signature. Anyone may carry it.
    function apply_(Application calldata application, Signature calldata signature) external returns (uint32 id);

    /// @notice Decides, finally. Operators only; a use case on sensitive data takes the same decision of a second operator.
    function decide(uint32 id, Decision calldata decision) external;

    /// @notice Allows a use case on data that is neither personal nor sensitive and matches a published rule. Anyone may call.
    function decideByRule(uint32 id, uint32 rule) external;

    /// @notice Operators only.
    function publishRule(Rule calldata rule) external returns (uint32 number);
    /// @notice Operators only. What was allowed by it stays allowed.
    function retireRule(uint32 number) external;

    /// @notice Publishes the exact text citizens may sign, for one language and one admissible choice of scope. Operators only.
    function publishNotice(uint32 id, Notice calldata notice) external;
    /// @notice Ends new grants under a notice; consents given under it stay. Operators only. A notice that lets people
    /// object cannot be retired.
    function retireNotice(uint32 id, bytes32 statement) external;

    /// @notice Ends new licences, orders and consents; open orders run out. Operators only.
    function close(uint32 id, bytes32 reason) external;

    /// @notice Called by Participants within the block of a freeze, so that a grant or an order asks one contract only.
    function setApplicantFrozen(uint32 applicant, bool frozen) external;

    function count() external view returns (uint32);
    function ruleCount() external view returns (uint32);
    function useCase(uint32 id) external view returns (UseCase memory);

    /// @notice Reverts, by name, unless a grant under this notice is welcome now.
    /// @dev An objection is welcome as long as answers may still be computed: also while the applicant is frozen and after
    /// the use case was closed, since open orders run out.
    /// @return longestDays the longest duration of a consent; an objection has none
    /// @return objection whether the notice is an objection
    function requireGrantable(uint32 id, bytes32 statement, bytes32 recipient, uint16 scope)
        external
        view
        returns (uint16 longestDays, bool objection);

    /// @notice Reverts unless `account` may buy for this use case now.
    function requireOpenFor(uint32 id, address account) external view returns (uint32 applicant, Class class);

    /// @notice What bounds a licence: the terms, and the longest duration in days.
    function boundsOf(uint32 id) external view returns (bytes32 terms, uint16 longestDays);
}
