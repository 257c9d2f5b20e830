// What stands in a sealed block: headers with the sequencer's seal, and events with the way to their block's root.

import { concat, hex, keccak, textDigest, unhex } from "../../bytes.js";
import * as secp256k1 from "../../vendor/noble-secp256k1/index.js";
import { decodedList, encoded, Malformed, numberOf, whole } from "./rlp.js";

const [RECEIPTS, NUMBER, TIME, EXTRA, BEACON, FIELDS] = [5, 8, 11, 12, 19, 21];

/** The address that made a compact signature (EIP-2098: the parity is the top bit of `vs`), or null. */
export async function signerOf(digest, r, vs) {
  const s = Uint8Array.from(vs);
  const parity = s[0] >> 7;
  s[0] &= 0x7f;
  try {
    const signature = concat(Uint8Array.of(parity), r, s);
    const point = await secp256k1.recoverPublicKeyAsync(signature, digest, { prehash: false, isCompressed: false });
    return hex(keccak(point.slice(1)).slice(12));
  } catch {
    return null;
  }
}

/** A block's header. A genesis block names its sequencer and has no seal. */
export function headerOf(text) {
  const raw = unhex(text);
  const fields = decodedList(raw);
  if (fields.length !== FIELDS) throw new Malformed("it is no header");
  return {
    hash: hex(keccak(raw)),
    number: numberOf(fields[NUMBER]),
    time: numberOf(fields[TIME]),
    receiptsRoot: fields[RECEIPTS],
    namedSequencer: fields[EXTRA].length === 20 ? hex(fields[EXTRA]) : null,
    async sealer() {
      if (fields[EXTRA].length !== 32 || fields[BEACON].length !== 32) return null;
      const blank = [...fields];
      blank[EXTRA] = new Uint8Array(0);
      blank[BEACON] = new Uint8Array(32);
      return signerOf(keccak(encoded(blank)), fields[BEACON], fields[EXTRA]);
    },
  };
}

const digits = (bytes) => hex(bytes).slice(2);

/** The value under `key` in the trie with this root, led to by the proof's nodes. */
function valueAt(root, key, nodes) {
  const byHash = new Map(nodes.map((node) => [hex(keccak(node)), node]));
  const open = (reference) => {
    if (Array.isArray(reference)) return reference;
    const raw = byHash.get(hex(reference));
    if (!raw) throw new Malformed("the proof lacks a node");
    return decodedList(raw);
  };
  let [node, rest] = [open(root), digits(key)];
  for (;;) {
    let below;
    if (node.length === 17) {
      if (!rest) return node[16];
      [below, rest] = [node[parseInt(rest[0], 16)], rest.slice(1)];
    } else if (node.length === 2) {
      const path = digits(node[0]);
      const flag = parseInt(path[0], 16);
      const shared = path.slice(flag & 1 ? 1 : 2);
      if (flag & 2) return shared === rest ? node[1] : null;
      if (!rest.startsWith(shared)) return null;
      [below, rest] = [node[1], rest.slice(shared.length)];
    } else {
      throw new Malformed("a node of the proof has another shape");
    }
    if (below.length === 0) return null;
    node = open(below);
  }
}

/** The log that evidence is about, with its block. */
export function provenLog(evidence) {
  const header = headerOf(evidence.header);
  const found = valueAt(header.receiptsRoot, encoded(whole(evidence.transaction)), evidence.proof.map(unhex));
  if (!found) throw new Malformed("the block has no such receipt");
  const receipt = decodedList(found[0] < 0x80 ? found.slice(1) : found);
  const log = receipt[3]?.[evidence.log];
  if (!log) throw new Malformed("the receipt has no such log");
  const [address, topics, data] = log;
  return { header, address: hex(address), topics: topics.map(hex), data };
}

/** An event's fields by name, each as 32 bytes in hexadecimal. `indexed` and `fields` in their order. */
export function decodedEvent(log, { signature, indexed, fields }) {
  if (log.topics[0] !== hex(textDigest(signature))) return null;
  const values = {};
  indexed.forEach((name, place) => (values[name] = log.topics[place + 1]));
  fields.forEach((name, place) => (values[name] = hex(log.data.slice(32 * place, 32 * place + 32))));
  return values;
}
