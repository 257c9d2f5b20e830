// Opens the letter whose code stands in the link's fragment, which no server ever sees.

import { codeInFragment } from "./fragment.js";

function open() {
  const code = codeInFragment();
  if (code === null) return;
  const form = document.getElementById("letter");
  form.elements.namedItem("code").value = code;
  document.querySelector("[data-status]").textContent = form.dataset.opening;
  form.submit();
}

window.addEventListener("hashchange", open);
open();
document.querySelector("[role=alert]")?.focus();
