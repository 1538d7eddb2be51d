// The agent, as this page calls it. The word of the session is kept in this module's memory and nowhere else: a page that is
// loaded anew is a stranger, and nothing that the browser stores or sends by itself lets anybody in.

let word = null;

/** The agent's answer was a problem (RFC 9457), or none. */
export class Problem extends Error {
  constructor(document) {
    super(document.title ?? "");
    this.code = document.code ?? null;
    this.title = document.title ?? "";
    this.detail = document.detail ?? "";
    this.remedy = document.remedy?.text ?? "";
  }
}

/** The session is over, or there never was one. */
export class Outside extends Error {}

/** Exchanges the word of a link, which is good once. */
export async function enter(link, language) {
  const answer = await call("page/enter", { link }, language);
  word = answer.session;
}

/** Performs one operation. */
export async function call(operation, request, language) {
  const headers = {
    "Content-Type": "application/json",
    "Accept-Language": language,
    "X-Paraphe": "1",
  };
  if (word !== null) {
    headers["X-Paraphe-Page"] = word;
  }
  const answer = await fetch(`/v1/${operation}`, {
    method: "POST",
    headers,
    body: JSON.stringify(request),
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
  });
  if (answer.status === 403 && answer.headers.get("Content-Type") !== "application/problem+json") {
    throw new Outside();
  }
  const body = await answer.json();
  if (!answer.ok) {
    throw new Problem(body);
  }
  return body;
}
