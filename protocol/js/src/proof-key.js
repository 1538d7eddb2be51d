/**
 * A key that a login and its session are bound to (RFC 9449, thumbprint RFC 7638): made by the browser, never to be read out of it,
 * so that neither an assertion nor a session is of use to who copied it.
 */
import { base64 } from "./documents.js";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };

export class ProofKey {
  #private;
  #jwk;

  constructor(privateKey, jwk, thumbprint) {
    this.#private = privateKey;
    this.#jwk = jwk;
    /** What `channel_binding` of a login takes. */
    this.binding = Object.freeze({ type: "jkt", value: thumbprint });
  }

  /** A new key. */
  static async generate() {
    const { privateKey, publicKey } = await crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
    const { x, y } = await crypto.subtle.exportKey("jwk", publicKey);
    // In the order of RFC 7638 section 3.2: the thumbprint is over exactly this text.
    const jwk = { crv: "P-256", kty: "EC", x, y };
    return new ProofKey(privateKey, jwk, await sha256(JSON.stringify(jwk)));
  }

  /**
   * The value of the header `DPoP` for one request: `nonce` what the server gave to be repeated (at a login the login's nonce), `token` the
   * session that goes with it.
   */
  async proof(method, url, { nonce, token } = {}) {
    const target = new URL(url, globalThis.location?.href);
    const claims = {
      jti: base64url(crypto.getRandomValues(new Uint8Array(16))),
      htm: method,
      htu: target.origin + target.pathname,
      iat: Math.floor(Date.now() / 1000),
      ath: token && (await sha256(token)),
      nonce,
    };
    const header = { typ: "dpop+jwt", alg: "ES256", jwk: this.#jwk };
    const signed = [header, claims].map((part) => base64url(utf8(JSON.stringify(part)))).join(".");
    const algorithm = { name: "ECDSA", hash: "SHA-256" };
    const signature = await crypto.subtle.sign(algorithm, this.#private, utf8(signed));
    return `${signed}.${base64url(new Uint8Array(signature))}`;
  }
}

function utf8(text) {
  return new TextEncoder().encode(text);
}

async function sha256(text) {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text))));
}

function base64url(bytes) {
  return base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
