// Paying in play money, in a city for trying things out.

import { arrived, ask, freshKey, page, pressed } from "../wallet/acts.js";

const form = document.querySelector("[data-pay-in]");
if (form) {
  let key = freshKey();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const status = form.querySelector("[data-paying]");
    pressed(event.submitter, status, async (say) => {
      const amount = form.elements.amount.value.trim().replace(",", ".");
      const taken = await ask("POST", "/v1/bank/transfers", { amount }, { key });
      key = freshKey();
      say(page.say.recording);
      await arrived(taken);
      location.reload();
    });
  });
}
