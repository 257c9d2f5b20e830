// Signing in with the account that an organisation joined with.

import { chosenWallet, page, pressed } from "./acts.js";
import { signedIn } from "./signing-in.js";

const button = document.querySelector("[data-enter]");
const status = document.querySelector("[data-status]");
const place = document.querySelector("[data-wallets]");
const MINE = ["/partner", "/supplier", "/audit"];

/** Back to the page that asked for a sign-in, if it is one of an organisation's. */
function destination(home) {
  const asked = new URLSearchParams(location.search).get("to") ?? "";
  return MINE.some((one) => asked === one || asked.startsWith(`${one}/`)) ? asked : home;
}

button.hidden = false;
button.addEventListener("click", () =>
  pressed(button, status, async (say) => {
    const wallet = await chosenWallet(place, () => say(page.say.wallet_silent));
    const account = await wallet.connect();
    location.assign(destination(await signedIn(wallet, account)));
  }),
);
