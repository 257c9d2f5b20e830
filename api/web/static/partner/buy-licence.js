// Buying a licence at the price that the page shows.

import { ask, page } from "../wallet/acts.js";
import { buying } from "../wallet/typed-data.js";
import { paysWith, requireShown } from "./paying.js";

const button = document.querySelector("[data-buy]");
if (button) {
  const shown = { use_case: Number(button.dataset.buy), tariff: Number(button.dataset.tariff), price: button.dataset.price };
  paysWith(button, "/v1/licences", {
    async signed(sign) {
      const { told } = await ask("POST", "/v1/licences/forms", { use_case: shown.use_case });
      requireShown(told.form.tariff === shown.tariff && told.form.price === shown.price);
      const form = { ...shown, deadline: told.form.deadline, salt: told.form.salt };
      return { form, signature: await sign(buying(page.city, page.account, form)) };
    },
    next: (resource) => `/partner/licences/${resource.split("/").pop()}`,
  });
}
