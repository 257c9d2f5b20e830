// A partner's program on ethers: reads a task on standard input, acts on the ledger, prints what it saw.
import { readFileSync } from "node:fs";

import {
  AbiCoder,
  Contract,
  ContractFactory,
  FetchRequest,
  JsonRpcProvider,
  Signature,
  TypedDataEncoder,
  Wallet,
  hexlify,
  keccak256,
  randomBytes,
} from "ethers";

const task = JSON.parse(readFileSync(0, "utf8"));
let posted = 0;
const endpoint = new FetchRequest(task.url);
endpoint.preflightFunc = async (request) => {
  posted += 1;
  return request;
};
const ledger = new JsonRpcProvider(endpoint, undefined, { polling: true, pollingInterval: 50, cacheTimeout: -1 });
const lab = new Wallet(task.key, ledger);
const registrar = new Wallet(task.registrarKey);
const consents = new Contract(task.consents.address, task.consents.abi, ledger);
const { Consent, Countersignature } = task.types;

async function sendRaw(wallet, functionName, args, fields = {}) {
  const request = await consents.connect(wallet)[functionName].populateTransaction(...args);
  const filled = await wallet.populateTransaction({ ...request, ...fields });
  return ledger.broadcastTransaction(await wallet.signTransaction(filled));
}

// A failed transaction is an answer here, too.
async function mined(sent) {
  return sent.wait().catch((error) => error.receipt);
}

function packed(signature) {
  const { r, yParityAndS } = Signature.from(signature);
  return { r, vs: yParityAndS };
}

// What the citizen's wallet shows and signs are sentences; the contract gets their hashes.
async function consentOf(wallet) {
  const own = { signer: wallet.address, commitment: hexlify(randomBytes(32)), revocationHash: task.code.hash };
  const message = { ...task.sentences, ...own };
  const id = TypedDataEncoder.hash(task.domain, { Consent }, message);
  const word = { useCase: task.sentences.useCase, commitment: own.commitment, consent: id };
  return {
    id,
    own,
    signature: packed(await wallet.signTypedData(task.domain, { Consent }, message)),
    countersignature: packed(await registrar.signTypedData(task.domain, { Countersignature }, word)),
  };
}

async function refusalOf(wallet, functionName, args) {
  try {
    await consents.connect(wallet)[functionName].staticCall(...args);
  } catch (error) {
    return { name: error.revert.name, values: Array.from(error.revert.args, String) };
  }
  return null;
}

async function callFits(wallet, functionName, args, gasLimit) {
  return consents.connect(wallet)[functionName].staticCall(...args, { gasLimit }).then(
    () => true,
    () => false,
  );
}

async function messageOf(promise) {
  return promise.then(
    () => null,
    (error) => error.info?.error?.message ?? error.error?.message ?? error.message,
  );
}

const report = { client: "ethers", chainId: Number((await ledger.getNetwork()).chainId) };

const factory = new ContractFactory(task.deploy.abi, task.deploy.bytecode, lab);
const credit = await factory.deploy(...task.deploy.arguments);
await credit.waitForDeployment();
report.deployed = {
  name: await credit.name(),
  decimals: Number(await credit.decimals()),
  code: await ledger.getCode(await credit.getAddress()),
};

const watched = [];
await consents.on("ConsentGranted", (id) => watched.push(id));
const filter = await ledger.send("eth_newFilter", [
  { address: task.consents.address, topics: [consents.interface.getEvent("ConsentRevoked").topicHash] },
]);

// Anna sends for herself; Ben's consent is carried by Lab, who has no power of its own.
const anna = Wallet.createRandom(ledger);
const ben = Wallet.createRandom();
const hers = await consentOf(anna);
const his = await consentOf(ben);
const grantHers = [task.terms, hers.own, hers.countersignature];
const { id: _, ...hisGrant } = his;
const granted = [
  await mined(await sendRaw(anna, "grant", grantHers)),
  await mined(await sendRaw(lab, "grantBySignature", [task.terms, hisGrant])),
];
report.granted = {
  ids: [hers.id, his.id],
  statuses: granted.map((receipt) => receipt.status === 1),
  inForce: [(await consents.consent(hers.id)).grantedIn > 0n, (await consents.consent(his.id)).grantedIn > 0n],
};

