/**
 * Why a request got no answer. Browsers tell a page nothing, so it is found out by what else can be seen:
 *
 * - the permission for local services, where the browser tells it;
 * - an operation that any https site may ask (`pairing/status`): an answer proves that the agent is there and its certificate trusted, and
 *   tells whether the site has any right. With a right only an operation that the agent does not know fails so: its preflight is refused;
 * - two requests in plain HTTP whose answers cannot be read, only that there was one: the agent answers `GET /paraphe` and hangs up
 *   on `GET /`; any other web server treats both alike.
 */

/** How long a probe may take: the agent answers at once. */
const PROBE_MS = 5000;

/** The code of what the page can tell. */
export async function diagnose(transport) {
  const permission = await loopbackPermission();
  if (permission === "denied") {
    return "browser-permission-refused";
  }
  const rights = await rightsOfSite(transport);
  if (rights) {
    return rights.length > 0 ? "agent-too-old" : "site-not-granted";
  }
  const [greeting, root] = await Promise.all([
    answersPlainly(transport.port, "/paraphe"),
    answersPlainly(transport.port, "/"),
  ]);
  if (greeting) {
    return root ? "wrong-program-on-port" : "browser-certificate-not-trusted";
  }
  // Firefox says "prompt" even where a policy has opened the way; a browser of Chromium's family says so only when nobody allowed it.
  if (permission === "prompt" && "userAgentData" in navigator) {
    return "browser-permission-refused";
  }
  return "agent-not-running";
}

/** `granted`, `prompt` or `denied`; `unknown` where the browser has no such permission. */
export async function loopbackPermission() {
  for (const name of ["loopback-network", "local-network-access"]) {
    try {
      return (await navigator.permissions.query({ name })).state;
    } catch {
      // Not a name that this browser knows.
    }
  }
  return "unknown";
}

/** The rights that the agent says this site has; null where no answer came, or an unreadable one. */
async function rightsOfSite(transport) {
  try {
    const response = await transport.send("pairing/status", {}, AbortSignal.timeout(PROBE_MS));
    return (await response.json()).rights ?? null;
  } catch {
    return null;
  }
}

async function answersPlainly(port, path) {
  const init = { mode: "no-cors", cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" };
  try {
    await fetch(`http://127.0.0.1:${port}${path}`, { ...init, signal: AbortSignal.timeout(PROBE_MS) });
    return true;
  } catch {
    return false;
  }
}
