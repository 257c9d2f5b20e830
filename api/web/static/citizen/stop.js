// Fills in the code from the square on the paper. She still presses the button herself.

import { codeInFragment } from "./fragment.js";

function fillIn() {
  const code = codeInFragment();
  if (code !== null) document.getElementById("code").value = code;
}

window.addEventListener("hashchange", fillIn);
fillIn();
document.querySelector("[role=alert]")?.focus();
