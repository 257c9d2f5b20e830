// One session for one account: the wallet signs the city's message, and the browser keeps a cookie.

import { ask } from "./acts.js";

/** Sign in with `account`. Returns where its organisation is at home. */
export async function signedIn(wallet, account) {
  const { told: form } = await ask("POST", "/v1/sign-in/forms", { account });
  const signature = await wallet.signText(account, form.message);
  const { told } = await ask("POST", "/enter", { message: form.message, signature });
  return told.to;
}
