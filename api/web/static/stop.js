// Fills in the code from the square on the paper. She still presses the button herself.

const code = decodeURIComponent(location.hash.slice(1));
if (/^[0-9A-Za-z -]{1,40}$/.test(code)) {
  history.replaceState(null, "", location.pathname);
  document.getElementById("code").value = code;
}
document.querySelector("[role=alert]")?.focus();
