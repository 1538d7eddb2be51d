// A hostile page of another site: everything that a page can make a browser send to an agent on the loopback, without anybody's permission.
// `attack` gives what it learned of each attempt: "nothing", "opaque" (sent, and not a word of the answer), or what it should not have had.

"use strict";

/** Milliseconds after which an attempt is given up: a permission that nobody gives leaves it open. */
const PATIENCE = 1500;
/** URLs that are tried at once. */
const AT_ONCE = 6;

const nothing = () => "nothing";
const within = (attempt) => Promise.race([attempt, new Promise((resolve) => setTimeout(resolve, PATIENCE, "nothing"))]);

/** What a fetch taught. */
function fetched(url, options) {
  return fetch(url, options).then(async (answer) => {
    if (answer.type === "opaque" || answer.type === "opaqueredirect") {
      return "opaque";
    }
    return `read ${answer.status} ${await answer.text()}`;
  }, nothing);
}

/** What an element taught by its events. */
function element(name, attributes, where = document.getElementById("here")) {
  return new Promise((resolve) => {
    const made = document.createElement(name);
    made.addEventListener("load", () => resolve(`loaded ${name}`));
    made.addEventListener("error", () => resolve("nothing"));
    Object.assign(made, attributes);
    where.append(made);
  });
}

/** Frames fire `load` for error pages too: what counts is whether anything in them can be seen. */
async function framed(attributes, fill) {
  const frame = document.createElement("iframe");
  Object.assign(frame, attributes);
  const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
  document.getElementById("here").append(frame);
  fill?.(frame);
  await within(loaded);
  try {
    const document = frame.contentDocument;
    return document?.URL.startsWith("https://") && document.body.textContent ? `read ${document.body.textContent}` : "nothing";
  } catch {
    return "nothing";
  }
}

/** A form, sent into a frame or over the whole page. */
function form(action, type, target) {
  const made = Object.assign(document.createElement("form"), { action, method: "post", enctype: type, target });
  const field = Object.assign(document.createElement("input"), { type: "hidden", name: '{"profile":"dsg","a":"', value: '"}' });
  made.append(field);
  document.getElementById("here").append(made);
  made.submit();
}

function socket(url) {
  return new Promise((resolve) => {
    const made = new WebSocket(url);
    made.onopen = () => resolve("opened a WebSocket");
    made.onerror = () => resolve("nothing");
  });
}

function events(url) {
  return new Promise((resolve) => {
    const made = new EventSource(url, { withCredentials: true });
    made.onopen = () => resolve("opened an EventSource");
    made.onmessage = () => resolve("read an event");
    made.onerror = () => {
      made.close();
      resolve("nothing");
    };
  });
}

function request(url) {
  return new Promise((resolve) => {
    const made = new XMLHttpRequest();
    made.open("POST", url);
    made.withCredentials = true;
    made.setRequestHeader("Content-Type", "application/json");
    made.onload = () => resolve(`read ${made.status} ${made.responseText}`);
    made.onerror = () => resolve("nothing");
    made.send("{}");
  });
}

function worker(url) {
  return new Promise((resolve) => {
    const made = new Worker(url);
    made.onmessage = () => resolve("started a worker");
    made.onerror = () => resolve("nothing");
  });
}

/** A document of no origin that tries, and tells what it read. */
function sandboxed(url) {
  return new Promise((resolve) => {
    addEventListener("message", ({ data }) => data.url === url && resolve(data.learned));
    const script = `fetch(${JSON.stringify(url)}, { method: "POST", headers: { "Content-Type": "application/json", "X-Paraphe": "1" }, body: "{}" })
      .then(async (answer) => "read " + await answer.text(), () => "nothing")
      .then((learned) => parent.postMessage({ url: ${JSON.stringify(url)}, learned }, "*"))`;
    element("iframe", { sandbox: "allow-scripts", srcdoc: `<script>${script}<\/script>` });
  });
}

const BODY = '{"profile":"dsg"}';

