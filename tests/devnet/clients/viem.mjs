// A partner's program on viem: reads a task on standard input, acts on the ledger, prints what it saw.
import { readFileSync } from "node:fs";

import {
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  encodeFunctionData,
  hashTypedData,
  http,
  keccak256,
  encodeAbiParameters,
  parseSignature,
  pad,
  toHex,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

const task = JSON.parse(readFileSync(0, "utf8"));
const { abi, address } = task.consents;
const chain = defineChain({
  id: task.chainId,
  name: "Stoa",
  nativeCurrency: { name: "none", symbol: "NONE", decimals: 18 },
  rpcUrls: { default: { http: [task.url] } },
});
let posted = 0;
const transport = http(task.url, { batch: true, onFetchRequest: () => void (posted += 1) });
const ledger = createPublicClient({ chain, transport, pollingInterval: 50 });
const walletOf = (account) => createWalletClient({ account, chain, transport });
const lab = walletOf(privateKeyToAccount(task.key));
const registrar = privateKeyToAccount(task.registrarKey);

async function mined(hash) {
  return ledger.waitForTransactionReceipt({ hash });
}

async function sendRaw(wallet, functionName, args, fields = {}) {
  const data = encodeFunctionData({ abi, functionName, args });
  const request = await wallet.prepareTransactionRequest({ to: address, data, ...fields });
  return ledger.sendRawTransaction({ serializedTransaction: await wallet.signTransaction(request) });
}

function packed(signature) {
  const { r, s, yParity } = parseSignature(signature);
  return { r, vs: toHex(BigInt(s) | (BigInt(yParity) << 255n), { size: 32 }) };
}

// What the citizen's wallet shows and signs are sentences; the contract gets their hashes.
async function consentOf(account) {
  const own = { signer: account.address, commitment: keccak256(generatePrivateKey()), revocationHash: task.code.hash };
  const document = {
    domain: task.domain,
    types: task.types,
    primaryType: "Consent",
    message: { ...task.sentences, ...own },
  };
  const id = hashTypedData(document);
  const countersignature = await registrar.signTypedData({
    domain: task.domain,
    types: task.types,
    primaryType: "Countersignature",
    message: { useCase: task.sentences.useCase, commitment: own.commitment, consent: id },
  });
  const signature = packed(await account.signTypedData(document));
  return { id, own, signature, countersignature: packed(countersignature) };
}

async function refusalOf(account, functionName, args) {
  try {
    await ledger.simulateContract({ abi, address, functionName, args, account });
  } catch (error) {
    const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
    return { name: reverted.data.errorName, values: reverted.data.args };
  }
  return null;
}

async function callFits(account, functionName, args, gas) {
  const data = encodeFunctionData({ abi, functionName, args });
  return ledger.call({ account, to: address, data, gas }).then(
    () => true,
    () => false,
  );
}

async function messageOf(promise) {
  return promise.then(
    () => null,
    (error) => error.details ?? error.message,
  );
}

const report = { client: "viem", chainId: await ledger.getChainId() };

const deployed = await mined(await lab.deployContract({ ...task.deploy, args: task.deploy.arguments }));
const credit = { abi: task.deploy.abi, address: deployed.contractAddress };
report.deployed = {
  name: await ledger.readContract({ ...credit, functionName: "name" }),
  decimals: await ledger.readContract({ ...credit, functionName: "decimals" }),
  code: await ledger.getCode({ address: credit.address }),
};

const watched = [];
const unwatch = ledger.watchContractEvent({
  abi,
  address,
  eventName: "ConsentGranted",
  onLogs: (logs) => watched.push(...logs.map((log) => log.args.id)),
});
const filter = await ledger.createContractEventFilter({ abi, address, eventName: "ConsentRevoked" });

// Anna sends for herself; Ben's consent is carried by Lab, who has no power of its own.
const anna = walletOf(privateKeyToAccount(generatePrivateKey()));
const hers = await consentOf(anna.account);
const his = await consentOf(privateKeyToAccount(generatePrivateKey()));
const grantHers = [task.terms, hers.own, hers.countersignature];
const { id: _, ...hisGrant } = his;
const granted = [
  await mined(await sendRaw(anna, "grant", grantHers)),
  await mined(await sendRaw(lab, "grantBySignature", [task.terms, hisGrant])),
];
const slot = (id) => ledger.readContract({ abi, address, functionName: "consent", args: [id] });
report.granted = {
  ids: [hers.id, his.id],
  statuses: granted.map((receipt) => receipt.status === "success"),
  inForce: [(await slot(hers.id)).grantedIn > 0, (await slot(his.id)).grantedIn > 0],
};

const byCode = [task.terms, his.own, BigInt(task.code.value)];
report.refusals = {
  again: await refusalOf(anna.account, "grant", grantHers),
  stranger: await refusalOf(lab.account, "revoke", [task.terms, hers.own]),
  wrongCode: await refusalOf(lab.account, "revokeByCode", [task.terms, his.own, BigInt(task.wrongCode)]),
};
const doomed = await mined(await sendRaw(lab, "revoke", [task.terms, hers.own], { gas: 100_000n }));
report.refusals.mined = doomed.status === "success";

const gas = await ledger.estimateContractGas({ abi, address, functionName: "revokeByCode", args: byCode, account: lab.account });
report.estimate = {
  gas,
  enough: await callFits(lab.account, "revokeByCode", byCode, gas),
  oneLess: await callFits(lab.account, "revokeByCode", byCode, gas - 1n),
};
const revoked = [
  await mined(await sendRaw(anna, "revoke", [task.terms, hers.own])),
  await mined(await sendRaw(lab, "revokeByCode", byCode, { gas })),
];
report.revoked = {
  statuses: revoked.map((receipt) => receipt.status === "success"),
  inForce: await Promise.all(
    [hers.id, his.id].map((id) => ledger.readContract({ abi, address, functionName: "isInForce", args: [id] })),
  ),
};

const changes = await ledger.getFilterChanges({ filter });
report.logs = {
  granted: (await ledger.getContractEvents({ abi, address, eventName: "ConsentGranted", args: { useCase: task.terms.useCase }, fromBlock: granted[0].blockNumber })).map((log) => log.args.id),
  byCode: (await ledger.getContractEvents({ abi, address, eventName: "ConsentGranted", args: { revocationHash: task.code.hash }, fromBlock: 0n })).length,
  filtered: changes.map((log) => log.args.id),
  again: (await ledger.getFilterChanges({ filter })).length,
  uninstalled: await ledger.uninstallFilter({ filter }),
};
for (let waits = 0; watched.length < 2 && waits < 100; waits += 1) await new Promise((done) => setTimeout(done, 50));
unwatch();
report.logs.watched = watched;

const place = keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "uint256" }], [hers.id, BigInt(task.consents.slot)]));
const block = await ledger.getBlock({ blockTag: "latest" });
report.proof = {
  place,
  stateRoot: block.stateRoot,
  told: await ledger.getProof({ address, storageKeys: [pad(place)], blockNumber: block.number }),
};

