// The operator page: shows what the box says every few seconds, asks for changes through its API.
"use strict";

const REFRESH_MS = 3000;
const FOLLOW_MS = 400;
const DAY_MS = 24 * 3600 * 1000;

const $ = (id) => document.getElementById(id);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// --- what the page shows ---------------------------------------------------------------------

const shown = new Map(); // part -> its HTML as the box sent it: times are rewritten in place
let refreshing = false;

async function refresh() {
  if (refreshing || document.hidden) return;
  refreshing = true;
  try {
    const answer = await fetch("/page/sections", { cache: "no-store" });
    if (!answer.ok) throw new Error(await sentence(answer));
    show(await answer.text());
    $("freshness").textContent = `as of ${new Date().toLocaleTimeString()}`;
    $("trouble").hidden = true;
  } catch (error) {
    const why = error instanceof TypeError ? "the box does not answer" : error.message;
    $("trouble").textContent = `What you see is old: ${why}.`;
    $("trouble").hidden = false;
  } finally {
    refreshing = false;
  }
}

function show(html) {
  const found = new DOMParser().parseFromString(html, "text/html");
  const parts = [...found.querySelectorAll("[data-part]")];
  if (parts.length !== document.querySelectorAll("[data-part]").length) {
    location.reload(); // what the caller may see has changed
    return;
  }
  for (const part of parts) {
    const name = part.dataset.part;
    const raw = part.outerHTML;
    if (shown.get(name) === raw) continue;
    shown.set(name, raw);
    replace(document.querySelector(`[data-part="${name}"]`), part);
  }
}

function replace(old, fresh) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const key = focused && focused.dataset.key;
  localTimes(fresh);
  old.replaceWith(fresh);
  if (!focused) return;
  const again = key && fresh.querySelector(`[data-key="${CSS.escape(key)}"]`);
  (again || fresh.querySelector("h2") || $("main")).focus({ preventScroll: true });
}

function localTimes(root) {
  for (const time of root.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    const recent = Math.abs(Date.now() - at) < DAY_MS / 2;
    time.title = time.textContent;
    time.textContent = recent ? at.toLocaleTimeString() : at.toLocaleString();
  }
}

// --- changes ---------------------------------------------------------------------------------

let asked = null; // what the dialog is about; another object once it is about something else

function open(button) {
  // One key for each time the dialog is opened: confirming twice asks for one change.
  asked = { ...button.dataset, key: makeKey(), opener: button.dataset.key };
  $("confirm-title").textContent = asked.title;
  $("confirm-text").textContent = asked.text;
  const canary = asked.form === "canary";
  $("canary-fields").hidden = !canary;
  $("canary-fields").disabled = !canary;
  $("confirm-no").textContent = "Cancel";
  $("confirm-yes").hidden = false;
  $("confirm-yes").disabled = false;
  tell("");
  $("confirm").showModal();
}

async function confirm(event) {
  event.preventDefault();
  const mine = asked;
  $("confirm-yes").disabled = true;
  $("canary-fields").disabled = true; // another content would need another key
  tell("Asking the box", "", 0);
  let answer;
  try {
    answer = await fetch(mine.path, request(mine));
  } catch {
    if (mine !== asked) return;
    $("confirm-yes").disabled = false;
    tell("The box did not answer. Confirm again: it will not be done twice.", "bad");
    return;
  }
  if (mine !== asked) return;
  $("confirm-yes").hidden = true;
  $("canary-fields").hidden = true;
  $("confirm-no").textContent = "Close";
  $("confirm-no").focus();
  if (answer.ok) await follow(mine, await answer.json());
  else tell(await sentence(answer), "bad");
  refresh();
}

function request(mine) {
  const headers = { "Idempotency-Key": mine.key };
  if (!mine.release) return { method: mine.method, headers };
  headers["Content-Type"] = "application/json";
  const callers = $("canary-callers").value.split(",").map((name) => name.trim());
  const body = {
    release: mine.release,
    share: Number($("canary-share").value) / 100,
    callers: callers.filter((name) => name),
  };
  return { method: mine.method, headers, body: JSON.stringify(body) };
}

async function follow(mine, operation) {
  while (mine === asked) {
    if (operation.state === "done") {
      const serves = operation.generation ? ` Generation ${operation.generation} serves.` : "";
      tell(`Done.${serves}`, "good");
      return;
    }
    if (operation.state === "failed") {
      tell(`Nothing changed: ${operation.error.message}`, "bad");
      return;
    }
    const waits = operation.state === "queued" ? "waiting for the change before it" : "";
    tell(operation.stage || waits || "starting", "", operation.progress);
    await pause(FOLLOW_MS);
    operation = await look(operation);
  }
}

async function look(operation) {
  try {
    const answer = await fetch(`/v1/operations/${operation.id}`, { cache: "no-store" });
    if (answer.ok) return await answer.json();
    return { ...operation, stage: await sentence(answer), progress: 0 };
  } catch {
    return { ...operation, stage: "the box does not answer; still asking", progress: 0 };
  }
}

function tell(text, kind = "", progress = null) {
  $("confirm-state").textContent = text && text[0].toUpperCase() + text.slice(1);
  $("confirm-state").className = kind;
  const bar = $("confirm-progress");
  bar.hidden = progress === null;
  if (progress) bar.value = progress;
  else bar.removeAttribute("value");
}

async function sentence(answer) {
  try {
    return (await answer.json()).detail || answer.statusText;
  } catch {
    return `the box answered ${answer.status}`;
  }
}

function makeKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function closed() {
  if ($("confirm").open) return; // the event comes late, and it was opened again meanwhile
  // Its button may have been drawn anew meanwhile, or be gone.
  const opener = asked && document.querySelector(`[data-key="${CSS.escape(asked.opener)}"]`);
  asked = null;
  (opener || document.querySelector("#changes h2")).focus({ preventScroll: true });
}

// --- wiring ----------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const button = event.target.closest("button.change");
  if (button) open(button);
});
$("confirm-form").addEventListener("submit", confirm);
$("confirm-no").addEventListener("click", () => $("confirm").close());
$("confirm").addEventListener("close", closed);
document.addEventListener("visibilitychange", refresh);
localTimes(document);
setInterval(refresh, REFRESH_MS);
