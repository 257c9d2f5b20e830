// Does a receipt hold? Everything is computed here, from the paper alone; nothing is asked of the city.

import { concat, hex, keccak, textDigest, unhex, word } from "../../bytes.js";
import { consentDigest, lastDay } from "../../citizen/consent.js";
import { structHash } from "../../wallet/typed-data.js";
import { decodedEvent, headerOf, provenLog, signerOf } from "./chain.js";
import { Malformed } from "./rlp.js";

const GRANTED = {
  signature:
    "ConsentGranted(bytes32,uint32,bytes32,bool,bytes32,bytes32,bytes32,uint16,uint40,uint40,address,bytes32)",
  indexed: ["id", "useCase", "revocationHash"],
  fields: ["objection", "statement", "recipient", "until", "scope", "validUntil", "deadline", "signer", "commitment"],
};
const REVOKED = {
  signature: "ConsentRevoked(bytes32,uint32,uint8,bytes32)",
  indexed: ["id", "useCase"],
  fields: ["how", "mandate"],
};
const OPENED = {
  signature: "OrderOpened(bytes32,uint32,address,uint32,bytes32,uint64,uint40,uint16,bytes32)",
  indexed: ["id", "licence", "buyer"],
  fields: ["tariff", "request", "cap", "deadline", "discount", "nonce"],
};
const SETTLED = {
  signature: "OrderSettled(bytes32,uint32,uint32,uint64,(uint32,bytes32,bytes32,uint40,bytes32,uint32))",
  indexed: ["id", "licence", "tariff"],
  fields: ["charge", "units", "result", "manifest", "consentBlock", "consentRoot", "cohortSize"],
};
const REFUNDED = {
  signature: "OrderRefunded(bytes32,uint32,uint64,bytes32)",
  indexed: ["id", "licence"],
  fields: ["amount", "reason"],
};
const ORDER_QUOTE = "OrderQuote(uint32 licence,uint32 tariff,bytes32 request,uint64 cap,uint40 deadline,bytes32 salt)";
const COUNTERSIGNATURE = "Countersignature(uint32 useCase,bytes32 commitment,bytes32 consent)";
const DOMAIN = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const STATEMENT = "application/vnd.in-toto+json";
const WHOLE = 10_000n;

const asWord = (value) => hex(word(value));
const same = (one, other) => one.toLowerCase() === other.toLowerCase();

/** RFC 8785 for documents of whole numbers, texts, lists and objects. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

async function sha256(bytes) {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

export const cityDigest = (city) => sha256(new TextEncoder().encode(canonical(city)));

/** What was checked, each with whether it holds: true, false, or null where this page could not check it. */
class Report {
  checks = [];
  facts = {};

  note(id, holds) {
    const known = this.checks.find((one) => one.id === id);
    if (!known) this.checks.push({ id, holds });
    else if (known.holds !== false) known.holds = holds === true ? known.holds : holds;
  }
}

class Paper {
  constructor(document) {
    this.document = document;
    this.report = new Report();
    this.genesis = headerOf(document.genesis);
    this.newest = headerOf(document.newest);
  }

  /** It is of the city that the reader expects, and of one ledger. */
  async checkCity(expected) {
    this.report.note("city", (await cityDigest(this.document.city)) === expected);
    this.report.note("city", this.genesis.hash === this.document.city.genesis);
    await this.checkSeal(this.newest);
    this.report.facts.newest = { number: this.newest.number, time: this.newest.time };
  }

  async checkSeal(header) {
    const sequencer = this.genesis.namedSequencer;
    if (sequencer === null) return this.report.note("seals", null);
    this.report.note("seals", header.hash === this.genesis.hash || (await header.sealer()) === sequencer);
  }

  /** The event that evidence proves; null: it proves none of that kind. */
  async proven(evidence, contract, kind) {
    const log = provenLog(evidence);
    await this.checkSeal(log.header);
    const isOurs = same(log.address, this.document.city.addresses[contract]) && log.header.number <= this.newest.number;
    const values = isOurs ? decodedEvent(log, kind) : null;
    return values && { values, header: log.header };
  }
}

async function checkConsent(paper) {
  const { document, report } = paper;
  const { terms, own, city } = document;
  const domain = { chainId: city.chainId, contract: city.addresses.Consents };
  const said = { ...terms };
  const id = consentDigest(domain, said, {
    signer: unhex(own.signer),
    commitment: unhex(own.commitment),
    revocationHash: unhex(own.revocationHash),
  });
  report.note("sentence", hex(id) === document.consent && terms.until === lastDay(terms.validUntil));
  if (document.signature !== null) {
    const signer = await signerOf(id, unhex(document.signature.r), unhex(document.signature.vs));
    report.note("signed", signer !== null && same(signer, own.signer));
  }
  const struct = structHash(COUNTERSIGNATURE, { useCase: terms.useCase, commitment: own.commitment, consent: hex(id) });
  const digest = keccak(concat(Uint8Array.of(0x19, 0x01), separator("Stoa Consents", domain), struct));
  const registrar = await signerOf(digest, unhex(document.countersignature.r), unhex(document.countersignature.vs));
  report.note("vouched", registrar === null ? false : same(registrar, city.registrar) ? true : null);

  const granted = await paper.proven(document.granted, "Consents", GRANTED);
  const expected = {
    id: document.consent,
    useCase: asWord(terms.useCase),
    revocationHash: own.revocationHash,
    objection: asWord(document.objection ? 1 : 0),
    statement: hex(textDigest(terms.statement)),
    recipient: hex(textDigest(terms.recipient)),
    until: hex(textDigest(terms.until)),
    scope: asWord(terms.scope),
    validUntil: asWord(terms.validUntil),
    deadline: asWord(terms.deadline),
    signer: asWord(unhex(own.signer)),
    commitment: own.commitment,
  };
  report.note("recorded", granted !== null && Object.entries(expected).every(([name, value]) => same(granted.values[name], value)));
  report.facts.granted = granted && { number: granted.header.number, time: granted.header.time };
  if (document.revoked !== null) {
    const revoked = await paper.proven(document.revoked, "Consents", REVOKED);
    report.note("recorded", revoked !== null && revoked.values.id === document.consent);
    report.facts.revoked = revoked && { number: revoked.header.number, time: revoked.header.time };
  }
}