const before = posted;
const many = await Promise.all(Array.from({ length: 20 }, () => ledger.getBalance({ address: lab.account.address })));
report.batch = { answers: many.length, posted: posted - before };

// The later nonce first: it waits for the earlier one, and nothing else may take its place.
const nonce = await ledger.getTransactionCount({ address: lab.account.address });
const nothing = { to: lab.account.address, gas: 21_000n };
const signed = async (at, data) =>
  lab.signTransaction(await lab.prepareTransactionRequest({ ...nothing, nonce: at, data, gas: 30_000n }));
const later = await ledger.sendRawTransaction({ serializedTransaction: await signed(nonce + 1) });
report.gap = {
  waits: await messageOf(ledger.getTransactionReceipt({ hash: later })),
  pending: (await ledger.getTransactionCount({ address: lab.account.address, blockTag: "pending" })) - nonce,
  replacement: await messageOf(ledger.sendRawTransaction({ serializedTransaction: await signed(nonce + 1, "0x01") })),
};
const earlier = await ledger.sendRawTransaction({ serializedTransaction: await signed(nonce) });
report.gap.mined = [(await mined(earlier)).status, (await mined(later)).status].map((status) => status === "success");
report.gap.used = await messageOf(ledger.sendRawTransaction({ serializedTransaction: await signed(nonce, "0x02") }));

process.stdout.write(JSON.stringify(report, (_key, value) => (typeof value === "bigint" ? value.toString() : value)));
process.exit(0);
