// Shows what has changed meanwhile, until it is paused or nothing more is expected.
// The page says where it lies: a form's refusal has the form's address, at which nothing can be read.

const EVERY = 4000;
const pause = document.querySelector("[data-pause]");
const region = () => document.querySelector("#live[data-live]");

function look() {
  const request = new XMLHttpRequest();
  request.responseType = "document";
  request.open("GET", region().dataset.live || location.href);
  request.addEventListener("load", () => {
    const shown = region();
    const fresh = request.status === 200 && request.responseXML?.getElementById("live");
    if (fresh && shown && !shown.contains(document.activeElement)) {
      shown.replaceWith(document.importNode(fresh, true));
    }
  });
  request.send();
}

if (region()) {
  if (pause) pause.closest("[hidden]").hidden = false;
  setInterval(() => {
    if (region() && !document.hidden && !pause?.checked) look();
  }, EVERY);
}
