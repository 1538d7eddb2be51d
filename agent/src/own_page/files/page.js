// The page: enters by the link that it was opened with, shows how things stand, and follows the agent's events.

import { Outside, Problem, call, enter } from "./agent.js";
import * as parts from "./parts.js";
import { words } from "./words.js";

/** How long one question after events waits, milliseconds. */
const WAIT = 25000;
/** Rest after a failure, milliseconds. */
const REST = 3000;

const place = (id) => document.getElementById(id);
const read = new Map();
const shown = new Map();
const newest = new Map();
/** Documents that the person looks at, by request. */
const looked = new Map();
let asked = 0;
let language = "fr";
let say = words(language);

const ask = (operation, request = {}) => call(operation, request, language);

function message(text, isGood = false) {
  const line = place("message");
  line.textContent = text;
  line.hidden = text === "";
  line.classList.toggle("good", isGood);
}

/** The place of a question among all that were asked: what a person does is followed at once, beside what the events say. */
const order = () => ++asked;

const isCovered = (id, number) => number < (newest.get(id) ?? 0);

/** Puts new content in a section, keeping the focus where it was and the boxes that the person had cleared; what was asked for earlier than what it
    shows is left out. */
function show(id, number, children, state) {
  if (isCovered(id, number)) {
    return;
  }
  newest.set(id, number);
  const key = JSON.stringify([language, state]);
  if (shown.get(id) === key) {
    return;
  }
  shown.set(id, key);
  const content = place(id).querySelector(".content");
  const focused = content.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const boxes = () => [...content.querySelectorAll("input[type=checkbox]")];
  const cleared = new Set(boxes().filter((box) => !box.checked).map((box) => box.dataset.key));
  content.replaceChildren(...children);
  for (const box of boxes()) {
    box.checked &&= !cleared.has(box.dataset.key);
  }
  if (focused !== undefined) {
    const again = [...content.querySelectorAll("[data-key]")].find((one) => one.dataset.key === focused);
    (again ?? place("main")).focus();
  }
}

/** The journal was changed. */
class Broken extends Error {}

const quiet = (text) => parts.element("p", { class: "quiet" }, text);

const act = {
  answer: (asked, decision, rights) =>
    attempt(async () => {
      const request = { pairing: asked.pairing, decision };
      if (decision !== "refuse") {
        request.rights = rights;
      }
      await ask("pairing/answer", request);
    }),
  stop: (mandate) => attempt(() => ask("mandate/close", { mandate: mandate.mandate })),
  revoke: (grant) => attempt(() => ask("grant/revoke", { origin: grant.origin })),
  refuse: (request) => attempt(() => ask("request/refuse", { request: request.request })),
  examine: () => attempt(examine),
  verify: () =>
    attempt(async () => {
      const found = await ask("audit/verify");
      if (!found.intact) {
        throw new Broken(say.broken(found.entries));
      }
      return say.intact(found.entries);
    }),
  look: (request, index) =>
    attempt(async () => {
      const document = await ask("request/show", { request: request.request, document: index + 1 });
      const others = looked.get(request.request) ?? new Map();
      looked.set(request.request, others.set(index, document));
      return "";
    }),
  /** What the person looks at of a document, or nothing. */
  seen: (request, index) => {
    const document = looked.get(request.request)?.get(index);
    if (document === undefined) {
      return null;
    }
    const save = () => attempt(() => copy(request, index, document));
    return parts.preview(document, say, { save, key: `${request.request} ${index}`, title: request.documents[index].title });
  },
};

/** What would be signed, byte for byte, as a file of the person's: another program shows it, this page renders nothing. */
async function copy(request, index, document) {
  const pieces = [];
  let offset = 0;
  for (let last = false; !last; ) {
    const piece = await ask("request/get", { request: request.request, document: document.document, offset });
    const bytes = Uint8Array.from(atob(piece.content), (character) => character.charCodeAt(0));
    pieces.push(bytes);
    offset += bytes.length;
    last = piece.last;
  }
  const file = new Blob(pieces, { type: document.media_type ?? "application/octet-stream" });
  const link = parts.element("a", { href: URL.createObjectURL(file), download: request.documents[index].title });
  link.click();
  // The browser has taken the file over by then.
  setTimeout(() => URL.revokeObjectURL(link.href), REST);
  return say.saved;
}

async function attempt(work) {
  try {
    const said = await work();
    message(typeof said === "string" ? said : say.done, true);
    await refresh();
  } catch (error) {
    failed(error);
  }
}

function failed(error) {
  if (error instanceof Broken) {
    message(error.message);
  } else if (error instanceof Problem) {
    message(say.failed(error));
  } else if (error instanceof Outside) {
    place("sections").hidden = true;
    message(say.outside);
  } else {
    message(say.lost);
  }
}

