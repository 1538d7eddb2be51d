/**
 * One request to the agent: POST, strict JSON, the marker header. A request that got no answer is looked into, because a browser says
 * "Failed to fetch" for everything: nobody there, permission refused, certificate not trusted, another program.
 */
import { diagnose } from "./diagnosis.js";
import { ParapheError } from "./error.js";

/** The agent at one port of this workstation. */
export class Transport {
  constructor({ port = 47443, language = "fr" } = {}) {
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      throw new RangeError("port");
    }
    this.port = port;
    this.language = language === "en" ? "en" : "fr";
  }

  /** The answer of an operation; throws a `ParapheError`, or the signal's reason. */
  async call(operation, request = {}, { signal } = {}) {
    let response;
    try {
      response = await this.send(operation, request, signal);
    } catch (cause) {
      signal?.throwIfAborted();
      const code = await diagnose(this);
      throw ParapheError.of(code, this.language, { cause });
    }
    let answer;
    try {
      answer = await response.json();
    } catch (cause) {
      signal?.throwIfAborted();
      throw ParapheError.of("agent-answer-unreadable", this.language, { cause });
    }
    if (response.ok) {
      return answer;
    }
    if (answer?.code === "operation-unknown") {
      throw ParapheError.of("agent-too-old", this.language, { cause: new ParapheError(answer) });
    }
    throw new ParapheError(answer);
  }

  send(operation, request, signal) {
    return fetch(`https://127.0.0.1:${this.port}/v1/${operation}`, {
      method: "POST",
      headers: {
        "Accept-Language": this.language,
        "Content-Type": "application/json",
        "X-Paraphe": "1",
      },
      body: JSON.stringify(request),
      cache: "no-store",
      credentials: "omit",
      mode: "cors",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal,
    });
  }
}
