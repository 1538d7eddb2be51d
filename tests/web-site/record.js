/** The record server behind this site (docs/record-server.md): a session bound to a key that never leaves the browser. */
import { ProofKey } from "./paraphe/index.js";

export class RecordServer {
  #key;
  #token;

  /** A login with the card in `reader`: nonce, assertion, session. Gives the holder. */
  async logIn(paraphe, reader) {
    const key = await ProofKey.generate();
    const { nonce, offered } = await this.#send("POST", "/v1/nonce", {});
    const { assertion, signed_for } = await paraphe.login({ nonce, offered, channel_binding: key.binding, reader });
    const proof = await key.proof("POST", "/v1/login", { nonce });
    const opened = await this.#send("POST", "/v1/login", { nonce, assertion, signed_for }, { DPoP: proof });
    this.#key = key;
    this.#token = opened.session;
    return opened.holder;
  }

  createRecord(patient, collectedBy) {
    const collected_at = Math.floor(Date.now() / 1000) - 1;
    const consent = { given: true, form: "checkbox", collected_by: collectedBy, collected_at };
    return this.#call("POST", "/v1/records", { patient, consent });
  }

  recordOf(nir) {
    return this.#call("POST", "/v1/records/exists", { patient: nir });
  }

  documents(record) {
    return this.#call("GET", `/v1/records/${record}/documents`);
  }

  /** Sends what Paraphe signed: the documents as they were signed, then the signature over all of them. */
  async sendLot(record, signed, paraphe) {
    const documents = signed.documents.map(({ unique_id, title, media_type }) => ({ unique_id, title, media_type }));
    const { lot } = await this.#call("POST", "/v1/lots", { record, documents });
    for (const [index, document] of signed.documents.entries()) {
      const bytes = await paraphe.getDocument(document.content.document);
      await this.#call("PUT", `/v1/lots/${lot}/documents/${index + 1}`, bytes);
    }
    const signature = await paraphe.getDocument(signed.signature.document);
    const text = await signature.text();
    const base64 = btoa(String.fromCharCode(...new TextEncoder().encode(text)));
    return this.#call("POST", `/v1/lots/${lot}/commit`, { signature: base64 });
  }

  async #call(method, path, body) {
    const headers = {
      Authorization: `DPoP ${this.#token}`,
      DPoP: await this.#key.proof(method, path, { token: this.#token }),
    };
    return this.#send(method, path, body, headers);
  }

  async #send(method, path, body, headers = {}) {
    const isJson = body !== undefined && !(body instanceof Blob);
    const type = isJson ? { "Content-Type": "application/json" } : {};
    const sent = isJson ? JSON.stringify(body) : body;
    const response = await fetch(path, { method, body: sent, headers: { "Accept-Language": "fr", ...type, ...headers } });
    const answer = response.status === 204 ? null : await response.json();
    if (!response.ok) {
      throw Object.assign(new Error(answer.title), answer);
    }
    return answer;
  }
}
