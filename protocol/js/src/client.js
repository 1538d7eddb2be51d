/** The agent's operations, as a page needs them. Each takes and gives the API's own JSON (docs/doors.md, protocol/openapi.json). */
import { loopbackPermission } from "./diagnosis.js";
import { get, put } from "./documents.js";
import { follow } from "./events.js";
import { pair } from "./pairing.js";
import { Transport } from "./transport.js";

export class Paraphe {
  #transport;

  /** `port`: the agent's, 47443 unless this workstation says otherwise; `language`: `fr` (default) or `en`. */
  constructor(options) {
    this.#transport = new Transport(options);
  }

  /** Any operation by its name, such as `card/read`. */
  call(operation, request, options) {
    return this.#transport.call(operation, request, options);
  }

  /** Whether the browser lets this page reach the agent: `granted`, `prompt`, `denied`, or `unknown`. Firefox says `prompt` also where a policy allows it. */
  permission() {
    return loopbackPermission();
  }

  /** Why the agent cannot be reached, as a `ParapheError`; null where it answers. */
  async diagnosis(options) {
    try {
      await this.call("pairing/status", {}, options);
      return null;
    } catch (error) {
      options?.signal?.throwIfAborted();
      return error;
    }
  }

  /** Asks the person for rights, where the site has not all of them already; `onNumber` shows the number to compare. */
  pair(rights, options) {
    return pair(this.#transport, rights, options);
  }

  status(options) {
    return this.call("status", {}, options);
  }

  readCard(request, options) {
    return this.call("card/read", request, options);
  }

  readVitale(request, options) {
    return this.call("vitale/read", request, options);
  }

  login(request, options) {
    return this.call("login", request, options);
  }

  vihf(request, options) {
    return this.call("vihf", request, options);
  }

  approve(request, options) {
    return this.call("approve", request, options);
  }

  signLot(request, options) {
    return this.call("lot/sign", request, options);
  }

  sign(request, options) {
    return this.call("sign", request, options);
  }

  verify(request, options) {
    return this.call("verify", request, options);
  }

  /** Hands a document over; its `document` is what requests name as `{ document }`. */
  putDocument(content, options) {
    return put(this.#transport, content, options);
  }

  /** A document that the agent holds, as a `Blob`. */
  getDocument(document, options) {
    return get(this.#transport, document, options);
  }

  showDocument(request, options) {
    return this.call("document/show", request, options);
  }

  dropDocument(document, options) {
    return this.call("document/drop", { document }, options);
  }

  openMandate(request, options) {
    return this.call("mandate/open", request, options);
  }

  mandates(request, options) {
    return this.call("mandate/status", request, options);
  }

  closeMandate(mandate, options) {
    return this.call("mandate/close", { mandate }, options);
  }

  startBatch(request, options) {
    return this.call("batch/start", request, options);
  }

  batches(request, options) {
    return this.call("batch/status", request, options);
  }

  batchResult(batch, item, options) {
    return this.call("batch/result", { batch, item }, options);
  }

  cancelBatch(batch, options) {
    return this.call("batch/cancel", { batch }, options);
  }

  resumeBatch(request, options) {
    return this.call("batch/resume", request, options);
  }

  forgetBatch(request, options) {
    return this.call("batch/forget", request, options);
  }

  /** What changes at readers, cards, mandates: `for await (const event of paraphe.events({ signal }))`. */
  events(options) {
    return follow(this.#transport, options);
  }
}
