// The code on a citizen's paper, as ledger/revocation_code.py makes and reads it.

import { keccak, random, word } from "../bytes.js";

const ALPHABET = "123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BASE = ALPHABET.length;
const LENGTH = 20;
const UNBIASED = 256 - (256 % BASE);

/** The check character's value: values weighted 20 (first) to 1 (last) sum to 0 modulo 31. */
function checkOf(digits) {
  const sum = digits.reduce((sum, digit, place) => sum + (LENGTH - place) * digit, 0);
  return (BASE - (sum % BASE)) % BASE;
}

function randomDigit() {
  for (;;) {
    const [byte] = random(1);
    if (byte < UNBIASED) return byte % BASE;
  }
}

/** A fresh code of 20 characters. */
export function freshCode() {
  const digits = Array.from({ length: LENGTH - 1 }, randomDigit);
  return written([...digits, checkOf(digits)]);
}

/** The code that 19 given values (0 to 30) begin. */
export const codeOf = (digits) => written([...digits, checkOf(digits)]);

const written = (digits) => digits.map((digit) => ALPHABET[digit]).join("");

/** In groups of four, as on paper. */
export const grouped = (code) => code.match(/.{4}/g).join("-");

/** What the ledger knows of the code before it is used. */
export function revocationHash(code) {
  const value = Array.from(code).reduce((value, letter) => value * BigInt(BASE) + BigInt(ALPHABET.indexOf(letter)), 0n);
  return keccak(word(value));
}
