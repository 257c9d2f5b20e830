// The staff's entrance: the code in the link's fragment, which no server sees, is sent by a form.

const form = document.getElementById("enter");
const code = location.hash.slice(1);
if (/^[A-Za-z0-9_-]{20,100}$/.test(code)) {
  history.replaceState(null, "", location.pathname);
  form.elements.namedItem("code").value = code;
  form.submit();
}
