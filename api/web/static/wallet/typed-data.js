// EIP-712: what organisations sign, made on this page from what it shows, and its digests.

import { concat, hex, keccak, textDigest, unhex, word } from "../bytes.js";

const JOIN = "Join(uint8 class,string name,address account,uint40 deadline)";
const SOURCE = "Source(uint32 dataset,uint8 ground,bool optional)";
const APPLICATION =
  "Application(uint32 applicant,bytes32 purpose,Source[] sources,bytes32 scope,uint40 dataFrom,uint40 dataUntil," +
  "uint32 minimumCohort,uint16 longestDays,uint16 retentionDays,uint8 outputClass,bytes32 routine,bytes32 terms," +
  "bytes32 salt,uint40 deadline)";
const REGISTRATION =
  "Registration(uint32 steward,uint8 topic,bool subject,bool sensitive,bytes32 metadata,bytes32 salt,uint40 deadline)";
const VERSION = "Version(uint32 dataset,bytes32 root,uint32 leaves,uint64 rows,bytes32 content,uint40 deadline)";
const PAYMENT =
  "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)";
const LICENCE_QUOTE = "LicenceQuote(uint32 useCase,uint32 tariff,uint64 price,uint40 deadline,bytes32 salt)";
const ORDER_QUOTE = "OrderQuote(uint32 licence,uint32 tariff,bytes32 request,uint64 cap,uint40 deadline,bytes32 salt)";
const DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

const nameOf = (type) => type.slice(0, type.indexOf("("));

const fieldsOf = (type) =>
  type
    .slice(type.indexOf("(") + 1, type.indexOf(")"))
    .split(",")
    .map((field) => {
      const [kind, name] = field.split(" ");
      return { name, type: kind };
    });

/** Which other types a type is made of. */
const PARTS = { [APPLICATION]: SOURCE };

function encoded(kind, value, parts) {
  if (kind === "string") return textDigest(value);
  if (kind.endsWith("[]")) return keccak(concat(...value.map((one) => structHash(parts, one))));
  if (kind === "bool") return word(value ? 1n : 0n);
  if (kind === "bytes32") return unhex(value);
  return word(BigInt(value));
}

/** keccak256 of a struct's type and fields. */
export function structHash(type, message) {
  const parts = PARTS[type];
  const fields = fieldsOf(type).map((field) => encoded(field.type, message[field.name], parts));
  return keccak(concat(keccak(new TextEncoder().encode(type + (parts ?? ""))), ...fields));
}

/** A struct as a wallet shows it (`eth_signTypedData_v4`), for one contract of the city. */
function typedDocument(city, name, contract, type, message) {
  const domain = { name, version: "1", chainId: city.chainId, verifyingContract: city.addresses[contract] };
  const types = { EIP712Domain: fieldsOf(DOMAIN), [nameOf(type)]: fieldsOf(type) };
  if (PARTS[type]) types[nameOf(PARTS[type])] = fieldsOf(PARTS[type]);
  return { types, primaryType: nameOf(type), domain, message };
}

const instant = (text) => (text === null ? 0 : Date.parse(text) / 1000);
const MICRO = 1_000_000;

/** Credits as they are written, "12.50", in micro-credits. */
export function micro(amount) {
  const [whole, rest = ""] = amount.split(".");
  return BigInt(whole) * BigInt(MICRO) + BigInt(rest.padEnd(6, "0"));
}

export const joining = (city, form, classes) =>
  typedDocument(city, "Stoa Participants", "Participants", JOIN, {
    class: classes[form.class],
    name: form.name,
    account: form.account,
    deadline: instant(form.deadline),
  });

export const applying = (city, form) =>
  typedDocument(city, "Stoa Use Cases", "UseCases", APPLICATION, {
    applicant: form.applicant,
    purpose: form.purpose,
    sources: form.sources,
    scope: form.scope,
    dataFrom: instant(form.data_from),
    dataUntil: instant(form.data_until),
    minimumCohort: form.minimum_cohort,
    longestDays: form.longest_days,
    retentionDays: form.retention_days,
    outputClass: form.output_class,
    routine: form.routine,
    terms: form.terms,
    salt: form.salt,
    deadline: instant(form.deadline),
  });

export const registering = (city, form) =>
  typedDocument(city, "Stoa Datasets", "Datasets", REGISTRATION, { ...form, deadline: instant(form.deadline) });

export const publishing = (city, form) =>
  typedDocument(city, "Stoa Datasets", "Datasets", VERSION, { ...form, deadline: instant(form.deadline) });

/** A payment to the city's settlement, bound to one quote: nobody can take it for anything else. */
function paying(city, account, amount, deadline, nonce) {
  return typedDocument(city, "Stoa City Credit", "CityCredit", PAYMENT, {
    from: account,
    to: city.addresses.Settlement,
    value: amount.toString(),
    validAfter: 0,
    validBefore: instant(deadline),
    nonce: hex(nonce),
  });
}

/** The payment for a licence as its quote is shown. */
export function buying(city, account, form) {
  const price = micro(form.price);
  const quote = { useCase: form.use_case, tariff: form.tariff, price, deadline: instant(form.deadline), salt: form.salt };
  return paying(city, account, price, form.deadline, structHash(LICENCE_QUOTE, quote));
}

/** The payment for one run as its quote is shown: what waits in escrow. */
export function ordering(city, account, form) {
  const cap = micro(form.cap);
  const quote = {
    licence: form.licence,
    tariff: form.tariff,
    request: form.request,
    cap,
    deadline: instant(form.deadline),
    salt: form.salt,
  };
  return paying(city, account, cap, form.deadline, structHash(ORDER_QUOTE, quote));
}
