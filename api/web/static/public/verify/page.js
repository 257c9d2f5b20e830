// Takes a receipt by paste, by file or by drop, and says what holds.

import { examine, NoReceipt } from "./papers.js";

const page = JSON.parse(document.getElementById("verify").textContent);
const form = document.querySelector("[data-verify]");
const text = form.elements.namedItem("receipt");
const file = form.elements.namedItem("file");
const verdict = document.querySelector("[data-verdict]");
const list = document.querySelector("[data-checks]");
const facts = document.querySelector("[data-facts]");
const LARGEST = 2_000_000;

const element = (name, words, kind) => {
  const made = document.createElement(name);
  made.textContent = words;
  if (kind) made.className = kind;
  return made;
};

const moment = (seconds) =>
  new Intl.DateTimeFormat(page.language === "en" ? "en-GB" : page.language, {
    dateStyle: "long",
    timeStyle: "short",
    timeZone: "UTC",
  }).format(new Date(seconds * 1000)) + " UTC";

function say(words, kind) {
  verdict.textContent = words;
  verdict.dataset.verdict = kind;
}

function fact(name, words) {
  const row = document.createElement("div");
  const value = element("dd", words);
  value.dir = "auto";
  row.append(element("dt", page.say[name]), value);
  facts.append(row);
}

function tell({ kind, document: paper, report }) {
  const wrong = report.checks.filter((one) => one.holds === false);
  const open = report.checks.filter((one) => one.holds === null);
  if (wrong.length) say(page.say.wrong.replace("{what}", page.say[`check_${wrong[0].id}`]), "wrong");
  else say(open.length ? page.say.partly : page.say.right, open.length ? "partly" : "right");
  for (const { id, holds } of report.checks) {
    const state = holds === null ? "open" : holds ? "ok" : "wrong";
    const item = element("li", `${page.say[state === "wrong" ? "wrong_one" : state]}: ${page.say[`check_${id}`]}`);
    item.dataset.check = id;
    item.dataset.holds = state;
    list.append(item);
  }
  if (kind === "consent-receipt/1" && paper.terms) {
    fact("sentence", String(paper.terms.statement));
    fact("recipient", String(paper.terms.recipient));
    fact("until", String(paper.terms.until));
  }
  for (const name of ["granted", "revoked", "ended", "newest"]) {
    const at = report.facts[name];
    if (at) fact(name, moment(at.time));
  }
  if (report.facts.charge) fact("charge", (Number(report.facts.charge) / 1e6).toFixed(2));
}

async function check(content) {
  list.replaceChildren();
  facts.replaceChildren();
  if (!content.trim()) return say(page.say.nothing, "nothing");
  if (content.length > LARGEST) return say(page.say.no_receipt, "nothing");
  say(page.say.working, "working");
  try {
    tell(await examine(content, page.city));
  } catch (error) {
    say(page.say.no_receipt, "nothing");
    if (!(error instanceof NoReceipt)) throw error;
  }
  verdict.focus();
}

async function taken(files) {
  if (!files.length) return;
  if (files[0].size > LARGEST) return say(page.say.no_receipt, "nothing");
  text.value = await files[0].text();
  await check(text.value);
}

form.hidden = false;
form.addEventListener("submit", (event) => {
  event.preventDefault();
  check(text.value);
});
file.addEventListener("change", () => taken(file.files));
form.addEventListener("dragover", (event) => event.preventDefault());
form.addEventListener("drop", (event) => {
  event.preventDefault();
  taken(event.dataTransfer.files);
});
