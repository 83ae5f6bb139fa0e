// What both pages need. Text from machines goes into the page as text only (textContent), never as HTML.

export const SIGNS = { booted: "✓", installed: "✓", failed: "✕", stopped: "–" };
export const WORDS = { booted: "booted", installed: "installed", failed: "failed", stopped: "stopped" };
const TONES = { step: "·", good: "✓", quiet: "·", warning: "!", problem: "✕" };

export const byId = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== "") element.append(child);
  return element;
}

export async function fetchJson(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  const body = await response.json();
  if (!response.ok) throw new Error([body.error?.what, body.error?.fix].filter(Boolean).join(": "));
  return body;
}

export function duration(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function size(bytes) {
  for (const [unit, step] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]]) {
    if (bytes >= step) return `${Number((bytes / step).toPrecision(3))} ${unit}`;
  }
  return `${bytes} B`;
}

export function moment(atSeconds) {
  const date = new Date(atSeconds * 1000);
  const two = (number) => String(number).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return date.toDateString() === new Date().toDateString() ? `today ${time}` : `${day} ${time}`;
}

export function machineWords(boot) {
  return [boot.model || (boot.maker ? `card by ${boot.maker}` : ""), boot.firmware].filter(Boolean).join(", ");
}

export function badge(outcome, isUnderWay = false) {
  const word = isUnderWay && outcome === "stopped" ? "under way" : WORDS[outcome] ?? outcome;
  const sign = isUnderWay && outcome === "stopped" ? "…" : SIGNS[outcome] ?? "–";
  return make("span", { class: `badge ${word === "under way" ? "under-way" : outcome}` }, `${sign} ${word}`);
}

export function toneSign(tone) {
  return make("span", { class: `sign ${tone}`, "aria-hidden": "true" }, TONES[tone] ?? "·");
}

// A finding: what was seen, why, what the screen shows, what to do. Lines that begin with four spaces are commands.
export function findingCard(finding, level = "h3") {
  const part = (label, ...content) => (content.flat().length ? [make("dt", {}, label), make("dd", {}, content)] : []);
  const screen = finding.screen.length ? [make("pre", { class: "screen" }, finding.screen.join("\n"))] : [];
  return make(
    "article",
    { class: "finding" },
    make(level, {}, make("span", { class: "id" }, finding.id), ` ${finding.title}`),
    make(
      "dl",
      {},
      part("Seen", finding.seen ?? ""),
      part(`Cause, ${finding.sure ?? ""}`, finding.cause ?? ""),
      part("On its screen", screen),
      part("What to do", fixLines(finding.fix)),
    ),
  );
}

function fixLines(lines) {
  const parts = [];
  let command = [];
  const flush = () => {
    if (command.length) parts.push(commandBlock(command.join("\n")));
    command = [];
  };
  for (const line of lines) {
    if (line.startsWith("    ")) command.push(line.slice(4));
    else {
      flush();
      if (line.trim()) parts.push(make("p", {}, line));
    }
  }
  flush();
  return parts;
}

export function commandBlock(text) {
  const code = make("pre", { class: "command", tabindex: "0" }, text);
  const button = make("button", { type: "button", class: "copy", "aria-label": `Copy ${text}` }, "Copy");
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text, code)) ? "Copied" : "Marked: Ctrl-C";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  return make("div", { class: "command-box" }, code, button);
}

async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const range = document.createRange(); // without TLS a browser has no clipboard for a page; marking it is possible
    range.selectNodeContents(element);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return document.execCommand?.("copy") ?? false;
  }
}

export function say(text) {
  byId("said").textContent = text;
}

export async function showStation() {
  const station = await fetchJson("/api/v1/station");
  byId("where").textContent = station.interfaces ? `serving on ${station.interfaces}` : "";
  return station;
}

// Follows the station from an event on; where something may have been lost, `onGap` reads anew.
export function follow(after, { onEvent, onTransfers = () => {}, onGap }) {
  const link = byId("link");
  let place = after;
  let source = null;
  const show = (text, state) => {
    link.hidden = false;
    link.textContent = text;
    link.className = `link ${state}`;
  };
  const begin = () => {
    source = new EventSource(`/api/v1/events?after=${encodeURIComponent(place)}`);
    source.onopen = () => show("● live", "on");
    source.onerror = () => {
      show("○ the station does not answer", "off");
      if (source.readyState === EventSource.CLOSED) setTimeout(begin, 5000); // a browser that gives up by itself
    };
    source.onmessage = (message) => {
      place = message.lastEventId || place;
      onEvent(JSON.parse(message.data));
    };
    source.addEventListener("transfers", (message) => onTransfers(JSON.parse(message.data).transfers));
    source.addEventListener("gap", onGap);
  };
  begin();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (shown) => shown.persisted && begin());
}
