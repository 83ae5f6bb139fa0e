// The machines that boot now, with their steps as they come; and the boots before.

import { badge, byId, duration, fetchJson, findingCard, follow, machineWords, make, moment, say, showStation, size, toneSign } from "./dom.js";

const MOST_STEPS = 60;
const UNDER_WAY_S = 120;
const MOST_CARDS = 30;

const cards = new Map(); // attempt -> the card of a boot under way
let listed = []; // boots of the list, newest first
let nextPage = null;
let clockAhead = 0; // of the station's clock before this browser's, seconds
let transfers = [];
const onlyMac = new URLSearchParams(location.search).get("mac");

const now = () => Date.now() / 1000 + clockAhead;

// ---- the list of boots

function row(boot) {
  const when = make("a", { href: `/boots/${boot.attempt}` }, moment(boot.began_at_s));
  const ofMachine = make("a", { class: "mac", href: `/?mac=${boot.mac}`, title: "only this machine's boots" }, boot.mac);
  const isUnderWay = now() - boot.last_at_s < UNDER_WAY_S && cards.has(boot.attempt);
  return make(
    "tr",
    {},
    make("td", {}, when),
    make("td", {}, ofMachine, make("span", { class: "quiet" }, machineWords(boot))),
    make("td", { class: boot.image ? "" : "nothing" }, boot.image || make("span", { class: "quiet" }, "nothing")),
    make("td", {}, badge(boot.outcome, isUnderWay), make("span", { class: "quiet" }, boot.last_sign)),
    make("td", { class: "number" }, duration(boot.duration_s)),
  );
}

function showList() {
  const words = byId("search").querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (boot) => {
    const text = [boot.mac, boot.attempt, boot.image, boot.model, boot.firmware, boot.outcome, boot.last_sign, boot.maker].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  };
  const shown = listed.filter(fits);
  const focused = document.activeElement?.getAttribute("href");
  byId("boots").replaceChildren(...shown.map(row));
  if (focused?.startsWith("/boots/") || focused?.startsWith("/?mac=")) {
    byId("boots").querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus(); // the list was made anew under it
  }
  byId("none").hidden = shown.length > 0;
  byId("none").textContent = listed.length ? "No boot has these words." : "No boot is known yet. A machine that boots from this station shows up here.";
  document.querySelector("table.boots").hidden = shown.length === 0;
  byId("search").hidden = listed.length < 2;
  byId("older").hidden = nextPage === null;
}

async function readList() {
  const page = await fetchJson(`/api/v1/boots${onlyMac ? `?mac=${encodeURIComponent(onlyMac)}` : ""}`);
  listed = page.boots;
  nextPage = page.next;
  showList();
}

function putInList(boot) {
  if (onlyMac && boot.mac !== onlyMac) return;
  const place = listed.findIndex((each) => each.attempt === boot.attempt);
  if (place >= 0) listed[place] = { ...listed[place], ...boot };
  else listed = [boot, ...listed].sort((one, other) => other.began_at_s - one.began_at_s);
}

// ---- boots under way

function cardFor(boot) {
  let card = cards.get(boot.attempt);
  if (card) return card;
  const head = make("header");
  const steps = make("ol", { class: "steps" });
  const bars = make("div", { class: "bars" });
  const findings = make("div");
  const element = make("article", { class: "card", "data-attempt": boot.attempt }, head, findings, steps, bars);
  card = { boot, head, steps, bars, findings, element };
  cards.set(boot.attempt, card);
  byId("boots-now").prepend(element);
  while (cards.size > MOST_CARDS) removeCard(cards.keys().next().value);
  byId("nobody").hidden = true;
  return card;
}

function removeCard(attempt) {
  cards.get(attempt)?.element.remove();
  cards.delete(attempt);
  byId("nobody").hidden = cards.size > 0;
}

function showHead(card) {
  const boot = card.boot;
  card.element.className = `card ${boot.outcome}`;
  const parts = [
    make("h3", {}, make("a", { href: `/boots/${boot.attempt}` }, boot.mac)),
    badge(boot.outcome, true),
    make("p", { class: "quiet" }, [machineWords(boot), boot.address].filter(Boolean).join(" · ")),
  ];
  if (boot.image) parts.push(make("p", {}, "gets ", make("strong", {}, boot.image)));
  card.head.replaceChildren(...parts);
}

function addStep(card, step) {
  if (!step.line) return;
  const isFinding = step.kind === "finding";
  const more = isFinding ? [] : step.line.more.map((text) => make("span", { class: "more" }, text));
  card.steps.append(
    make(
      "li",
      { class: step.line.tone },
      make("time", {}, `${Math.max(step.at_s - card.boot.began_at_s, 0).toFixed(1)} s`),
      toneSign(step.line.tone),
      make("span", { class: "text" }, step.line.text, more),
    ),
  );
  while (card.steps.children.length > MOST_STEPS) card.steps.firstElementChild.remove();
  card.steps.scrollTop = card.steps.scrollHeight;
  if (isFinding) {
    const lines = (text) => String(text ?? "").split("\n").filter((line) => line !== "");
    card.findings.append(findingCard({ ...step.facts, screen: lines(step.facts.screen), fix: lines(step.facts.fix) }, "h4"));
  }
}