const separator = (name, { chainId, contract }) =>
  structHash(DOMAIN, { name, version: "1", chainId, verifyingContract: contract });

async function checkPurchase(paper) {
  const { document, report } = paper;
  const { quote, paid } = document;
  report.note("quoted", hex(structHash(ORDER_QUOTE, quote)) === document.order);
  const opened = await paper.proven(document.opened, "Settlement", OPENED);
  const expected = {
    id: document.order,
    licence: asWord(quote.licence),
    tariff: asWord(quote.tariff),
    request: quote.request,
    cap: asWord(quote.cap),
    deadline: asWord(quote.deadline),
  };
  report.note("quoted", opened !== null && Object.entries(expected).every(([name, value]) => opened.values[name] === value));
  const settled = await paper.proven(document.ended, "Settlement", SETTLED);
  const ended = settled ?? (await paper.proven(document.ended, "Settlement", REFUNDED));
  report.note("ended", ended !== null && ended.values.id === document.order);
  if (ended === null) return;
  const charge = settled ? BigInt(ended.values.charge) : 0n;
  report.note("paid", adds(paid, quote, charge, settled !== null));
  if (settled) report.note("statement", await checkStatement(document, ended.values));
  report.facts.ended = { number: ended.header.number, time: ended.header.time };
  report.facts.charge = charge.toString();
  report.facts.state = settled ? "settled" : "refunded";
}

/** Whether charge and what came back are the escrow, and the parts are the charge, each payee's as its share says. */
function adds(paid, quote, charge, settled) {
  const [cap, back] = [BigInt(paid.cap), BigInt(paid.back)];
  if (cap !== BigInt(quote.cap) || BigInt(paid.charge) !== charge || cap !== charge + back) return false;
  if (!settled) return paid.shares.length === 0;
  const parts = paid.shares.reduce((sum, one) => sum + BigInt(one.amount), 0n);
  const payees = paid.shares.filter((one) => one.party !== 0);
  return parts === charge && payees.every((one) => BigInt(one.amount) === (charge * BigInt(one.basisPoints)) / WHOLE);
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));

/** The signed statement (DSSE, Ed25519): null where this browser cannot check such a signature. */
async function checkStatement(document, settled) {
  const { payload, payloadType, signatures } = document.statement;
  const [bytes, [first]] = [fromBase64(payload), signatures];
  if (payloadType !== STATEMENT || !same(first.keyid, document.city.attestor)) return false;
  const message = concat(new TextEncoder().encode(`DSSEv1 ${STATEMENT.length} ${STATEMENT} ${bytes.length} `), bytes);
  let key;
  try {
    key = await crypto.subtle.importKey("raw", unhex(first.keyid), { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return null;
  }
  if (!(await crypto.subtle.verify("Ed25519", key, fromBase64(first.sig), message))) return false;
  const said = JSON.parse(new TextDecoder().decode(bytes)).predicate;
  return (
    said.order === document.order &&
    said.charge === BigInt(settled.charge).toString() &&
    said.result === settled.result &&
    said.manifest === settled.manifest &&
    said.consentRoot === settled.consentRoot &&
    asWord(said.consentBlock) === settled.consentBlock &&
    asWord(said.cohortSize) === settled.cohortSize &&
    asWord(said.units) === settled.units &&
    said.city === (await cityDigest(document.city))
  );
}

const KINDS = { "consent-receipt/1": checkConsent, "purchase-receipt/1": checkPurchase };

export class NoReceipt extends Error {}

/** What is right and wrong with a receipt. Raises NoReceipt for what is none. */
export async function examine(text, expectedCity) {
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    throw new NoReceipt();
  }
  const check = Object.hasOwn(KINDS, document?.stoa ?? "") ? KINDS[document.stoa] : null;
  if (!check) throw new NoReceipt();
  let paper;
  try {
    paper = new Paper(document);
    await paper.checkCity(expectedCity);
    await check(paper);
  } catch (error) {
    if (!(error instanceof Malformed || error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError)) throw error;
    const report = paper?.report ?? new Report();
    report.note("readable", false);
    return { kind: document.stoa, document, report };
  }
  return { kind: document.stoa, document, report: paper.report };
}
