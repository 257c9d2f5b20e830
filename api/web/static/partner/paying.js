// Paying by one signature: the quote is the one that the page shows, and a press after a lost answer pays nothing twice.

import { Refusal, Unreachable, arrived, ask, chosenWallet, freshKey, page, pressed, signedBy } from "../wallet/acts.js";

const QUOTE_CHANGED = "quote_expired";

/** Refuse a quote that is not what the page shows. */
export function requireShown(same) {
  if (!same) throw new Refusal({ code: QUOTE_CHANGED, title: page.say[QUOTE_CHANGED] }, 409);
}

/**
 * `signed` asks for a quote and answers the body to send; `next` says where to go once it is on the ledger.
 * A body whose answer was lost is kept and sent again under its key.
 */
export function paysWith(button, path, { signed, next }) {
  const section = button.closest("section");
  const status = section.querySelector("[data-status]");
  const place = section.querySelector("[data-wallets]");
  let sent = null;

  async function carriedOut(say) {
    const taken = await ask("POST", path, sent.body, { key: sent.key });
    say(page.say.recording);
    return arrived(taken);
  }

  button.hidden = false;
  button.addEventListener("click", () =>
    pressed(button, status, async (say) => {
      if (sent === null) {
        const wallet = await chosenWallet(place, () => say(page.say.wallet_silent));
        sent = { body: await signed((typed) => signedBy(wallet, typed)), key: freshKey() };
      }
      try {
        location.assign(next(await carriedOut(say)));
      } catch (error) {
        if (!(error instanceof Unreachable)) sent = null;
        throw error;
      }
    }),
  );
}
