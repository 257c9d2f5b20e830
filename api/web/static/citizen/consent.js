// A consent as EIP-712 has it: what is signed is computed here from the sentences that the page shows,
// never taken from the server. The contract and ledger/typed_data.py compute the same.

import { concat, hex, keccak, random, textDigest, unhex, word } from "../bytes.js";
import * as secp256k1 from "../vendor/noble-secp256k1/index.js";

const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const CONSENT_TYPE =
  "Consent(string statement,string recipient,string until,uint32 useCase,uint16 scope,uint40 validUntil," +
  "uint40 deadline,address signer,bytes32 commitment,bytes32 revocationHash)";
const DOMAIN_NAME = "Stoa Consents";
const DOMAIN_VERSION = "1";

/** The last full UTC day before `validUntil` (unix seconds), as the contract writes it: "2027-05-21". */
export const lastDay = (validUntil) => new Date((validUntil - 1) * 1000).toISOString().slice(0, 10);

const separator = ({ chainId, contract }) =>
  keccak(
    concat(
      textDigest(DOMAIN_TYPE),
      textDigest(DOMAIN_NAME),
      textDigest(DOMAIN_VERSION),
      word(chainId),
      word(unhex(contract)),
    ),
  );

/**
 * What a citizen signs. `said`: the sentence, the recipient's name and the end as the page shows them, with the use
 * case, the choice of data and the deadline. `own`: signer, commitment and revocation hash.
 */
export function consentDigest(city, said, own) {
  const struct = keccak(
    concat(
      textDigest(CONSENT_TYPE),
      textDigest(said.statement),
      textDigest(said.recipient),
      textDigest(lastDay(said.validUntil)),
      word(said.useCase),
      word(said.scope),
      word(said.validUntil),
      word(said.deadline),
      word(own.signer),
      word(own.commitment),
      word(own.revocationHash),
    ),
  );
  return keccak(concat(Uint8Array.of(0x19, 0x01), separator(city), struct));
}

/** keccak256(reference || salt): means her as long as the two are kept. */
export const commitmentTo = (reference, salt) => keccak(concat(reference, salt));

export const freshSalt = () => random(32);

/** A key made for one consent, and the 20-byte address it signs under. */
export function freshKey() {
  const secret = secp256k1.utils.randomSecretKey();
  return { secret, signer: addressOf(secret) };
}

export const addressOf = (secret) => keccak(secp256k1.getPublicKey(secret, false).slice(1)).slice(12);

/** The signature as the contracts take it (EIP-2098): the parity of v is the top bit of s. */
export async function signed(digest, secret) {
  const signature = await secp256k1.signAsync(digest, secret, { prehash: false, format: "recovered" });
  const [parity, r, vs] = [signature[0], signature.slice(1, 33), signature.slice(33, 65)];
  vs[0] |= parity << 7;
  return { r: hex(r), vs: hex(vs) };
}
