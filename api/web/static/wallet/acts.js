// An organisation's act on a page: ask for the form, sign what is shown, send it once, follow it to its end.

import { Wallet, WalletError, wallets } from "./providers.js";

const facts = document.getElementById("wallet");
/** What the page knows of the city and of whoever reads it, and the words for what can go wrong. */
export const page = facts ? JSON.parse(facts.textContent) : null;

/** A refusal of the city's: its stable code, and words for people where the page has them. */
export class Refusal extends Error {
  constructor(problem, status) {
    super(page.say[problem.code] ?? problem.detail ?? problem.title);
    this.code = problem.code;
    this.status = status;
    this.errors = problem.errors ?? [];
  }
}

/** No answer came: what was sent may have arrived, and can be sent again under the same key. */
export class Unreachable extends Error {}

/** One request to the city. `key` makes it safe to repeat: it is carried out once. */
export async function ask(method, path, body, { key, wait } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  if (wait) headers.Prefer = `wait=${wait}`;
  let answer, told;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    told = answer.status === 204 ? null : await answer.json();
  } catch {
    throw new Unreachable(page.say.offline);
  }
  if (!answer.ok) throw new Refusal(told, answer.status);
  return { told, status: answer.status, location: answer.headers.get("Location"), url: new URL(answer.url).pathname };
}

/** A key under which one act is carried out once, however often it is sent. */
export const freshKey = () => crypto.randomUUID();

/** The wallet to sign with. Where there are several, `place` offers one button each. */
export async function chosenWallet(place, silent) {
  const all = await wallets();
  if (all.length === 0) throw new WalletError("none");
  if (all.length === 1) return new Wallet(all[0].provider, silent);
  return new Promise((resolve) => {
    const buttons = all.map(({ name, provider }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = name;
      button.addEventListener("click", () => {
        place.replaceChildren();
        resolve(new Wallet(provider, silent));
      });
      return button;
    });
    place.replaceChildren(...buttons);
    buttons[0].focus();
  });
}

/** What to tell somebody about a failure. */
export const inWords = (error) =>
  error instanceof WalletError ? page.say[`wallet_${error.reason}`] : error instanceof Error ? error.message : "";

/**
 * Run `steps` for a button: everything that can be pressed rests meanwhile, and a failure is told in `status`.
 * A second press while it runs does nothing.
 */
export async function pressed(button, status, steps) {
  const form = button.closest("form, section, main");
  const controls = [...form.querySelectorAll("button, input, select, textarea")].filter((one) => !one.disabled);
  controls.forEach((one) => (one.disabled = true));
  status.textContent = page.say.working;
  try {
    await steps((text) => (status.textContent = text));
  } catch (error) {
    status.textContent = inWords(error);
    controls.forEach((one) => (one.disabled = false));
    button.focus();
    if (!(error instanceof WalletError || error instanceof Refusal || error instanceof Unreachable)) throw error;
  }
}

/** Sign `typed` with the account of the session, at the city's chain. */
export async function signedBy(wallet, typed) {
  await wallet.require(page.account);
  await wallet.goTo(page.city);
  return wallet.signTyped(page.account, typed);
}

/**
 * Follow what was taken until it is on the ledger or refused there. Returns where the thing itself is.
 * A refusal of the ledger's is told by the contract's own name for it.
 */
export async function arrived(taken) {
  if (taken.status !== 202) return taken.url;
  for (;;) {
    const { told } = await ask("GET", `${taken.location}?wait=20`);
    if (told.refusal) throw new Refusal({ code: told.refusal, title: `${page.say.refused} (${told.refusal})` }, 409);
    if (told.done) return told.resource;
  }
}