/** The attempts at one URL, by name. */
function attempts(url) {
  const json = { "Content-Type": "application/json" };
  const plain = { method: "POST", mode: "no-cors", body: BODY };
  return {
    "fetch GET": () => fetched(url),
    "fetch no-cors GET": () => fetched(url, { mode: "no-cors", credentials: "include" }),
    "fetch no-cors POST": () => fetched(url, plain),
    "fetch no-cors POST, kept alive": () => fetched(url, { ...plain, keepalive: true }),
    "fetch no-cors POST of a form": () => fetched(url, { ...plain, body: new URLSearchParams({ a: BODY }) }),
    "fetch no-cors POST of parts": () => fetched(url, { ...plain, body: new FormData() }),
    "fetch POST of text": () => fetched(url, { method: "POST", body: BODY }),
    "fetch POST of JSON": () => fetched(url, { method: "POST", headers: json, body: BODY }),
    "fetch POST as the client does": () => fetched(url, { method: "POST", headers: { ...json, "X-Paraphe": "1" }, body: "{}" }),
    "fetch POST as the agent's page does": () =>
      fetched(url, { method: "POST", headers: { ...json, "X-Paraphe": "1", "X-Paraphe-Page": "a".repeat(43) }, body: "{}" }),
    "fetch POST to the loopback by name": () => fetched(url, { method: "POST", headers: json, body: "{}", targetAddressSpace: "loopback" }),
    "fetch PUT": () => fetched(url, { method: "PUT", body: BODY }),
    "fetch DELETE": () => fetched(url, { method: "DELETE" }),
    XMLHttpRequest: () => request(url),
    "beacon of text": () => Promise.resolve(navigator.sendBeacon(url, BODY) ? "opaque" : "nothing"),
    "beacon of JSON": () => Promise.resolve(navigator.sendBeacon(url, new Blob([BODY], { type: "application/json" })) ? "opaque" : "nothing"),
    image: () => element("img", { src: url }),
    "image with a query": () => element("img", { src: `${url}?a=1` }),
    script: () => element("script", { src: url }),
    "module script": () => import(url).then(() => "ran a module", nothing),
    stylesheet: () => element("link", { rel: "stylesheet", href: url }),
    // Firefox says that these were loaded whatever came; nothing of it can be seen.
    preload: () => element("link", { rel: "preload", as: "fetch", href: url, crossOrigin: "anonymous" }).then(() => "opaque"),
    prefetch: () => element("link", { rel: "prefetch", href: url }).then(() => "opaque"),
    video: () => element("video", { src: url }),
    font: () => new FontFace("x", `url(${url})`).load().then(() => "loaded a font", nothing),
    object: () => element("object", { data: url }).then(nothing),
    embed: () => element("embed", { src: url }).then(nothing),
    iframe: () => framed({ src: url }),
    "form in an iframe, encoded": () => framed({ name: `one ${url}` }, () => form(url, "application/x-www-form-urlencoded", `one ${url}`)),
    "form in an iframe, text": () => framed({ name: `two ${url}` }, () => form(url, "text/plain", `two ${url}`)),
    "form in an iframe, parts": () => framed({ name: `three ${url}` }, () => form(url, "multipart/form-data", `three ${url}`)),
    "page without an origin": () => sandboxed(url),
    WebSocket: () => socket(url.replace("https:", "wss:")),
    EventSource: () => events(url),
    "service worker": () => navigator.serviceWorker.register(url).then(() => "registered a service worker", nothing),
    worker: () => worker(url),
    window: () => {
      const opened = open(url);
      return new Promise((resolve) => setTimeout(resolve, 300)).then(() => {
        try {
          const text = opened?.document?.body?.textContent;
          return opened?.location.href.startsWith("https:") && text ? `read ${text}` : "nothing";
        } catch {
          return "nothing";
        } finally {
          opened?.close();
        }
      });
    },
  };
}

/** Makes every attempt at every URL; gives `[name, what was learned]` of each. */
async function attack(urls) {
  const learned = [];
  for (let first = 0; first < urls.length; first += AT_ONCE) {
    const named = urls
      .slice(first, first + AT_ONCE)
      .flatMap((url) => Object.entries(attempts(url)).map(([name, attempt]) => [`${name} at ${url}`, attempt]));
    const what = await Promise.all(named.map(([, attempt]) => within(Promise.resolve().then(attempt).catch(nothing))));
    learned.push(...named.map(([name], index) => [name, what[index]]));
    document.getElementById("here").replaceChildren();
  }
  return learned;
}

/** Sends a form over the whole page: the one request that needs nobody's permission in any browser. */
function leave(url, type) {
  form(url, type, "_top");
}