function showTransfers() {
  for (const card of cards.values()) {
    const bars = transfers.filter((each) => each.attempt === card.boot.attempt || (!each.attempt && each.mac === card.boot.mac));
    card.bars.replaceChildren(
      ...bars.map((each) => {
        const name = each.file.split("/").pop();
        const words = each.size_bytes ? `${size(each.sent_bytes)} of ${size(each.size_bytes)}` : size(each.sent_bytes);
        return make(
          "label",
          { class: "bar" },
          make("span", {}, make("span", { class: "file" }, name), make("span", { class: "quiet" }, words)),
          make("progress", { max: each.size_bytes || 1, value: each.sent_bytes }),
        );
      }),
    );
  }
}

function onEvent(event) {
  clockAhead = Math.max(clockAhead, event.at_s - Date.now() / 1000);
  if (event.kind === "problem" || event.kind === "image-loaded" || event.kind === "station-ready") readStation();
  if (!event.attempt || !event.boot) return;
  const isNew = !listed.some((each) => each.attempt === event.attempt);
  const before = cards.get(event.attempt)?.boot.outcome;
  const card = cardFor(event.boot);
  card.boot = { ...card.boot, ...event.boot };
  showHead(card);
  addStep(card, event);
  putInList(event.boot);
  showListSoon();
  if (isNew) say(`${event.boot.mac} asks to boot`);
  else if (event.kind === "finding") say(`${event.boot.mac}: ${event.facts.title}`);
  else if (before !== event.boot.outcome) say(`${event.boot.mac}: ${event.boot.last_sign}`);
}

let isListDue = false;
function showListSoon() {
  if (isListDue) return;
  isListDue = true;
  requestAnimationFrame(() => {
    isListDue = false;
    showList();
    showTransfers();
  });
}

async function readNow() {
  const live = await fetchJson("/api/v1/live");
  clockAhead = live.now_s - Date.now() / 1000;
  for (const attempt of [...cards.keys()]) removeCard(attempt);
  for (const boot of [...live.boots].reverse()) {
    const card = cardFor(boot);
    showHead(card);
    for (const step of boot.steps) addStep(card, step);
  }
  transfers = live.transfers;
  showTransfers();
  return live.newest_event;
}

// ---- the station

async function readStation() {
  const station = await showStation();
  const file = new Map(station.images.map((image) => [image.facts.file, image]));
  byId("entries").replaceChildren(...station.entries.map((entry) => make("li", {}, entry)));
  for (const image of file.values()) {
    const words = [image.facts.description, image.facts.size_bytes ? size(image.facts.size_bytes) : "", image.facts.mtime_s ? `of ${moment(image.facts.mtime_s)}` : ""];
    byId("entries").append(make("li", { class: "quiet small" }, `${image.facts.file}: ${words.filter(Boolean).join(", ")}`));
  }
  byId("loaders").replaceChildren(...station.loaders.map((loader) => make("li", {}, loader)));
  byId("served").hidden = station.entries.length === 0;
  const problems = station.problems.map((event) => event.facts);
  byId("problems-box").hidden = problems.length === 0;
  byId("problems").replaceChildren(
    ...problems.slice(-5).map((facts) =>
      make("article", { class: "trouble" }, make("h3", {}, facts.what), facts.why ? make("p", {}, facts.why) : null, facts.fix ? make("p", {}, make("strong", {}, "What to do: "), facts.fix) : null),
    ),
  );
}

async function begin() {
  if (onlyMac) {
    byId("past-title").textContent = `Boots of ${onlyMac}`;
    byId("only").hidden = false;
    byId("only").replaceChildren(make("a", { href: "/" }, "Show all machines"));
  }
  byId("search").addEventListener("input", showList);
  byId("older").addEventListener("click", async () => {
    const page = await fetchJson(nextPage);
    listed = [...listed, ...page.boots.filter((boot) => !listed.some((each) => each.attempt === boot.attempt))];
    nextPage = page.next;
    showList();
  });
  await readStation();
  const newest = await readNow();
  byId("now").hidden = false;
  await readList();
  follow(newest, {
    onEvent,
    onTransfers: (under) => {
      transfers = under;
      showTransfers();
    },
    onGap: async () => {
      await readNow();
      await readList();
    },
  });
  setInterval(() => {
    for (const [attempt, card] of [...cards]) {
      if (now() - card.boot.last_at_s > UNDER_WAY_S && !transfers.some((each) => each.attempt === attempt)) removeCard(attempt);
    }
    showListSoon();
  }, 5000);
}

begin().catch((error) => {
  byId("link").hidden = false;
  byId("link").textContent = `○ ${error.message}`;
});
