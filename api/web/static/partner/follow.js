// A page about something that is on its way: asks until its state is another, and renews itself then.

const LONGEST_WAIT = 20;
const PAUSE_MS = 1_000;
const PAUSE_AFTER_FAILURE_MS = 5_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The state that the city tells now; null when it does not answer. */
async function told(path, field) {
  try {
    const answer = await fetch(`${path}?wait=${LONGEST_WAIT}`, { headers: { Accept: "application/json" } });
    return answer.ok ? (await answer.json())[field] : null;
  } catch {
    return null;
  }
}

async function follow({ follow: path, field, was }) {
  for (;;) {
    const now = await told(path, field);
    if (now !== null && now !== was) break;
    await pause(now === null ? PAUSE_AFTER_FAILURE_MS : PAUSE_MS);
  }
  location.reload();
}

const followed = document.querySelector("[data-follow]");
if (followed) follow(followed.dataset);
