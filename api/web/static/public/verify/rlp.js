// Recursive length prefix: bytes, and lists of them.

import { concat } from "../../bytes.js";

export class Malformed extends Error {}

/** One item and where the next one begins. */
function item(bytes, at) {
  const first = bytes[at];
  if (first === undefined) throw new Malformed("it ends too early");
  if (first < 0x80) return [bytes.slice(at, at + 1), at + 1];
  const isList = first >= 0xc0;
  const [short, long] = isList ? [0xc0, 0xf7] : [0x80, 0xb7];
  let start = at + 1;
  let length = first - short;
  if (first > long) {
    const size = first - long;
    if (size > 4) throw new Malformed("a length is too long");
    length = bytes.slice(start, start + size).reduce((sum, byte) => sum * 256 + byte, 0);
    start += size;
  }
  const end = start + length;
  if (end > bytes.length) throw new Malformed("it ends too early");
  if (!isList) return [bytes.slice(start, end), end];
  const items = [];
  for (let place = start; place < end; ) {
    const [one, next] = item(bytes, place);
    if (next > end) throw new Malformed("an item is longer than its list");
    items.push(one);
    place = next;
  }
  return [items, end];
}

/** The list that these bytes are. */
export function decodedList(bytes) {
  const [found, end] = item(bytes, 0);
  if (!Array.isArray(found) || end !== bytes.length) throw new Malformed("it is no list");
  return found;
}

function headed(short, content) {
  if (content.length < 56) return concat(Uint8Array.of(short + content.length), content);
  const length = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
  return concat(Uint8Array.of(short + 55 + length.length, ...length), content);
}

/** The bytes of an item. */
export function encoded(value) {
  if (Array.isArray(value)) return headed(0xc0, concat(...value.map(encoded)));
  return value.length === 1 && value[0] < 0x80 ? value : headed(0x80, value);
}

/** A whole number as an item. */
export function whole(number) {
  const bytes = [];
  for (let rest = number; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}

export const numberOf = (bytes) => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
