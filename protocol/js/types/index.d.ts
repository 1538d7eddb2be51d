import type { CardChoice, DocumentPutResponse, Event, Layer, Operations, PairingStatusResponse, Right, WhoActs } from "./api.js";

export type * from "./api.js";

/** Last argument of every call. */
export interface CallOptions {
  signal?: AbortSignal;
}

type Request<Name extends keyof Operations> = Operations[Name]["request"];
type Response<Name extends keyof Operations> = Promise<Operations[Name]["response"]>;

/** The agent on this workstation. Throws `ParapheError`. */
export declare class Paraphe {
  constructor(options?: { port?: number; language?: "fr" | "en" });
  /** Any operation by its name. */
  call<Name extends keyof Operations>(operation: Name, request?: Request<Name>, options?: CallOptions): Response<Name>;
  /** Whether the browser lets this page reach the agent. Firefox says `prompt` also where a policy allows it. */
  permission(): Promise<"granted" | "prompt" | "denied" | "unknown">;
  /** Why the agent cannot be reached; null where it answers. */
  diagnosis(options?: CallOptions): Promise<ParapheError | null>;
  /** Asks the person for rights, where the site has not all of them already. */
  pair(
    rights: Right[],
    options?: CallOptions & { recordServer?: string; onNumber?: (number: string) => void },
  ): Promise<PairingStatusResponse>;
  status(options?: CallOptions): Response<"status">;
  readCard(request?: Request<"card/read">, options?: CallOptions): Response<"card/read">;
  readVitale(request?: Request<"vitale/read">, options?: CallOptions): Response<"vitale/read">;
  login(request: Request<"login">, options?: CallOptions): Response<"login">;
  vihf(request: Request<"vihf">, options?: CallOptions): Response<"vihf">;
  approve(request: Request<"approve">, options?: CallOptions): Response<"approve">;
  signLot(request: Request<"lot/sign">, options?: CallOptions): Response<"lot/sign">;
  sign(request: Request<"sign">, options?: CallOptions): Response<"sign">;
  verify(request: Request<"verify">, options?: CallOptions): Response<"verify">;
  /** Hands a document over, in pieces; its `document` is what requests name as `{ document }`. */
  putDocument(content: Blob | BufferSource | string, options?: CallOptions): Promise<DocumentPutResponse>;
  /** A document that the agent holds. */
  getDocument(document: string, options?: CallOptions): Promise<Blob>;
  showDocument(request: Request<"document/show">, options?: CallOptions): Response<"document/show">;
  dropDocument(document: string, options?: CallOptions): Response<"document/drop">;
  openMandate(request: Request<"mandate/open">, options?: CallOptions): Response<"mandate/open">;
  mandates(request?: Request<"mandate/status">, options?: CallOptions): Response<"mandate/status">;
  closeMandate(mandate: string, options?: CallOptions): Response<"mandate/close">;
  startBatch(request: Request<"batch/start">, options?: CallOptions): Response<"batch/start">;
  batches(request?: Request<"batch/status">, options?: CallOptions): Response<"batch/status">;
  batchResult(batch: string, item: number, options?: CallOptions): Response<"batch/result">;
  cancelBatch(batch: string, options?: CallOptions): Response<"batch/cancel">;
  resumeBatch(request: Request<"batch/resume">, options?: CallOptions): Response<"batch/resume">;
  forgetBatch(request: Request<"batch/forget">, options?: CallOptions): Response<"batch/forget">;
  /** What changes at readers, cards, mandates. `missed` says: read the status again. */
  events(options?: CallOptions): AsyncGenerator<Event | { kind: "missed" }, never, void>;
}

/** A failure, whichever layer it is of. */
export declare class ParapheError extends Error {
  /** Stable. */
  readonly code: string;
  readonly layer: Layer;
  /** What happened. */
  readonly title: string;
  readonly detail?: string;
  /** What to do, and who can. */
  readonly remedy: { who: WhoActs; text: string };
  /** HTTP status; absent where no answer came. */
  readonly status?: number;
  /** PIN entries left, where the PIN was wrong. */
  readonly triesLeft?: number;
  /** The cards among which to choose (`card-several`). */
  readonly choices: CardChoice[];
  /** The person closed the window. */
  readonly isRefusalByPerson: boolean;
}

/** A key to which a login and its session are bound; it never leaves the browser. */
export declare class ProofKey {
  private constructor();
  static generate(): Promise<ProofKey>;
  /** What `channel_binding` of a login takes. */
  readonly binding: Readonly<{ type: "jkt"; value: string }>;
  /** The value of the header `DPoP` of one request (RFC 9449). */
  proof(method: string, url: string | URL, options?: { nonce?: string; token?: string }): Promise<string>;
}
