// A code that came in the address.

/** The code in the fragment, which is taken out of the address and of the history; null if there is none. */
export function codeInFragment() {
  const code = location.hash.slice(1).replaceAll("%20", " ");
  if (!/^[0-9A-Z]{4}([ -]?[0-9A-Z]{4}){3,4}$/i.test(code)) return null;
  history.replaceState(null, "", location.pathname);
  return code;
}
