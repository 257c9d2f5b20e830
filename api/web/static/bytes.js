// Bytes, words of the ledger's ABI, and keccak256.

import { keccak_256 } from "./vendor/noble-hashes/sha3.js";

export const keccak = (bytes) => keccak_256(bytes);

/** keccak256 of the NFC UTF-8 bytes of a text. */
export const textDigest = (text) => keccak(new TextEncoder().encode(text.normalize("NFC")));

export const hex = (bytes) => "0x" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function unhex(text) {
  const digits = text.replace(/^0x/, "");
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new RangeError("not hexadecimal");
  return Uint8Array.from(digits.match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** A whole number, an address or a digest as one 32-byte word. */
export function word(value) {
  const bytes = value instanceof Uint8Array ? value : unhex(BigInt(value).toString(16).padStart(64, "0"));
  if (bytes.length > 32) throw new RangeError("longer than a word");
  return concat(new Uint8Array(32 - bytes.length), bytes);
}

export const random = (length) => crypto.getRandomValues(new Uint8Array(length));
