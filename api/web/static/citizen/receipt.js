// Shows the receipt again as soon as the answer, or its end, is recorded; and prints it.

const PAUSE = 1500;
const TRIES = 80;

const receipt = document.querySelector(".receipt");
const shown = receipt.dataset.state;

async function isNews() {
  try {
    const answer = await fetch(receipt.dataset.progress, { headers: { Accept: "application/json" } });
    return answer.ok && (await answer.json()).state !== shown;
  } catch {
    return false; // the city does not answer now; the next look may find it
  }
}

async function watch() {
  for (let tried = 0; tried < TRIES; tried++) {
    await new Promise((wake) => setTimeout(wake, PAUSE));
    if (await isNews()) return location.reload();
  }
}

if (shown === "on_its_way" || shown === "stopping") watch();

const print = document.querySelector("[data-print]");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}