async function requests() {
  const number = order();
  const [sites, pins] = await Promise.all([ask("pairing/list"), ask("request/list")]);
  if (isCovered("requests", number)) {
    return;
  }
  const open = new Set(pins.requests.map((one) => one.request));
  for (const request of looked.keys()) {
    if (!open.has(request)) {
      looked.delete(request);
    }
  }
  const content = [
    ...pins.requests.map((one) => parts.request(one, say, act)),
    ...sites.pairings.map((one) => parts.pairing(one, say, act)),
  ];
  const previews = [...looked].map(([request, documents]) => [request, ...documents.keys()]);
  show("requests", number, content.length === 0 ? [quiet(say.noRequests)] : content, [sites, pins, previews]);
}

async function cards() {
  const number = order();
  const status = await ask("status");
  for (const one of status.readers) {
    const atr = one.card?.atr;
    const before = read.get(one.name);
    if (one.state !== "present" || !["cps3", "cps4"].includes(one.card?.kind)) {
      read.delete(one.name);
    } else if (before?.atr !== atr || before?.answer.problem) {
      let answer;
      try {
        answer = await ask("card/read", { reader: one.name });
      } catch (error) {
        if (!(error instanceof Problem)) {
          throw error;
        }
        answer = { problem: error };
      }
      read.set(one.name, { atr, answer });
    }
  }
  const content = status.readers.map((one) => parts.reader(one, read.get(one.name)?.answer, say));
  content.push(...status.warnings.map((one) => parts.warning(one)));
  const state = [status, [...read].map(([name, one]) => [name, one.answer])];
  show("cards", number, content.length === 0 ? [quiet(say.noReaders)] : content, state);
  place("footer").textContent = say.version(status.versions.agent);
}

async function mandates() {
  const number = order();
  const answer = await ask("mandate/status");
  const open = answer.mandates.filter((one) => !one.end);
  const content = open.length === 0 ? [quiet(say.noMandates)] : [];
  const ended = answer.mandates.filter((one) => one.end).reverse().slice(0, 5);
  content.push(...[...open, ...ended].map((one) => parts.mandate(one, say, act)));
  show("mandates", number, content, answer);
}

async function grants() {
  const number = order();
  const answer = await ask("grant/list");
  const content = answer.grants.map((one) => parts.grant(one, say, act));
  if (content.length === 0) {
    content.push(quiet(say.noGrants));
  }
  for (const origin of answer.forbidden ?? []) {
    content.push(parts.element("p", {}, say.forbidden + say.colon, parts.element("span", { class: "origin" }, origin)));
  }
  content.push(quiet(answer.pairing_allowed ? say.othersMayAsk : say.othersMayNotAsk));
  show("grants", number, content, answer);
}

async function journal() {
  const number = order();
  const answer = await ask("audit/list", { limit: 20 });
  const content = answer.entries.length === 0 ? quiet(say.noJournal) : parts.journal(answer, say, act);
  show("journal", number, [content], answer);
}

async function examine() {
  const number = order();
  const found = await ask("doctor");
  show("doctor", number, [parts.examination(found, say, act)], found);
}

async function refresh() {
  await requests();
  await mandates();
  await grants();
  await journal();
  await cards();
}

/** Follows what happens, for as long as the session lasts. */
async function follow() {
  let cursor = (await ask("events")).cursor;
  await refresh();
  examine().catch(failed);
  let isWell = true;
  for (;;) {
    try {
      const news = await ask("events", { cursor, wait_ms: WAIT });
      cursor = news.cursor;
      if (news.events.some((event) => event.kind.startsWith("card-") || event.kind.startsWith("reader-"))) {
        read.clear();
      }
      // What was done before is no answer to what is asked now.
      if (news.events.some(({ kind }) => kind === "request-opened" || kind === "pairing-requested")) {
        message("");
      }
      // Time left runs without events.
      await refresh();
      if (!isWell) {
        message("");
        isWell = true;
      }
    } catch (error) {
      failed(error);
      if (error instanceof Outside) {
        return;
      }
      isWell = false;
      await new Promise((resume) => setTimeout(resume, REST));
    }
  }
}

function speak(chosen) {
  language = chosen;
  say = words(language);
  document.documentElement.lang = language;
  place("skip").textContent = say.skip;
  const other = place("language");
  other.textContent = say.other;
  other.lang = say.otherLanguage;
  for (const section of ["requests", "cards", "mandates", "grants", "journal", "doctor"]) {
    place(`${section}-title`).textContent = say[section];
  }
}

async function begin() {
  speak("fr");
  const link = location.hash.slice(1);
  // The word of the link is good once; it stays in no history.
  history.replaceState(null, "", "/");
  place("language").addEventListener("click", () => {
    speak(say.otherLanguage);
    if (place("sections").hidden) {
      message(say.outside);
    } else {
      message("");
      refresh().then(examine).catch(failed);
    }
  });
  if (link === "") {
    message(say.outside);
    return;
  }
  try {
    await enter(link, language);
    place("sections").hidden = false;
    await follow();
  } catch (error) {
    place("sections").hidden = true;
    message(error instanceof Problem ? say.failed(error) : say.outside);
  }
}

begin();
