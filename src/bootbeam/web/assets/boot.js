// One boot: what it was, what was found wrong, its timeline with the silences drawn as bars, where the time went.

import { badge, byId, duration, fetchJson, findingCard, follow, machineWords, make, moment, showStation, toneSign } from "./dom.js";

const attempt = location.pathname.split("/").pop();
const LEAST_BAR = 2; // percent

function head(boot) {
  const fact = (label, value) => (value ? [make("div", {}, make("dt", {}, label), make("dd", {}, value))] : []);
  return make(
    "header",
    { class: `boot-head ${boot.outcome}` },
    make("h1", {}, "Boot of ", make("span", { class: "mac" }, boot.mac)),
    make("p", { class: "result" }, badge(boot.outcome), " ", boot.last_sign || "nothing more was heard"),
    make(
      "dl",
      { class: "facts" },
      fact("Machine", machineWords(boot)),
      fact("Gets", boot.image),
      fact("Address", [boot.address, boot.interface ? `on ${boot.interface}` : ""].filter(Boolean).join(" ")),
      fact("Began", moment(boot.began_at_s)),
      fact("Heard of for", duration(boot.duration_s)),
      fact("Id", make("code", {}, boot.attempt)),
    ),
    make(
      "p",
      { class: "actions" },
      make("a", { class: "button", href: `/api/v1/boots/${boot.attempt}/export.zip`, download: true }, "Save for a bug report"),
      make("a", { href: `/api/v1/boots/${boot.attempt}` }, "JSON"),
      make("a", { href: `/?mac=${boot.mac}` }, "All boots of this machine"),
    ),
  );
}

function timeline(boot) {
  const longest = Math.max(...boot.timeline.map((step) => step.duration_s), 1);
  const lines = boot.timeline.map((step) => (step.kind === "gap" ? gap(step, longest) : happened(step, boot)));
  return make("section", { "aria-labelledby": "timeline-title" }, make("h2", { id: "timeline-title" }, "Timeline"), make("ol", { class: "timeline" }, lines));
}

function gap(step, longest) {
  const bar = make("span", { class: "gap-bar", "aria-hidden": "true" });
  bar.style.width = `${Math.max((100 * step.duration_s) / longest, LEAST_BAR)}%`;
  return make(
    "li",
    { class: "gap" },
    make("span", { class: "gap-words" }, make("strong", {}, duration(step.duration_s)), ` ${step.text}`),
    make("span", { class: "gap-track" }, bar),
  );
}

function happened(step, boot) {
  const more = step.kind === "finding" ? [] : step.more.map((text) => make("span", { class: "more" }, text));
  return make(
    "li",
    { class: step.tone },
    make("time", {}, `${(step.at_s - boot.began_at_s).toFixed(1)} s`),
    toneSign(step.tone),
    make("span", { class: "text" }, step.text, more),
  );
}

function spent(boot) {
  if (!boot.time_spent.length) return "";
  const all = boot.time_spent.reduce((sum, part) => sum + part.duration_s, 0) || 1;
  const transfers = new Set(boot.spans.filter((span) => span.is_transfer).map((span) => span.name));
  const rows = boot.time_spent.map((part) => {
    const isTransfer = transfers.has(part.name);
    const bar = make("span", { class: isTransfer ? "part-bar transfer" : "part-bar waiting", "aria-hidden": "true" });
    bar.style.width = `${Math.max((100 * part.duration_s) / all, 0.5)}%`;
    return make(
      "li",
      {},
      make("span", { class: "part-name" }, isTransfer ? `${part.name} (files on their way)` : part.name),
      make("span", { class: "number" }, duration(part.duration_s)),
      make("span", { class: "part-track" }, bar),
    );
  });
  return make("section", { "aria-labelledby": "spent-title" }, make("h2", { id: "spent-title" }, "Where the time went"), make("ol", { class: "parts" }, rows));
}

async function show() {
  const boot = await fetchJson(`/api/v1/boots/${attempt}`);
  const findings = boot.findings.length
    ? make("section", { "aria-labelledby": "wrong-title" }, make("h2", { id: "wrong-title" }, "What is wrong"), boot.findings.map((each) => findingCard(each)))
    : "";
  byId("boot").replaceChildren(...[head(boot), findings, make("div", { class: "columns even" }, timeline(boot), spent(boot))].filter(Boolean));
  return boot;
}

let isDue = false;
function showSoon() {
  if (isDue) return;
  isDue = true;
  setTimeout(async () => {
    isDue = false;
    await show().catch(() => {}); // the next event tries again
  }, 700); // the station writes twice a second
}

async function begin() {
  await showStation();
  const { newest_event: newest } = await fetchJson("/api/v1/live");
  const boot = await show();
  follow(newest, { onEvent: (event) => event.attempt === boot.attempt && showSoon(), onGap: showSoon });
}

begin().catch((error) => {
  byId("link").hidden = false;
  byId("link").textContent = `○ ${error.message}`;
});
