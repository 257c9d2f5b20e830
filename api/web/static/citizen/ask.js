// The request page: shows the sentence of her choice, and on yes signs exactly what it shows.

import { hex, textDigest, unhex } from "../bytes.js";
import { commitmentTo, consentDigest, freshKey, freshSalt, lastDay, signed } from "./consent.js";
import { freshCode, grouped, revocationHash } from "./revocation-code.js";

const page = JSON.parse(document.getElementById("signing").textContent);
const form = document.getElementById("answer");
const yes = form.querySelector("[data-yes]");
const statement = form.querySelector("[data-statement]");
const recipient = form.querySelector("[data-recipient]");
const until = form.elements.namedItem("until");
const status = form.querySelector("[data-status]");
const ends = until.options ? [...until.options] : []; // an objection has no end to choose
const options = [...form.querySelectorAll("[name=optional]")];

/** What was signed for the choice as it is shown; sent again, not made again, when no answer came. */
let kept = null;

/** An instant as the API writes it. */
const instant = (seconds) => new Date(seconds * 1000).toISOString().replace(".000", "");

const say = (text) => (status.textContent = text);

/** The choice of data as bits: what every choice has, and what she ticked. */
function scope() {
  const always = options.reduce((bits, one) => bits & ~Number(one.value), page.always);
  return options.filter((one) => one.checked).reduce((bits, one) => bits | Number(one.value), always);
}

function showChoice() {
  kept = null;
  const sentence = page.statements[scope()];
  if (sentence) statement.textContent = sentence;
  say(sentence ? "" : page.say.choose_one);
  return sentence !== undefined;
}

/** The ends as the signature has them, in words. */
function showEnds() {
  const words = new Intl.DateTimeFormat(document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang, {
    dateStyle: "long",
    timeZone: "UTC",
  });
  ends.forEach((option, place) => {
    const day = words.format(new Date(lastDay(Number(option.value)) + "T00:00:00Z"));
    option.textContent = place === 0 ? page.say.longest.replace("{day}", day) : day;
  });
}

class Refused extends Error {}

async function post(part, body) {
  const answer = await fetch(`${form.dataset.ask}/${part}`, {
    method: "POST",
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "Form-Token": form.elements.namedItem("token").value,
    },
    body: JSON.stringify(body),
    redirect: "error",
  });
  const told = await answer.json();
  if (answer.ok) return told;
  if (answer.status >= 500) throw new Error("the city cannot answer now");
  throw new Refused(page.say[told.code] ?? page.say.other);
}

/** A consent for what the page shows now: made and signed here, its key thrown away. */
async function sign() {
  const said = {
    statement: statement.textContent,
    recipient: recipient.textContent,
    useCase: page.useCase,
    scope: scope(),
    validUntil: Number(until.value),
  };
  const { secret, signer } = freshKey();
  try {
    const code = freshCode();
    const revocation = revocationHash(code);
    const basis = await post("basis", {
      language: page.language,
      scope: said.scope,
      valid_until: instant(said.validUntil),
      signer: hex(signer),
      revocation_hash: hex(revocation),
    });
    said.deadline = Date.parse(basis.deadline) / 1000;
    const salt = freshSalt();
    const own = { signer, commitment: commitmentTo(unhex(basis.reference), salt), revocationHash: revocation };
    const signature = await signed(consentDigest(page.city, said, own), secret);
    return {
      terms: {
        statement: hex(textDigest(said.statement)),
        recipient: hex(textDigest(said.recipient)),
        until: hex(textDigest(lastDay(said.validUntil))),
        use_case: said.useCase,
        scope: said.scope,
        valid_until: instant(said.validUntil),
        deadline: instant(said.deadline),
      },
      own: { signer: hex(signer), commitment: hex(own.commitment), revocation_hash: hex(revocation) },
      signature,
      salt: hex(salt),
      code: grouped(code),
    };
  } finally {
    secret.fill(0);
  }
}

async function sayYes() {
  if (!window.isSecureContext) return say(page.say.insecure);
  if (page.statements[scope()] === undefined) return say(page.say.choose_one);
  const controls = [...form.querySelectorAll("button, select, input")];
  controls.forEach((one) => (one.disabled = true));
  say(page.say.working);
  try {
    kept ??= await sign();
    const { receipt } = await post("consent", kept);
    location.replace(receipt);
  } catch (error) {
    if (error instanceof Refused) kept = null;
    say(error instanceof Refused ? error.message : page.say.offline);
    controls.forEach((one) => (one.disabled = false));
    yes.focus();
  }
}

yes.addEventListener("click", (event) => {
  event.preventDefault();
  sayYes();
});
options.forEach((one) => one.addEventListener("change", showChoice));
until.addEventListener("change", () => (kept = null));
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
showEnds();
if (options.length) showChoice();
