// Ordering one run at the price, and of the versions, that the page shows.

import { hex } from "../bytes.js";
import { ask, page } from "../wallet/acts.js";
import { ordering } from "../wallet/typed-data.js";
import { paysWith, requireShown } from "./paying.js";

/** The request's digest as the ledger has it: SHA-256 of its RFC 8785 bytes. It holds texts and whole numbers alone. */
async function digestOf(request) {
  const sorted = (value) =>
    value !== null && typeof value === "object"
      ? Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]))
      : value;
  const bytes = new TextEncoder().encode(JSON.stringify(sorted(request)));
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

const button = document.querySelector("[data-order]");
if (button) {
  const { order, tariff, cap, request: written } = button.dataset;
  const request = JSON.parse(written);
  paysWith(button, "/v1/orders", {
    async signed(sign) {
      const { told } = await ask("POST", "/v1/orders/forms", { licence: Number(order), versions: request.versions });
      const { form } = told;
      const same = form.tariff === Number(tariff) && form.cap === cap && form.request === (await digestOf(request));
      requireShown(same && form.licence === Number(order));
      return { form, documents: { request }, signature: await sign(ordering(page.city, page.account, form)) };
    },
    next: (resource) => `/partner/orders/${resource.split("/").pop()}`,
  });
}