const byCode = [task.terms, his.own, BigInt(task.code.value)];
report.refusals = {
  again: await refusalOf(anna, "grant", grantHers),
  stranger: await refusalOf(lab, "revoke", [task.terms, hers.own]),
  wrongCode: await refusalOf(lab, "revokeByCode", [task.terms, his.own, BigInt(task.wrongCode)]),
};
const doomed = await mined(await sendRaw(lab, "revoke", [task.terms, hers.own], { gasLimit: 100_000n }));
report.refusals.mined = doomed.status === 1;

const gas = await consents.connect(lab).revokeByCode.estimateGas(...byCode);
report.estimate = {
  gas,
  enough: await callFits(lab, "revokeByCode", byCode, gas),
  oneLess: await callFits(lab, "revokeByCode", byCode, gas - 1n),
};
const revoked = [
  await mined(await sendRaw(anna, "revoke", [task.terms, hers.own])),
  await mined(await sendRaw(lab, "revokeByCode", byCode, { gasLimit: gas })),
];
report.revoked = {
  statuses: revoked.map((receipt) => receipt.status === 1),
  inForce: await Promise.all([hers.id, his.id].map((id) => consents.isInForce(id))),
};

const idIn = (log) => consents.interface.parseLog(log).args.id;
const since = granted[0].blockNumber;
report.logs = {
  granted: (await consents.queryFilter(consents.filters.ConsentGranted(null, task.terms.useCase), since)).map(idIn),
  byCode: (await consents.queryFilter(consents.filters.ConsentGranted(null, null, task.code.hash), 0)).length,
  filtered: (await ledger.send("eth_getFilterChanges", [filter])).map(idIn),
  again: (await ledger.send("eth_getFilterChanges", [filter])).length,
  uninstalled: await ledger.send("eth_uninstallFilter", [filter]),
};
for (let waits = 0; watched.length < 2 && waits < 100; waits += 1) await new Promise((done) => setTimeout(done, 50));
await consents.removeAllListeners();
report.logs.watched = watched;

const place = keccak256(AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256"], [hers.id, task.consents.slot]));
const block = await ledger.getBlock("latest");
const told = await ledger.send("eth_getProof", [task.consents.address, [place], "0x" + block.number.toString(16)]);
report.proof = { place, stateRoot: block.stateRoot, told };

const before = posted;
const many = await Promise.all(Array.from({ length: 20 }, () => ledger.getBalance(lab.address)));
report.batch = { answers: many.length, posted: posted - before };

// The later nonce first: it waits for the earlier one, and nothing else may take its place.
const nonce = await lab.getNonce("latest");
const signed = async (at, data) =>
  lab.signTransaction(await lab.populateTransaction({ to: lab.address, nonce: at, data, gasLimit: 30_000n }));
const later = await ledger.broadcastTransaction(await signed(nonce + 1));
report.gap = {
  waits: (await ledger.getTransactionReceipt(later.hash)) === null ? "no receipt" : null,
  pending: (await lab.getNonce("pending")) - nonce,
  replacement: await messageOf(ledger.send("eth_sendRawTransaction", [await signed(nonce + 1, "0x01")])),
};
const earlier = await ledger.broadcastTransaction(await signed(nonce));
report.gap.mined = [await mined(earlier), await mined(later)].map((receipt) => receipt.status === 1);
report.gap.used = await messageOf(ledger.send("eth_sendRawTransaction", [await signed(nonce, "0x02")]));

process.stdout.write(JSON.stringify(report, (_key, value) => (typeof value === "bigint" ? value.toString() : value)));
process.exit(0);
