// Opens the letter whose code stands in the link's fragment, which no server ever sees.

const code = decodeURIComponent(location.hash.slice(1));
if (/^[0-9A-Za-z -]{1,40}$/.test(code)) {
  history.replaceState(null, "", location.pathname);
  const form = document.getElementById("letter");
  form.elements.namedItem("code").value = code;
  document.querySelector("[data-status]").textContent = form.dataset.opening;
  form.submit();
}
document.querySelector("[role=alert]")?.focus();
