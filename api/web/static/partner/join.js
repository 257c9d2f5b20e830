// Joining: an organisation signs its name and class, waits for the ledger, and is signed in.

import { Refusal, arrived, ask, chosenWallet, freshKey, page, pressed } from "../wallet/acts.js";
import { signedIn } from "../wallet/signing-in.js";
import { joining } from "../wallet/typed-data.js";

const form = document.querySelector("[data-join]");
const status = document.querySelector("[data-status]");
const place = document.querySelector("[data-wallets]");

/** Join, unless this very account has joined already: then the button was pressed again after a lost answer. */
async function joined(wallet, account, say) {
  const wish = { name: form.elements.name.value.trim().normalize("NFC"), class: form.elements.class.value, account };
  const { told } = await ask("POST", "/v1/participants/forms", wish);
  const shown = { ...wish, deadline: told.form.deadline };
  await wallet.goTo(page.city);
  const signature = await wallet.signTyped(account, joining(page.city, shown, page.classes));
  const taken = await ask("POST", "/v1/participants", { form: shown, signature }, { key: freshKey() });
  say(page.say.recording);
  await arrived(taken);
}

async function joinedOrKnown(wallet, account, say) {
  try {
    await joined(wallet, account, say);
  } catch (known) {
    if (!(known instanceof Refusal) || known.code !== "already_joined") throw known;
    return known;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  pressed(event.submitter, status, async (say) => {
    const wallet = await chosenWallet(place, () => say(page.say.wallet_silent));
    const account = await wallet.connect();
    const known = await joinedOrKnown(wallet, account, say);
    say(page.say.signing_in);
    try {
      location.assign(await signedIn(wallet, account));
    } catch (error) {
      throw known ?? error; // the name is another account's
    }
  });
});
