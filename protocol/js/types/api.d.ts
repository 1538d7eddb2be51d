// Made from protocol/openapi.json by make-types.py: not to be changed by hand.

/** Who signs the documents once they are approved. */
export type ApprovalPurpose = "server-signature" | "structure-signature";

/** One document to approve. */
export interface ApproveDocumentRequest {
  /** Declared media type; must agree with the content. Absent: found from the content. */
  media_type?: string | null;
  /** SHA-256 that the record server asks for, hexadecimal. What the agent hashes must be that. */
  sha256: Sha256Digest;
  /** Where its bytes are. */
  source: DocumentSource;
  /** Title, as the record server has it: 1 to 128 characters. */
  title: string;
  /** Unique id, as the record server has it. */
  unique_id: Oid;
}

/** What the record server asked for, and where the documents are. */
export interface ApproveRequest {
  /** Serial of the card that must be meant. */
  card?: string | null;
  /** The documents, in the record server's order. */
  documents: Array<ApproveDocumentRequest>;
  /** The record server's nonce, base64url without padding, 32 to 128 bytes. */
  nonce: string;
  /** INS of the patient: 13 characters and key of 2. */
  patient: string;
  /** Who signs after it. */
  purpose: ApprovalPurpose;
  /** Exact PC/SC reader name; absent: the only professional's card present. */
  reader?: string | null;
  /** Name of the record server in the agent's table. On the HTTPS door the page's origin decides, and this may only confirm it. */
  server?: string | null;
  /** National identifier, with its type digit, of the structure whose certificate will sign. */
  signer: string;
  /** Unique id of the submission set. */
  submission_set: Oid;
}

/** The approval, to be handed to the record server as it is. */
export interface ApproveResponse {
  /** The approval (docs/signer-modes.md). */
  approval: unknown;
  /** Who approved. */
  approver: Holder;
  /** What that card, or other token, can prove. */
  assurance: Assurance;
  /** Serial of the card that signed. */
  card: string;
  /** Number of documents approved. */
  documents: number;
}

/** What a token can prove. */
export type Assurance = "holder" | "card-only" | "software";

/** Who asked. */
export type AuditCaller = {
  site: string;
} | "user";

/** One entry. */
export interface AuditEntry {
  /** What it was about. */
  about?: AuditSubject;
  /** When, seconds since 1970-01-01 UTC. */
  at: number;
  /** The entry in which it began. */
  begun?: number | null;
  /** Who asked. */
  caller: AuditCaller;
  /** Why it was refused or failed. */
  code?: ErrorCode | null;
  /** Name of the operation; of a grant, of the operation by which it is given or refused (`pairing/answer`) or ends (`grant/revoke`), whoever answered and however it ended; of what nobody closed, `mandate/close` or `tunnel/close`; of a batch that works no longer, `batch/start`. */
  operation: string;
  /** How far it came. `begun` without a later entry that names it: it is not known how it ended. */
  outcome: AuditOutcome;
  /** SHA-256 of the line before; zeros in the first entry. */
  previous: Sha256Digest;
  /** Its number, from 1. */
  sequence: number;
}

/** Take the journal, or a period of it, as a file. */
export interface AuditExportRequest {
  /** Only entries from this time on, seconds since 1970-01-01 UTC. */
  from?: number | null;
  /** Only entries before this time. */
  to?: number | null;
}

/** The journal as a file. */
export interface AuditExportResponse {
  /** A document for `document/get`: the lines of the journal as they stand, one JSON object each, so that the chain can be checked with the digest of each line. */
  document: string;
  /** Entries in it. */
  entries: number;
  /** Where the journal ends; absent while it is empty. */
  head?: AuditHead | null;
}

/** What is wrong with a journal. */
export type AuditFault = "unreadable" | "chain-broken" | "noted-head-missing";

/** Where a journal ends. Noted elsewhere, it tells later whether anything before it was taken away. */
export interface AuditHead {
  /** Number of the last entry. */
  sequence: number;
  /** SHA-256 of its line. */
  sha256: Sha256Digest;
}

/** Ask for entries, the latest first. */
export interface AuditListRequest {
  /** Only entries before this one; absent: from the latest on. */
  before?: number | null;
  /** At most so many, 1 to `MAXIMUM_AUDIT_PAGE`; absent: 50. */
  limit?: number | null;
}

/** Entries, the latest first. */
export interface AuditListResponse {
  /** The entries. */
  entries: Array<AuditEntry>;
  /** Where the journal ends; absent while it is empty. */
  head?: AuditHead | null;
}

/** How far an operation came. */
export type AuditOutcome = "begun" | "done" | "refused";

/** What an operation was about, as far as it says it. */
export interface AuditSubject {
  /** Number of the card, or name of the token. */
  card?: string | null;
  /** How many documents, signatures or items. */
  count?: number | null;
  /** SHA-256 of documents that were signed, at most `MAXIMUM_AUDIT_DOCUMENTS`. */
  documents?: Array<Sha256Digest>;
  /** How the mandate, tunnel or batch ended, in the word of its status. The count is that of the signatures made; of a tunnel, of its handshakes; of a batch, of its items that are done. */
  ended?: string | null;
  /** Format or profile of a signature, format of a login. */
  format?: string | null;
  /** The mandate, batch, tunnel or grant that it was about or under. */
  id?: string | null;
  /** The origin that a grant is for. */
  origin?: string | null;
  /** Why the French record was opened, as its assertion says it. */
  purpose?: string | null;
  /** Why the glass was broken, as the person said it, with every longer number left out. */
  reason?: string | null;
  /** The rights that a grant gives. */
  rights?: Array<Right>;
  /** Name of the record server in the agent's own table. */
  server?: string | null;
}

/** Check the whole journal. */
export interface AuditVerifyRequest {
  /** A head that was noted earlier: it must still be in the journal. */
  noted?: AuditHead | null;
}

/** What the check found. */
export interface AuditVerifyResponse {
  /** Entries that hold, from the first on. */
  entries: number;
  /** The first entry that does not hold; absent where all do. */
  fault?: AuditFault | null;
  /** Where the journal ends, as far as it holds; absent while it is empty. */
  head?: AuditHead | null;
  /** Whether every entry follows from the one before, and the noted head is there. */
  intact: boolean;
}

/** Stop a batch between two card operations. What is signed is finished. */
export interface BatchCancelRequest {
  /** Which. */
  batch: string;
}

/** How a document is signed. */
export interface BatchChoice {
  /** Absent: the key's usual one. */
  algorithm?: SignatureAlgorithm | null;
  /** Absent: `cades`. */
  format?: SignatureFormat | null;
  /** Absent: `B`. */
  level?: Level | null;
  /** Absent: the format's usual one. */
  packaging?: Packaging | null;
}

/** Forget a batch: its journal, its copies of documents, and the results that the agent keeps. Results in a directory of the user's own stay. */
export interface BatchForgetRequest {
  /** Which. */
  batch: string;
  /** Even though it is not finished: what is missing can never be resumed. */
  unfinished?: boolean;
}

/** Forgotten. */
export type BatchForgetResponse = Record<string, unknown>;

/** One item. */
export interface BatchItemRequest {
  /** Where it differs from the defaults. */
  signature?: BatchChoice;
  /** Where its bytes are. A document that was put is copied; a file is read where it is. */
  source: DocumentSource;
  /** Title, at most 128 characters; the person is shown the first ones. */
  title?: string | null;
}

/** How far an item is. */
export type BatchItemState = "done" | "failed" | "intended" | "signed" | "waiting";

/** How an item stands. */
export interface BatchItemStatus {
  /** Its place in the batch, from 1. */
  item: number;
  /** Why it failed. */
  problem?: Problem | null;
  /** How far it is. */
  state: BatchItemState;
  /** Its title. */
  title?: string | null;
}

/** Ask for the result of an item. */
export interface BatchResultRequest {
  /** Which batch. */
  batch: string;
  /** Which item, from 1. */
  item: number;
}

/** The result of an item. */
export interface BatchResultResponse {
  /** Which item. */
  item: number;
  /** Its SHA-256, hexadecimal. */
  sha256: string;
  /** The file: a path for the user's own programs, a document to `document/get` for a site. */
  signature: DocumentSource;
  /** Its size, bytes. */
  size: number;
}

/** Go on with what is missing. A person is asked for the PIN unless a mandate is given. */
export interface BatchResumeRequest {
  /** Which. */
  batch: string;
  /** The mandate under which it signs; absent: it asks for one of its own. */
  mandate?: string | null;
  /** When its own mandate ends at the latest. */
  not_after?: number | null;
  /** Try items once more that failed before they were signed. */
  retry_failed?: boolean;
}

/** Sign many documents. */
export interface BatchStartRequest {
  /** Serial of the card that must be meant. */
  card?: string | null;
  /** How items are signed that do not say otherwise. */
  defaults?: BatchChoice;
  /** The items. Exactly one of this and `list`. */
  items?: Array<BatchItemRequest>;
  /** A document of JSON lines, an item each, where there are more than a request holds. */
  list?: DocumentSource | null;
  /** The mandate under which it signs; absent: it asks for one whose documents are exactly its items. */
  mandate?: string | null;
  /** When its own mandate ends at the latest; absent: as long as the configuration allows. */
  not_after?: number | null;
  /** Absolute path of a directory, absent or empty, for the results. For the user's own programs. Absent: they are kept by the agent. */
  output?: string | null;
  /** What for; shown beside the PIN where the batch asks for a mandate of its own. 1 to 128 characters. */
  purpose: string;
  /** Exact PC/SC reader name; absent: the only professional's card present. */
  reader?: string | null;
}

/** What a batch does. */
export type BatchState = "cancelled" | "done" | "preparing" | "queued" | "signing" | "stopped";

/** Ask how a batch stands, or all of the caller's. */
export interface BatchStatusRequest {
  /** Which; absent: all, without their items. */
  batch?: string | null;
  /** Tell items from this one on, counted from 1; absent: none. */
  from?: number | null;
  /** How many items, at most `MAXIMUM_BATCH_PAGE`, which is also what absence means. */
  maximum?: number | null;
}

/** How the caller's batches stand, the oldest first. */
export interface BatchStatusResponse {
  /** The batches. */
  batches: Array<BatchSummary>;
  /** The items that were asked for. */
  items?: Array<BatchItemStatus>;
}

/** A batch as it is now. */
export interface BatchSummary {
  /** Its name. */
  batch: string;
  /** Items whose result is there. */
  done: number;
  /** Items that were refused or failed. */
  failed: number;
  /** Items in all. */
  items: number;
  /** The mandate under which it signs now. */
  mandate?: string | null;
  /** Where its results are put. */
  output?: string | null;
  /** Signatures a minute, of late; absent while none are made. */
  per_minute?: number | null;
  /** Why it stopped, or what keeps items from being finished. */
  problem?: Problem | null;
  /** What for. */
  purpose: string;
  /** Seconds that the rest will take at that rate. */
  remaining_seconds?: number | null;
  /** Items that are signed and not yet finished. */
  signed: number;
  /** When it was started. */
  started: number;
  /** What it does. */
  state: BatchState;
}

/** One person on the card. */
export interface BeneficiarySummary {
  /** Postal address, at most 5 lines (`adresse`). */
  address?: Array<string>;
  /** Birth date as on the card (`dateEnCarte`), AAAAMMJJ or AAMMJJ; month or day may be outside a calendar (lunar dates). Empty where there is none. */
  birth_date: string;
  /** Birth name (`nomPatronymique`). */
  birth_name?: string | null;
  /** Rank among those born on the same day (`rangDeNaissance`), from 1. */
  birth_rank?: number | null;
  /** The person's own number as certified by the civil registry (`nirCertifie`). */
  certified_nir?: NirSummary | null;
  /** Birth date in the civil calendar (`naissance/date`), AAAAMMJJ or AAMMJJ. */
  civil_birth_date?: string | null;
  /** Kind of complementary cover (`cmu/typeCMU`). */
  complementary_cover?: string | null;
  /** Family name as on the card (`nomUsuel`). */
  family_name: string;
  /** Fields of this person whose provenance is not the answer's, by name. */
  field_provenance?: Record<string, Provenance>;
  /** Given name as on the card (`prenomUsuel`). */
  given_name: string;
  /** Legacy INS-C, 20 digits then key of 2, where the person's own number allows to compute it. */
  ins_c?: string | null;
  /** Compulsory health insurance (`amo`). */
  insurance?: InsuranceSummary | null;
  /** The person's own number; absent for a dependant who has none on the card. */
  nir?: NirSummary | null;
  /** Position on the card, from 1; 1 is the rights holder. */
  position: number;
  /** What is said of the treating physician (`medecinTraitant`). */
  treating_physician?: string | null;
}

/** One of several cards that would do. */
export interface CardChoice {
  /** The card; its serial number is what a request's `card` takes. */
  card: CardSummary;
  /** The reader's PC/SC name, as a request's `reader` takes it. */
  reader: string;
}

/** Table G02, extension 1.2.250.1.71.1.2.2: the family of the card. */
export type CardKind = "cps" | "cpf" | "cpe" | "cpa";

/** Which card to read and how much. */
export interface CardReadRequest {
  /** Serial of the card that must be meant (as in `CardSummary::serial`); refused if another card is there. */
  card?: string | null;
  /** Also read the practice situations, which asks for the PIN. */
  practice_situations?: boolean;
  /** Exact PC/SC reader name; absent: the only professional's card present. */
  reader?: string | null;
}

/** What the card says. Not `Deserialize`: the holder is read from a certificate, never from JSON. */
export interface CardReadResponse {
  /** What the card can prove: that its holder is there (`holder`), or only that the card is (`card-only`, without contacts), or neither (`software`). A `card-only` card gives no holder, takes no PIN, and neither logs in nor signs. */
  assurance: Assurance;
  /** The card itself. */
  card: CardSummary;
  /** Certificates found, authentication first. */
  certificates: Array<CertificateSummary>;
  /** What the signature key signs documents with, the preferred algorithm first. Empty where there is none, or where the certificate's key is of a kind or size that is refused. */
  document_algorithms: Array<SignatureAlgorithm>;
  /** The holder, from the signature certificate (authentication certificate where there is no other). Absent where the card proves no holder. */
  holder?: Holder | null;
  /** Tries left, read without spending one; absent where the card has no PIN. */
  pin?: PinSummary | null;
  /** Practice situations; absent unless asked for. */
  practice_situations?: Array<PracticeSituationSummary> | null;
  /** Reader's PC/SC name. */
  reader: string;
  /** The structure, where the certificate is a structure's. */
  structure?: Structure | null;
}

/** A card in a reader. */
export interface CardSummary {
  /** Answer to reset, hexadecimal capitals. Absent for a token that is no card in a reader of ours. */
  atr?: string | null;
  /** `cps3`, `cps3-contactless`, `cps4`, `vitale2`, `vitale1`, `unknown`... (`CardModel::name`), or `pkcs11`, `software`. */
  kind: string;
  /** PKCS#15 token label. */
  label?: string | null;
  /** Serial number (EF.SN.ICC without issuer prefix), digits. Absent until the card was opened. */
  serial?: string | null;
}

/** Table G01, extension 1.2.250.1.71.1.2.5: what holds the key, and whether it is for production. */
export type Category = "card" | "secure-application-module" | "software" | "test-card" | "test-software" | {
  unknown: number;
};

/** What a certificate's key is for, read from its key usage. */
export type CertificatePurpose = "authentication" | "signature" | "technical";

/** A certificate on the card. */
export interface CertificateSummary {
  /** DER form, base64. */
  der: string;
  /** Issuer, RFC 2253 form. */
  issuer: string;
  /** End of validity. */
  not_after: number;
  /** Start of validity. */
  not_before: number;
  /** What its key is for. */
  purpose: CertificatePurpose;
  /** Serial number, decimal. */
  serial_number: string;
  /** SHA-256 of the DER form, hexadecimal. */
  sha256: string;
  /** Subject, RFC 2253 form. */
  subject: string;
}

/** The kind of a binding, as the envelope names it. */
export type ChannelBindingKind = "none" | "tls-exporter" | "jkt";

/** Which component gave the data. */
export interface ComponentIdentity {
  /** The operator's name for it, from the configuration. */
  name: string;
  /** What it says it is. */
  product?: string | null;
  /** Its version, as it says. */
  version?: string | null;
}

/** EN 319 102-1 main indications. */
export type Conclusion = "total-passed" | "indeterminate" | "total-failed";

/** A document named by the signature. */
export interface CoveredDocument {
  /** It was presented and its bytes match. */
  matched: boolean;
  /** SHA-1 in the manifest, hexadecimal, in profile `dmp-legacy`. */
  sha1?: string | null;
  /** SHA-256 in the manifest, hexadecimal, in profile `dsg`. */
  sha256?: string | null;
  /** `uniqueId` (OID). */
  unique_id: string;
}

/** Something that is signed, and what became of it. */
export interface CoveredReport {
  /** How many bytes, where known. */
  bytes?: number | null;
  /** As the signature names it. */
  name: string;
  /** Position among the presented documents, from 0. */
  presented?: number | null;
}

/** One thing that was looked at. */
export interface DoctorCheck {
  /** What is wrong with it, with what to do and who can. */
  faults?: Array<Warning>;
  /** How it is. */
  result: DoctorResult;
  /** What was seen, in the caller's language. */
  seen: string;
  /** What. */
  subject: DoctorSubject;
}

/** `doctor` takes nothing. */
export type DoctorRequest = Record<string, never>;

/** What was looked at, in the order in which a card's work depends on it. */
export interface DoctorResponse {
  /** One entry for each thing. */
  checks: Array<DoctorCheck>;
  /** Nothing that was looked at is wrong. */
  healthy: boolean;
}

/** How a thing is. */
export type DoctorResult = "good" | "wrong" | "unknown";

/** What can be looked at. */
export type DoctorSubject = "configuration" | "card-service" | "readers" | "cards" | "tokens" | "vitale-components" | "trusted-authorities" | "pin-entry" | "memory-lock" | "session-manager" | "clock" | "door-certificate" | "port" | "browsers";

/** Give up a document. */
export interface DocumentDropRequest {
  /** Which. */
  document: string;
}

/** Done. */
export type DocumentDropResponse = Record<string, unknown>;

/** Read a piece of a closed document. */
export interface DocumentGetRequest {
  /** Which. */
  document: string;
  /** From which byte. */
  offset: number;
}

/** The piece. */
export interface DocumentGetResponse {
  /** Base64, at most `MAXIMUM_CHUNK_BYTES` decoded. */
  content: string;
  /** Nothing follows. */
  last: boolean;
  /** Whole size, bytes. */
  size: number;
}

/** A piece of a document. */
export interface DocumentPutRequest {
  /** The piece, base64, at most `MAXIMUM_CHUNK_BYTES` decoded. */
  content: string;
  /** Absent: begin a new document. Present: go on with it. */
  document?: string | null;
  /** This is the last piece: the document is closed and can be used. */
  last: boolean;
  /** Bytes already put; must be exactly what the agent has, so that a lost or doubled piece is seen. */
  offset: number;
}

/** Where the document stands. */
export interface DocumentPutResponse {
  /** Its name from now on. */
  document: string;
  /** SHA-256, hexadecimal; once the last piece is in. */
  sha256?: string | null;
  /** Bytes held. */
  size: number;
}

/** Look at a document before it is signed. */
export interface DocumentShowRequest {
  /** Declared media type; absent: found from the content. */
  media_type?: string | null;
  /** Where its bytes are. A file is read once, now. */
  source: DocumentSource;
}

/** What there is to look at: a snapshot that never changes. Who signs `document`, or asks for `sha256` at signing, signs this. */
export interface DocumentShowResponse {
  /** The snapshot: a document to `document/get` and to sign. */
  document: string;
  /** What it is, by its content; absent where that is none of the formats that are signed. */
  media_type?: string | null;
  /** Why it will not be signed: active content, a format that is not one of the record... Empty: nothing stands against it. */
  problems?: Array<Problem>;
  /** SHA-256 of the snapshot. */
  sha256: Sha256Digest;
  /** Bytes. */
  size: number;
  /** Its text, where it is plain text or XML, as a page or terminal may show it: characters that are not seen, or that turn the direction of writing, stand there as `⟨U+202E⟩`. At most the first `MAXIMUM_SHOWN_TEXT` bytes. */
  text?: string | null;
  /** There is more text than `text` has. */
  text_is_cut: boolean;
}

/** Where a document's bytes are. Paths are for the command line and the socket door; the HTTPS door refuses them. */
export type DocumentSource = {
  document: string;
} | {
  path: string;
};

/** A door. */
export type DoorName = "https" | "socket";

/** One door and its numbers. */
export interface DoorSummary {
  /** Connections taken. */
  connections: number;
  /** Of these, closed at once because they were another user's. */
  connections_of_others: number;
  /** Which door. */
  name: DoorName;
  /** How long the agent itself took for each operation: without the wait for a turn, a card, a person and the caller's own bytes. Classes from short to long. */
  own_time: Array<DurationCount>;
  /** Requests that reached an operation. */
  requests_performed: number;
  /** Requests told that they are queued. */
  requests_queued: number;
  /** Requests refused before anything was done for them. */
  requests_refused: number;
  /** Requests told that there are too many. */
  requests_too_busy: number;
}

/** How often something took so long. */
export interface DurationCount {
  /** At most so many microseconds, and more than the class before; absent in the last class. */
  at_most_us?: number | null;
  /** How often. */
  count: number;
}

/** Stable error codes. */
export type ErrorCode = "access-reason-missing" | "approval-document-mismatch" | "approval-invalid" | "audit-unavailable" | "batch-interrupted" | "batch-item-not-reproducible" | "batch-journal-damaged" | "batch-result-not-ready" | "batch-running" | "batch-size" | "batch-storage" | "batch-too-many" | "batch-unfinished" | "batch-unknown" | "browser-policy-missing" | "busy-queued" | "card-absent" | "card-changed" | "card-data-malformed" | "card-mute" | "card-not-a-professional-card" | "card-not-vitale" | "card-proves-no-holder" | "card-refused" | "card-removed" | "card-several" | "card-unknown" | "card-vitale-1" | "certificate-expired" | "certificate-invalid" | "certificate-missing" | "certificate-not-trusted" | "certificate-revocation-unknown" | "certificate-revoked" | "certificate-wrong-use" | "clock-implausible" | "configuration-invalid" | "document-active-content" | "document-changed" | "document-format" | "document-missing" | "document-not-signable" | "document-piece-out-of-order" | "document-too-large" | "door-certificate-unusable" | "grant-of-configuration" | "grant-storage" | "grant-unknown" | "internal" | "lot-empty" | "lot-patient-invalid" | "lot-profile-disabled" | "lot-too-many-documents" | "mandate-document-not-approved" | "mandate-ended" | "mandate-limit" | "mandate-pin-on-keypad" | "mandate-unknown" | "memory-not-locked" | "nonce-invalid" | "operation-cancelled" | "operation-not-for-programs" | "operation-not-for-sites" | "operation-unknown" | "origin-not-allowed" | "page-link-invalid" | "pairing-too-many" | "pairing-unknown" | "passphrase-wrong" | "path-not-allowed" | "pin-blocked" | "pin-entry-unavailable" | "pin-format" | "pin-last-try" | "pin-not-managed-here" | "pin-outcome-unknown" | "pin-wrong" | "pkcs11-module-failed" | "pkcs11-module-refused" | "port-taken" | "practice-situation-unknown" | "reader-absent" | "reader-busy" | "reader-failed" | "reader-keypad-refused" | "reader-places-taken" | "reader-service-unavailable" | "reader-unknown" | "record-server-unknown" | "request-invalid" | "request-unknown" | "right-not-granted" | "session-not-watched" | "signature-algorithm-not-offered" | "signature-invalid" | "signature-not-accepted" | "software-token-unusable" | "speciality-unknown" | "structure-seal-missing" | "time-stamp-invalid" | "time-stamp-not-configured" | "time-stamp-refused" | "time-stamp-unreachable" | "too-busy" | "tunnel-caller-refused" | "tunnel-certificate-refused" | "tunnel-ended" | "tunnel-limit" | "tunnel-not-configured" | "tunnel-pin-on-keypad" | "tunnel-server-name" | "tunnel-server-unreachable" | "tunnel-server-untrusted" | "tunnel-tls-mismatch" | "tunnel-unknown" | "unblocking-code-blocked" | "unblocking-code-last-try" | "unblocking-code-missing" | "unblocking-code-wrong" | "vitale-component-failed" | "vitale-component-malformed" | "vitale-component-timeout" | "vitale-component-unusable" | "vitale-source-unknown";

/** One change. */
export interface Event {
  /** When, seconds since 1970-01-01 UTC. */
  at: number;
  /** The card that came, where it is known what it is. */
  card?: CardSummary | null;
  /** What. */
  kind: EventKind;
  /** The mandate that was opened, used or ended, as it was then. */
  mandate?: MandateSummary | null;
  /** The site that asks for rights, or whose rights changed. */
  origin?: string | null;
  /** Reader's PC/SC name; of a mandate or tunnel, where its card was when it was opened. */
  reader: string;
  /** The record server, by its name in the agent's table, of an access by break-glass. */
  record_server?: string | null;
  /** Position in the stream. */
  sequence: number;
  /** The tunnel that was opened or closed, as it was then. */
  tunnel?: TunnelSummary | null;
}

/** Kinds of change. */
export type EventKind = "break-glass" | "card-inserted" | "card-removed" | "card-service-back" | "card-service-lost" | "grant-ended" | "grant-given" | "mandate-ended" | "mandate-opened" | "mandate-used" | "pairing-ended" | "pairing-requested" | "reader-arrived" | "reader-left" | "request-ended" | "request-opened" | "tunnel-closed" | "tunnel-opened" | "workstation-resumed";

/** Ask for what happened after `cursor`. */
export interface EventsRequest {
  /** The `cursor` of an earlier answer; absent: from now on, answered at once. */
  cursor?: number | null;
  /** How long to wait for something to happen, milliseconds, at most `MAXIMUM_EVENT_WAIT_MS`. Absent: do not wait. */
  wait_ms?: number | null;
}

/** What happened, oldest first. */
export interface EventsResponse {
  /** To be given in the next request. */
  cursor: number;
  /** Oldest first; empty when the wait ended without anything. */
  events: Array<Event>;
  /** The cursor was too old: events were lost, read `status` again. */
  missed: boolean;
}

/** By whom and for how long a site has rights. */
export type GrantDuration = "configuration" | "this-time" | "until-revoked";

/** `grant/list` takes nothing. */
export type GrantListRequest = Record<string, never>;

/** Who may ask, in the order of the origins. */
export interface GrantListResponse {
  /** Origins that the configuration forbids: they cannot even ask. */
  forbidden?: Array<string>;
  /** Sites that have rights. */
  grants: Array<GrantSummary>;
  /** Whether sites that are not listed may ask for rights. */
  pairing_allowed: boolean;
}

/** Take a site's rights away. */
export interface GrantRevokeRequest {
  /** The exact origin, as `grant/list` gives it. */
  origin: string;
}

/** What was taken away. */
export interface GrantRevokeResponse {
  /** The site's open mandates that ended with its rights. */
  mandates_ended: number;
  /** The origin. */
  origin: string;
}

/** A site that has rights. */
export interface GrantSummary {
  /** By whom and for how long. */
  duration: GrantDuration;
  /** When it ends by itself, where it does. */
  expires_at?: number | null;
  /** When the person granted it; absent for the configuration's. */
  granted_at?: number | null;
  /** Its exact origin. */
  origin: string;
  /** The record server that its logins are for, by name; absent: it cannot log in. */
  record_server?: string | null;
  /** Its rights. */
  rights: Array<Right>;
  /** What should make the person look twice. */
  warnings?: Array<OriginWarning>;
}

/** The identity in a card certificate. */
export interface Holder {
  /** Card family; absent on software certificates. */
  card_kind: CardKind | null;
  /** Issuer prefix and card number, such as `8025000001/2800636234`; absent on software certificates. */
  card_serial: string | null;
  /** What holds the key. */
  category: Category;
  /** Surname; absent on a staff card that names nobody. */
  family_name: string | null;
  /** Given name or names, as one text. */
  given_name: string | null;
  /** National identifier, the subject's commonName. */
  national_id: NationalId;
  /** Name of the structure (O), on staff cards. */
  organization: string | null;
  /** Profession, table G15. */
  profession: ProfessionCode | null;
  /** Profession in training, table G16. */
  profession_in_training: ProfessionCode | null;
  /** Label of a card that names nobody. */
  pseudonym: string | null;
  /** Skills ("savoir-faire", table R01), such as `SM26`. */
  skills: Array<string>;
  /** Identifier of the structure with its type digit (OU), on staff cards, such as `1760021832`. */
  structure_id: string | null;
  /** Profession or function as a label: title, or OU in the older generation. */
  title: string | null;
}

/** Overall outcome, the best first. */
export type Indication = "TOTAL-PASSED" | "INDETERMINATE" | "TOTAL-FAILED";

/** Compulsory health insurance of a person, codes as the component gives them. */
export interface InsuranceSummary {
  /** Quality of the beneficiary (`qualBenef`); 0 is the insured person. */
  beneficiary_quality?: number | null;
  /** The card's centre (`centreCarte`). */
  card_centre?: string | null;
  /** Wording of an exemption (`libelleExo`). */
  exemption?: string | null;
  /** Fund (`caisse`). */
  fund?: string | null;
  /** Management code (`codeGestion`). */
  management_code?: string | null;
  /** Managing centre (`centreGestion`). */
  managing_centre?: string | null;
  /** Regime (`codeRegime`). */
  regime?: string | null;
  /** Periods of rights (`listePeriodesDroits`). */
  rights?: Array<RightsPeriod>;
}

/** The layer that failed. */
export type Layer = "agent" | "browser" | "card" | "certificate" | "policy" | "reader" | "server";

/** A baseline level; each holds what the one before it holds. */
export type Level = "B" | "T" | "LT" | "LTA";

/** What a login makes. */
export type LoginFormat = "assertion" | "web-eid:1";

/** What the caller knows: the server's nonce, what it offers, what the login is bound to, and from the socket or command line which server of the table. */
export interface LoginRequest {
  /** Serial of the card that must be meant. */
  card?: string | null;
  /** What the login is bound to; absent: to nothing. */
  channel_binding?: RequestedBinding | null;
  /** What is made. */
  format?: LoginFormat;
  /** The record server's nonce, base64url without padding, 32 to 128 bytes; of a Web eID site its challenge, as it is. */
  nonce: string;
  /** The algorithms that the record server offers, as it gave them, in order. Absent: `RS256`, `PS256`, `ES256`, `ES384`. */
  offered?: OfferedAlgorithms | null;
  /** Exact PC/SC reader name; absent: the only professional's card present. */
  reader?: string | null;
  /** Name of the record server in the agent's table. On the HTTPS door the page's origin decides, and this may only confirm it. */
  server?: string | null;
  /** In format `web-eid:1`, from the socket or command line: the origin of the site. A page's own decides, and this may only confirm it. */
  site?: string | null;
}

/** The assertion, to be handed to the record server as it is. */
export interface LoginResponse {
  /** The assertion (docs/login-assertion.md), or the Web eID token. */
  assertion: unknown;
  /** What that card, or other token, can prove. */
  assurance: Assurance;
  /** Serial of the card that signed. */
  card: string;
  /** What the assertion was made for: the record server tells by it why it refuses, where it does. Absent with a token. */
  signed_for?: StatedTerms | null;
}

/** One document of the lot. */
export interface LotDocumentRequest {
  /** Declared media type; must agree with the content. Absent: found from the content. */
  media_type?: string | null;
  /** SHA-256 of the bytes that the person was shown (`document/show`): any others are refused. Absent: whatever is there. */
  sha256?: Sha256Digest | null;
  /** Where its bytes are. */
  source: DocumentSource;
  /** Title, 1 to 128 characters, none of them a control character. */
  title: string;
  /** `typeCode` (LOINC or national); absent: the configured default. */
  type_code?: string | null;
}

/** One document as it was signed. */
export interface LotDocumentResponse {
  /** The bytes that were signed. */
  content: DocumentSource;
  /** Media type of what was signed (`text/xml` for CDA). */
  media_type: string;
  /** SHA-256 of what was signed, hexadecimal. */
  sha256: Sha256Digest;
  /** Bytes signed. */
  size: number;
  /** Title. */
  title: string;
  /** `uniqueId` (OID). */
  unique_id: Oid;
}

/** The patient: the INS, and for CDA headers the strict identity traits. */
export interface LotPatient {
  /** AAAAMMJJ, lunar dates allowed. */
  birth_date?: string | null;
  /** Birth name. */
  birth_name?: string | null;
  /** INSEE code of the birth place, 5 characters. */
  birth_place?: string | null;
  /** Birth given names, first one first, separated by spaces. */
  given_names?: string | null;
  /** INS: 13 characters and key of 2. */
  ins: string;
  /** `M` or `F`. */
  sex?: string | null;
}

/** Signature profiles of a lot. */
export type LotProfile = "dsg" | "dmp-legacy";

/** A lot to sign. */
export interface LotSignRequest {
  /** Serial of the card that must be meant. */
  card?: string | null;
  /** Wrap each document as CDA R2 level 1 first. */
  cda?: boolean;
  /** The documents, in order. */
  documents: Array<LotDocumentRequest>;
  /** The caller's mandate to sign under: nobody is asked. Absent: the person is asked for the PIN. */
  mandate?: string | null;
  /** Whose record the lot is for. */
  patient: LotPatient;
  /** Practice situation (1 to 16) named in the CDA header; absent: the only one of the card. */
  practice_situation?: number | null;
  /** Signature profile. */
  profile: LotProfile;
  /** Exact PC/SC reader name; absent: the mandate's, or the only professional's card present. */
  reader?: string | null;
}

/** The signed lot. */
export interface LotSignResponse {
  /** Serial of the card that signed. */
  card: string;
  /** The documents as signed, in order. */
  documents: Array<LotDocumentResponse>;
  /** Profile used. */
  profile: LotProfile;
  /** The signature file (XML), as a document to `document/get`, or a path on the command line. */
  signature: DocumentSource;
  /** Who signed. */
  signer?: Holder | null;
  /** Signing time claimed in the signature. */
  signing_time: number;
  /** The structure whose seal it is, where it is no person's signature. */
  structure?: Structure | null;
  /** `uniqueId` of the submission set (OID). */
  submission_set: string;
}

/** Close a mandate. One that has ended stays as it ended. */
export interface MandateCloseRequest {
  /** Which. */
  mandate: string;
}

/** A document that may be signed. */
export interface MandateDocument {
  /** SHA-256 of its bytes, hexadecimal. */
  sha256: Sha256Digest;
  /** Title; the person is shown the first ones. */
  title?: string | null;
}

/** How a mandate ended. */
export interface MandateEnd {
  /** When. */
  at: number;
  /** Why. */
  reason: MandateEndReason;
}

/** Why a mandate ended. */
export type MandateEndReason = "agent-stopped" | "card-changed" | "card-failed" | "card-removed" | "card-service-lost" | "closed" | "expired" | "pin-refused" | "session-locked" | "session-manager-lost" | "used-up" | "workstation-slept";

/** Ask the person for a mandate. */
export interface MandateOpenRequest {
  /** Serial of the card that must be meant. */
  card?: string | null;
  /** The documents that may be signed, each as often as it stands here, and no others. Exactly one of this and `maximum_count`. */
  documents?: Array<MandateDocument>;
  /** So many signatures, of documents that are not known yet. */
  maximum_count?: number | null;
  /** When it ends at the latest; absent: an hour from now, or as long as the configuration allows where that is less. */
  not_after?: number | null;
  /** What for, in the person's words; shown beside the PIN. 1 to `MAXIMUM_PURPOSE` characters. */
  purpose: string;
  /** Exact PC/SC reader name; absent: the only professional's card present. */
  reader?: string | null;
}

/** Ask for one mandate, or all of the caller's. */
export interface MandateStatusRequest {
  /** Which; absent: all that are open, and the last ones that ended. */
  mandate?: string | null;
}

/** The caller's mandates, the oldest first. */
export interface MandateStatusResponse {
  /** The mandates. */
  mandates: Array<MandateSummary>;
}

/** A mandate as it is now. */
export interface MandateSummary {
  /** Serial number of the only card that signs under it. */
  card: string;
  /** Signatures that it is for. */
  count: number;
  /** Only documents whose digests were approved are signed. */
  documents_approved: boolean;
  /** How it ended; absent while it is open. */
  end?: MandateEnd | null;
  /** Whether it ends when the session is locked: not where no session manager tells. */
  ends_on_lock: boolean;
  /** Its name. */
  mandate: string;
  /** When it ends at the latest. */
  not_after: number;
  /** When it was opened. */
  opened: number;
  /** The site that opened it; told on the agent's own page alone. */
  origin?: string | null;
  /** What for. */
  purpose: string;
  /** The reader, slot or file that the card was in when it was opened. */
  reader: string;
  /** Signatures left. */
  remaining: number;
  /** Seconds left; 0 once it has ended. */
  remaining_seconds: number;
}

/** A visible mark: a frame with a few lines of text. It proves nothing; the signature does. */
export interface MarkRequest {
  /** From the page's bottom edge, points. */
  bottom: number;
  /** Points, at least 10. The mark covers at most a quarter of an A4 page. */
  height: number;
  /** From the page's left edge, points (1/72 inch). */
  left: number;
  /** One to eight lines of at most 120 characters; absent: the signer's name and the time. */
  lines?: Array<string>;
  /** On which page, from 1. */
  page: number;
  /** Points, at least 10. */
  width: number;
}

/** A PKCS#11 module of the configuration. */
export interface ModuleSummary {
  /** What it says of itself; absent where it was never loaded. */
  description?: string | null;
  /** Its name in the configuration. */
  name: string;
  /** Whether it can be used now; a warning says why not. */
  works: boolean;
}

/** A person's national identifier, with its type digit. */
export type NationalId = string;

/** A registration number (NIR). */
export interface NirSummary {
  /** Two digits. */
  key: string;
  /** 13 characters; `2A`/`2B` kept for Corsica. */
  number: string;
}

/** Names of algorithms, for example `["RS256"]`. */
export type OfferedAlgorithms = Array<string>;

/** A dotted object identifier of 64 characters at most. */
export type Oid = string;

/** `open` takes nothing. */
export type OpenRequest = Record<string, never>;

/** A link to the page. */
export interface OpenResponse {
  /** How long it is good, seconds. */
  seconds: number;
  /** The link, good once: `https://127.0.0.1:<port>/#<word>`. */
  url: string;
}

/** `openapi` takes nothing. */
export type OpenapiRequest = Record<string, never>;

/** The document. */
export type OpenapiResponse = Record<string, unknown>;

/** Why an address may not be what it seems. */
export interface OriginWarning {
  /** The same as a sentence, in the caller's language. */
  detail: string;
  /** Kind. */
  kind: OriginWarningKind;
  /** The site known here that it resembles and is not. */
  resembles?: string | null;
}

/** Kinds of doubt about an address. */
export type OriginWarningKind = "ip-address" | "punycode" | "resembles" | "unusual-port";

/** Where a signature stands. */
export type Packaging = "enveloped" | "enveloping" | "detached";

/** The page enters. */
export interface PageEnterRequest {
  /** The word of the link, 43 characters of base64url. */
  link: string;
}

/** The page is in. */
export interface PageEnterResponse {
  /** The word of the session, for the header `X-Paraphe-Page`. */
  session: string;
}

/** The person's answer. */
export interface PairingAnswerRequest {
  /** Yes, and for how long, or no. */
  decision: PairingDecision;
  /** The request. */
  pairing: string;
  /** Some of the rights that were asked for; absent: all of them. */
  rights?: Array<Right> | null;
}

/** Yes, and for how long, or no. */
export type PairingDecision = "refuse" | "this-time" | "until-revoked";

/** `pairing/list` takes nothing. */
export type PairingListRequest = Record<string, never>;

/** The requests that wait for the person, the oldest first. */
export interface PairingListResponse {
  /** The requests. */
  pairings: Array<PairingSummary>;
}

/** A site asks for rights. */
export interface PairingRequest {
  /** The record server that its logins would be for, by its name in the agent's table; absent: the one whose audience is this very site's, else the only one. Of no account without `log-in`. */
  record_server?: string | null;
  /** Which; at least one, none twice. */
  rights: Array<Right>;
}

/** What became of a request. */
export type PairingState = "expired" | "granted" | "none" | "pending" | "refused";

/** A site asks what became of its request, and which rights it has. */
export interface PairingStatusRequest {
  /** The request; absent: only the rights that the site has now. */
  pairing?: string | null;
  /** How long to wait for the person's answer, milliseconds, at most `MAXIMUM_PAIRING_WAIT_MS`. Absent: do not wait. */
  wait_ms?: number | null;
}

/** How a site stands. */
export interface PairingStatusResponse {
  /** Until when the person can answer. */
  expires_at?: number | null;
  /** Four digits, for the page to show while it waits: the person compares them with those that the agent shows. */
  number?: string | null;
  /** The request that waits for an answer, or was answered. */
  pairing?: string | null;
  /** The record server that its logins are for. */
  record_server?: string | null;
  /** The rights that the site has now. */
  rights: Array<Right>;
  /** What became of the request, or whether the site has rights. */
  state: PairingState;
}

/** A request that waits for the person. */
export interface PairingSummary {
  /** When it asked. */
  asked_at: number;
  /** Until when it can be answered. */
  expires_at: number;
  /** Four digits that the page shows too. */
  number: string;
  /** The exact origin of the page, as its browser sent it: never shortened, never with other letters than ASCII. */
  origin: string;
  /** Its name. */
  pairing: string;
  /** The record server that its logins would be for, by name; absent where it asks for no login. */
  record_server?: string | null;
  /** What a person calls that server. */
  record_server_title?: string | null;
  /** The rights that it asks for. */
  rights: Array<Right>;
  /** What should make the person look twice. */
  warnings?: Array<OriginWarning>;
}

/** Which card's PIN: of `pin/status`, `pin/change` and `pin/unblock`. */
export interface PinRequest {
  /** Serial of the card that must be meant; refused if another card is there. */
  card?: string | null;
  /** Exact PC/SC reader name; absent: the only professional's card present. */
  reader?: string | null;
}

/** The PIN has a new value, by `pin/change` or `pin/unblock`. */
export interface PinSetResponse {
  /** The card itself. */
  card: CardSummary;
  /** Tries of the new PIN. */
  pin: PinSummary;
  /** Reader's PC/SC name. */
  reader: string;
}

/** The codes of a card, as they are now. No try was spent to read them. */
export interface PinStatusResponse {
  /** The card itself. */
  card: CardSummary;
  /** Most digits of a PIN. */
  digits_max: number;
  /** Fewest digits of a PIN. */
  digits_min: number;
  /** Tries of the PIN. */
  pin: PinSummary;
  /** Reader's PC/SC name. */
  reader: string;
  /** The code that unblocks the PIN; absent where the card has none. */
  unblocking_code?: UnblockingCodeSummary | null;
}

/** State of the PIN ("code porteur"). */
export interface PinSummary {
  /** No try left: only the unblocking code helps. */
  blocked: boolean;
  /** The PIN was missed since the last right entry: said by tokens that do not say how many tries are left. */
  missed?: boolean;
  /** Entries left before the card blocks. Absent where the token does not say, which is more than one. */
  tries_left?: number | null;
  /** Wrong entries allowed in a row. Absent where the token does not say. */
  tries_max?: number | null;
}

/** A practice situation ("situation d'exercice"), CPS_ACTIVITY_nn_PS. */
export interface PracticeSituationSummary {
  /** Mode of practice (G17). */
  mode?: number | null;
  /** 1 to 16; numbers may have holes. */
  number: number;
  /** Sector of activity (R02), such as `SA07`. */
  sector?: string | null;
  /** Structure's national identifier, with its type digit (G07). */
  structure_id?: string | null;
  /** Structure's name. */
  structure_name?: string | null;
}

/** A problem document (RFC 9457). */
export interface Problem {
  /** Status word of the card, hexadecimal, where the card refused: its own error, unchanged. */
  card_status?: string | null;
  /** The cards among which the caller must choose, where several would do: each by its reader, and by its serial number where it could be read. */
  choices?: Array<CardChoice>;
  /** Stable code. */
  code: ErrorCode;
  /** This very case: which reader, how many tries are left, which file... */
  detail?: string | null;
  /** The layer that failed. */
  layer: Layer;
  /** The place in the line, where the request waits for its turn. */
  queue?: QueuePlace | null;
  /** What to do and who can. */
  remedy: Remedy;
  /** HTTP status. */
  status: number;
  /** What happened, one sentence. */
  title: string;
  /** PIN entries left, where the PIN was wrong. */
  tries_left?: number | null;
  /** `urn:paraphe:problem:<code>`. */
  type: string;
}

/** A code of table G15. Codes that this crate does not know are kept: the table grows. */
export type ProfessionCode = number;

/** Where Vitale data comes from. */
export type Provenance = "chip-unverified" | "official-component" | "phone-app";

/** Purpose of use, by its code. */
export type PurposeOfUse = "normal" | "bris_de_glace" | "centre_15";

/** A place in the line of requests that wait for their turn. */
export interface QueuePlace {
  /** How many are before it. */
  ahead: number;
  /** How long the place is kept, milliseconds. */
  kept_ms: number;
  /** What the same request carries as `X-Paraphe-Queue` when it is sent again, so that it goes on where it was. */
  ticket: string;
}

/** How a reader reaches its card. */
export type ReaderInterface = "contact" | "contactless";

/** State of a reader. */
export type ReaderState = "empty" | "present" | "mute" | "in-use";

/** A reader and what is in it. */
export interface ReaderSummary {
  /** The card, once it answered to reset. */
  card?: CardSummary | null;
  /** The box that it is a slot of: the same for all slots of one box, different for any two boxes. */
  device: string;
  /** Contact or contactless, where the reader's name says it. */
  interface?: ReaderInterface | null;
  /** The PC/SC name, exactly. */
  name: string;
  /** Which slot of that box, from 0. */
  slot: number;
  /** Whether a card is in it. */
  state: ReaderState;
}

/** One reason. */
export interface Reason {
  /** Stable name, for programs. */
  code: string;
  /** The same in English. */
  explanation: string;
}

/** What to do, and who can do it. */
export interface Remedy {
  /** What, in the caller's language. */
  text: string;
  /** Who. */
  who: WhoActs;
}

/** Read a piece of a document that was looked at, to look at it with another program. */
export interface RequestGetRequest {
  /** Which of its documents: `document` of the answer to `request/show`. */
  document: string;
  /** From which byte. */
  offset: number;
  /** The question. */
  request: string;
}

/** `request/list` takes nothing. */
export type RequestListRequest = Record<string, never>;

/** The questions that are open. */
export interface RequestListResponse {
  /** The questions; one is asked at a time. */
  requests: Array<RequestSummary>;
}

/** Say no. */
export interface RequestRefuseRequest {
  /** To which question. */
  request: string;
}

/** It was refused. */
export type RequestRefuseResponse = Record<string, unknown>;

/** Look at a document that would be signed. */
export interface RequestShowRequest {
  /** Which of its documents, from 1. */
  document: number;
  /** The question. */
  request: string;
}

/** A question for a PIN. */
export interface RequestSummary {
  /** Since when it is open. */
  asked_at: number;
  /** The documents that would be signed, in the caller's order; empty where there are none or they are not known yet. */
  documents: Array<RequestedDocument>;
  /** The PIN is typed on the reader's own keypad, and refused there. */
  on_keypad: boolean;
  /** Reader, slot or file. */
  reader: string;
  /** Its name. */
  request: string;
  /** What the person is shown in the window: what for, who asks, whose card; lines in French and English. */
  statement: string;
}

/** What a login is to be bound to. */
export interface RequestedBinding {
  /** `jkt`, or from a program that holds the connection to the record server itself `tls-exporter`; never from a page, which cannot know the value. */
  type: ChannelBindingKind;
  /** 32 bytes, base64url without padding. */
  value: string;
}

/** A document that would be signed. */
export interface RequestedDocument {
  /** Its title or file name, in the caller's words. */
  title: string;
}

/** A right that a site may have on a workstation. */
export type Right = "log-in" | "read-patient" | "read-professional" | "sign";

/** A period of rights. What a card or a component says of rights is not their consultation online. */
export interface RightsPeriod {
  /** First day (`debut`), AAAAMMJJ; absent: open. */
  from?: string | null;
  /** Last day (`fin`), AAAAMMJJ; absent: open. */
  until?: string | null;
}

/** A SHA-256 digest, 32 bytes. JSON and `Display`: 64 lower-case hexadecimal digits. */
export type Sha256Digest = string;

/** One document to sign. */
export interface SignDocumentRequest {
  /** Declared media type; must agree with the content. Absent: found from the content. */
  media_type?: string | null;
  /** File name, as the person is shown it and as the signature names it where the format names files: 1 to 128 characters, no path. */
  name: string;
  /** SHA-256 of the bytes that the person was shown (`document/show`): any others are refused. Absent: whatever is there. */
  sha256?: Sha256Digest | null;
  /** Where its bytes are. */
  source: DocumentSource;
}

/** What to sign, and how. */
export interface SignRequest {
  /** Signature algorithm; absent: the first one that the token can do. */
  algorithm?: SignatureAlgorithm | null;
  /** Serial of the card that must be meant. */
  card?: string | null;
  /** What is signed: one document, or several where the format signs several at once (detached XAdES, ASiC-E). */
  documents: Array<SignDocumentRequest>;
  /** Format of the signature. */
  format: SignatureFormat;
  /** Level to reach; absent: `B`. Higher ones need a time-stamping authority in the configuration. */
  level?: Level | null;
  /** The caller's mandate to sign under: nobody is asked. Absent: the person is asked for the PIN. */
  mandate?: string | null;
  /** A mark on a page of the PDF; with `pades` only. Absent: the signature is invisible. */
  mark?: MarkRequest | null;
  /** Where it stands; absent: the usual one of the format. */
  packaging?: Packaging | null;
  /** Exact PC/SC reader name; absent: the mandate's, or the only token present that can sign. */
  reader?: string | null;
}

/** What was signed. */
export interface SignResponse {
  /** The algorithm that was used (RFC 7518 names). */
  algorithm: SignatureAlgorithm;
  /** Serial of the card that signed. */
  card: string;
  /** The documents as they were signed, in order. */
  documents: Array<SignedDocument>;
  /** Usual file name extension of that file, without dot. */
  extension: string;
  /** Format of the signature. */
  format: SignatureFormat;
  /** The level that was reached. */
  level: Level;
  /** Why it is not the one that was asked for; absent where it is. The signature is made all the same and holds at `level`. */
  level_problem?: Problem | null;
  /** Media type of that file. */
  media_type: string;
  /** Where it stands. */
  packaging: Packaging;
  /** The signature file, or the signed document, as a document to `document/get`. */
  signature: DocumentSource;
  /** Who signed. */
  signer?: Holder | null;
  /** Signing time claimed in the signature. */
  signing_time: number;
  /** The structure whose seal it is, where it is no person's signature. */
  structure?: Structure | null;
}

/** A signature algorithm that this project accepts. */
export type SignatureAlgorithm = "RS256" | "PS256" | "RS384" | "PS384" | "RS512" | "PS512" | "ES256" | "ES384";

/** A signature format for documents. */
export type SignatureFormat = "xades" | "cades" | "pades" | "jades" | "asic-e";

/** The report on one signature. */
export interface SignatureReport {
  /** Signature algorithm, as RFC 7518 names it. */
  algorithm?: string | null;
  /** The path's subjects from the signer to the anchor, where there is one. */
  chain: Array<string>;
  /** When, by the signer's clock, seconds since 1970. */
  claimed_signing_time?: UnixTime | null;
  /** What exactly is signed. */
  covered: Array<CoveredReport>;
  /** Format, where it was recognised. */
  format?: SignatureFormat | null;
  /** Overall outcome. */
  indication: Indication;
  /** The level that is proved, not only claimed. */
  level?: Level | null;
  /** Where the signature stands. */
  packaging?: Packaging | null;
  /** Every reason, the one that decided first. */
  reasons: Array<Reason>;
  /** Where the signer's revocation status comes from: `crl`, `ocsp`. */
  revocation?: string | null;
  /** The professional who signed, where the certificate is one of a person that holds. */
  signer?: Holder | null;
  /** The structure whose seal it is, where it is no person's. */
  structure?: Structure | null;
  /** Main reason, where it is not `TOTAL-PASSED`. */
  sub_indication?: SubIndication | null;
  /** The signer's subject as the certificate writes it, whatever its profile; not proved where the path does not hold. */
  subject?: string | null;
  /** Time stamps, in order. */
  time_stamps: Array<TimeStampReport>;
  /** The time for which everything was judged: the earliest proved one, else now. */
  validation_time: UnixTime;
}

/** One document as it was signed. */
export interface SignedDocument {
  /** Media type found. */
  media_type: string;
  /** File name. */
  name: string;
  /** SHA-256 of what was signed, hexadecimal. */
  sha256: string;
  /** Bytes signed. */
  size: number;
}

/** What the signature was made for; what is absent is as the server expects it. */
export interface StatedTerms {
  /** Record server. */
  audience?: string | null;
  /** Value of the channel binding, base64url without padding. */
  binding_value?: string | null;
  /** The server's nonce, base64url without padding. */
  nonce?: string | null;
  /** The algorithms that were offered, in order. */
  offered?: Array<string> | null;
  /** Origin, however it was written. */
  origin?: string | null;
}

/** `status` takes nothing. */
export type StatusRequest = Record<string, never>;

/** What the agent sees now. */
export interface StatusResponse {
  /** What happened at the agent's doors since it started. Not told to sites. */
  doors?: Array<DoorSummary>;
  /** Whether mandates end when the session is locked: not where no session manager tells. */
  ends_on_lock: boolean;
  /** The PKCS#11 modules of the configuration. */
  modules?: Array<ModuleSummary>;
  /** PKCS#11 modules of the field that are installed and not configured, by name: nothing is loaded of them. */
  modules_not_configured?: Array<string>;
  /** Readers in the order in which PC/SC lists them. */
  readers: Array<ReaderSummary>;
  /** Tokens that are no card in one of these readers. */
  tokens?: Array<TokenSummary>;
  /** Versions of each layer. */
  versions: Versions;
  /** What else can read a Vitale card: plugged in by the operator, or recognised on this workstation. */
  vitale_components: Array<VitaleComponentSummary>;
  /** Things that will need someone's attention. */
  warnings: Array<Warning>;
}

/** The identity in a structure's certificate. */
export interface Structure {
  /** What holds the key. */
  category: Category;
  /** Free text (CN): a service, a server. */
  common_name: string;
  /** Name (O). */
  name: string;
  /** Identifier with its type digit (OU), such as `1760021832`. */
  structure_id: string;
}

/** Why it is not `TOTAL-PASSED` (EN 319 102-1 table 5 and 6). */
export type SubIndication = "FORMAT_FAILURE" | "HASH_FAILURE" | "SIG_CRYPTO_FAILURE" | "REVOKED" | "NOT_YET_VALID" | "CHAIN_CONSTRAINTS_FAILURE" | "CERTIFICATE_CHAIN_GENERAL_FAILURE" | "SIG_CONSTRAINTS_FAILURE" | "CRYPTO_CONSTRAINTS_FAILURE" | "CRYPTO_CONSTRAINTS_FAILURE_NO_POE" | "NO_SIGNING_CERTIFICATE_FOUND" | "NO_CERTIFICATE_CHAIN_FOUND" | "REVOKED_NO_POE" | "REVOKED_CA_NO_POE" | "OUT_OF_BOUNDS_NO_POE" | "TIMESTAMP_ORDER_FAILURE" | "TRY_LATER" | "SIGNED_DATA_NOT_FOUND";

/** A time stamp in the file. */
export interface TimeStampReport {
  /** Whether it is over everything (LTA) or over the signature value (T). */
  archive: boolean;
  /** The authority's name, where its certificate was found. */
  authority?: string | null;
  /** Whether it proves that time: imprint, signature and the authority's certificate hold. */
  proves: boolean;
  /** Why not. */
  reason?: Reason | null;
  /** When, seconds since 1970, as the authority states it. */
  time: UnixTime;
}

/** A version of TLS. */
export type TlsVersion = "1.2" | "1.3";

/** A token that is no card in a reader of ours. */
export interface TokenSummary {
  /** Kind (`pkcs11`, `software`), serial number, label. */
  card: CardSummary;
  /** What `reader` of a request may name. */
  name: string;
}

/** Close a tunnel. One that has ended stays as it ended. */
export interface TunnelCloseRequest {
  /** Which. */
  tunnel: string;
}

/** How a tunnel ended. */
export interface TunnelEnd {
  /** When. */
  at: number;
  /** Why. */
  reason: TunnelEndReason;
}

/** Why a tunnel ended. */
export type TunnelEndReason = "agent-stopped" | "card-changed" | "card-failed" | "card-removed" | "card-service-lost" | "closed" | "expired" | "handshakes-used-up" | "idle" | "not-reached" | "pin-refused" | "session-locked" | "session-manager-lost" | "workstation-slept";

/** Ask the person for a tunnel. */
export interface TunnelOpenRequest {
  /** Serial of the card that must be meant. */
  card?: string | null;
  /** How many handshakes the card may sign with this one PIN entry; absent: as many as the configuration allows. */
  maximum_handshakes?: number | null;
  /** When it ends at the latest; absent: an hour from now, or as long as the configuration allows where that is less. */
  not_after?: number | null;
  /** Exact PC/SC reader name, slot of a module or name of a software token; absent: the only professional's card present. */
  reader?: string | null;
  /** Name of the record server in the agent's own table; absent: the only one. */
  server?: string | null;
}

/** An open tunnel, with what only who opened it is told. */
export interface TunnelOpenResponse {
  /** Where the record server answers: `http://127.0.0.1:PORT/SECRET`, before the path that the record server knows. Whoever has it may use the tunnel. */
  address: string;
  /** The same secret alone, for the header `Paraphe-Tunnel` of requests to `http://127.0.0.1:PORT`. */
  secret: string;
  /** The tunnel. */
  tunnel: TunnelSummary;
}

/** Ask for one tunnel, or all of the caller's. */
export interface TunnelStatusRequest {
  /** Which; absent: all that are open, and the last ones that ended. */
  tunnel?: string | null;
}

/** The caller's tunnels, the oldest first. */
export interface TunnelStatusResponse {
  /** The tunnels. */
  tunnels: Array<TunnelSummary>;
}

/** A tunnel as it is now. */
export interface TunnelSummary {
  /** Serial number of the only card that signs for it. */
  card: string;
  /** Connections to the record server so far, most of them resumed without the card. */
  connections: number;
  /** How it ended; absent while it is open. */
  end?: TunnelEnd | null;
  /** Whether it ends when the session is locked: not where no session manager tells. */
  ends_on_lock: boolean;
  /** Handshakes that the card signed. */
  handshakes: number;
  /** It ends when nothing passed for so long, seconds. */
  idle_seconds: number;
  /** Why the last connection to the record server that failed did. */
  last_failure?: ErrorCode | null;
  /** Handshakes that it may sign. */
  maximum_handshakes: number;
  /** When it ends at the latest. */
  not_after: number;
  /** When it was opened. */
  opened: number;
  /** The port on 127.0.0.1. */
  port: number;
  /** The reader, slot or file that the card was in when it was opened. */
  reader: string;
  /** Bytes received from it. */
  received_bytes: number;
  /** Seconds left; 0 once it has ended. */
  remaining_seconds: number;
  /** Bytes sent to the record server, without those of TLS. */
  sent_bytes: number;
  /** The record server's name in the agent's own table. */
  server: string;
  /** The one version of TLS that is spoken, which follows from what the card can do. */
  tls: TlsVersion;
  /** Its name. */
  tunnel: string;
}

/** State of the code that unblocks the PIN ("code de déblocage"). */
export interface UnblockingCodeSummary {
  /** No try or no use left: only the issuer helps. */
  blocked: boolean;
  /** Entries left before the code is blocked, for good. */
  tries_left: number;
  /** Wrong entries allowed in a row. */
  tries_max: number;
  /** How often it can still be used; absent where the card does not say. */
  uses_left?: number | null;
}

/** Seconds since 1970-01-01T00:00:00Z. Negative before that date. */
export type UnixTime = number;

/** What to check. */
export interface VerifyRequest {
  /** The documents that the lot is said to hold, or that the signature stands beside, in any order. */
  documents?: Array<DocumentSource>;
  /** The signature file, or the document that holds its signature. */
  signature: DocumentSource;
}

/** The report. */
export interface VerifyResponse {
  /** Overall conclusion. */
  conclusion: Conclusion;
  /** What the signature covers, and whether each was presented and matches. */
  covered: Array<CoveredDocument>;
  /** The same in words, in the caller's language. */
  explanation: Array<string>;
  /** Profile recognised. */
  profile?: string | null;
  /** Stable reasons, most important first; empty when all holds. */
  reasons: Array<string>;
  /** The report on each signature of a file that is not a lot's. */
  signatures?: Array<SignatureReport>;
  /** Who signed, where the certificate holds. */
  signer?: Holder | null;
  /** Signing time claimed by the signer. */
  signing_time?: number | null;
  /** The structure whose seal it is, where the certificate holds and is no person's. */
  structure?: Structure | null;
  /** Submission set covered. */
  submission_set?: string | null;
}

/** Versions of each layer. */
export interface Versions {
  /** The agent's program. */
  agent: string;
  /** The API (`v1`). */
  api: string;
  /** The card layer: `pcsc`, or `in-process` for simulated cards. */
  cards: string;
}

/** Mode of authentication, by its official name. */
export type VihfMode = "DIRECTE" | "INDIRECTE" | "INDIRECTE_RENFORCEE";

/** What the caller knows. */
export interface VihfRequest {
  /** Serial of the card that must be meant. */
  card?: string | null;
  /** Mode of authentication. */
  mode: VihfMode;
  /** The patient's INS matricule with its key, 15 characters; absent where the transaction is about no patient. */
  patient?: string | null;
  /** Number of the practice situation on the card, in mode DIRECTE; absent: the card's only one. */
  practice_situation?: number | null;
  /** Why the record is opened. */
  purpose: PurposeOfUse;
  /** Exact PC/SC reader name; absent: the only professional's card present. */
  reader?: string | null;
  /** Why the glass is broken: demanded of `bris_de_glace`, and of nothing else. It is shown to the person and is not in the assertion. */
  reason?: string | null;
  /** Name of the record server in the agent's table. On the HTTPS door the page's origin decides, and this may only confirm it. */
  server?: string | null;
  /** One of the specialities on the card, where it has several. */
  speciality?: string | null;
  /** Name of the software token that holds the structure's seal, in the other modes; absent: the only one with a sector. */
  structure?: string | null;
}

/** The assertion, to be handed to the record server as it is, once. */
export interface VihfResponse {
  /** XML text. */
  assertion: string;
  /** What that card can prove. */
  assurance: Assurance;
  /** Serial of the user's card. */
  card: string;
  /** From this time on it is good for nothing, seconds since 1970-01-01 UTC. */
  expires_at: number;
  /** The user, as the card's certificate says. */
  holder: Holder;
  /** Its identifier, for traces. */
  id: string;
  /** Mode of authentication. */
  mode: VihfMode;
  /** Why the record is opened. */
  purpose: PurposeOfUse;
  /** Its sector of activity. */
  sector: string;
  /** Structure that the assertion names. */
  structure_id: string;
}

/** Whether an official component can be used. */
export type VitaleComponentState = "plugged-in" | "unusable" | "present";

/** An official way of reading a Vitale card, beside the chip's open files. */
export interface VitaleComponentSummary {
  /** The operator's name for what is plugged in; `api-lecture`, `ssv-fsv`, `galss`, `mica` or `apcv` for what was recognised. */
  name: string;
  /** Its program, or the file or directory by which it was recognised. Not told to sites. */
  place?: string | null;
  /** Whether it can be used. */
  state: VitaleComponentState;
  /** What a person calls it. */
  title: string;
}

/** Which Vitale card to read. */
export interface VitaleReadRequest {
  /** Take from the chip what the component leaves out, for the persons whose names and birth date are the same in both. Such fields are marked with their own provenance. */
  complete_from_chip?: boolean;
  /** Exact PC/SC reader name; absent: the only Vitale card present. */
  reader?: string | null;
  /** Where from: `chip`, or the name of a component that is plugged in. Absent: the first reading component that is plugged in, else the chip; a phone app is only asked by name. */
  source?: string | null;
}

/** What the card says. */
export interface VitaleReadResponse {
  /** Rights holder first, then dependants, in the card's order. */
  beneficiaries: Array<BeneficiarySummary>;
  /** The card itself, where it is in a PC/SC reader. */
  card?: CardSummary | null;
  /** The component that gave the data; absent for the chip. */
  component?: ComponentIdentity | null;
  /** Where the data comes from, except the fields that a beneficiary's `field_provenance` names. */
  provenance: Provenance;
  /** Reader's PC/SC name; absent where no card was read through PC/SC (a phone app). */
  reader?: string | null;
}

/** Something that will need attention, with the same codes and remedies as errors. */
export interface Warning {
  /** Stable code. */
  code: ErrorCode;
  /** What is the matter, in the caller's language. */
  detail: string;
  /** What to do. */
  remedy: Remedy;
}

/** Who can apply the remedy. */
export type WhoActs = "administrator" | "developer" | "issuer" | "user";

/** Every operation by its name. */
export interface Operations {
  /** Approve exactly these documents for a record server that asked. */
  "approve": { request: ApproveRequest; response: ApproveResponse };
  /** The journal as a file. */
  "audit/export": { request: AuditExportRequest; response: AuditExportResponse };
  /** Entries of the journal, the latest first. */
  "audit/list": { request: AuditListRequest; response: AuditListResponse };
  /** Whether the journal is whole. */
  "audit/verify": { request: AuditVerifyRequest; response: AuditVerifyResponse };
  /** Stop a batch between two card operations. */
  "batch/cancel": { request: BatchCancelRequest; response: BatchSummary };
  /** Forget a batch. */
  "batch/forget": { request: BatchForgetRequest; response: BatchForgetResponse };
  /** The result of one item of a batch. */
  "batch/result": { request: BatchResultRequest; response: BatchResultResponse };
  /** Go on with what is missing of a batch. */
  "batch/resume": { request: BatchResumeRequest; response: BatchSummary };
  /** Sign many documents, each by itself. */
  "batch/start": { request: BatchStartRequest; response: BatchSummary };
  /** How the caller's batches stand. */
  "batch/status": { request: BatchStatusRequest; response: BatchStatusResponse };
  /** Holder, certificates and PIN state of a professional's card. */
  "card/read": { request: CardReadRequest; response: CardReadResponse };
  /** What is wrong on this workstation and who can mend it. */
  "doctor": { request: DoctorRequest; response: DoctorResponse };
  /** Give up a document. */
  "document/drop": { request: DocumentDropRequest; response: DocumentDropResponse };
  /** Read a document, piece by piece. */
  "document/get": { request: DocumentGetRequest; response: DocumentGetResponse };
  /** Hand a document over, piece by piece. */
  "document/put": { request: DocumentPutRequest; response: DocumentPutResponse };
  /** Look at a document before it is signed. */
  "document/show": { request: DocumentShowRequest; response: DocumentShowResponse };
  /** What changed since a cursor (long poll). */
  "events": { request: EventsRequest; response: EventsResponse };
  /** Which sites have which rights. */
  "grant/list": { request: GrantListRequest; response: GrantListResponse };
  /** Take a site's rights away. */
  "grant/revoke": { request: GrantRevokeRequest; response: GrantRevokeResponse };
  /** A login assertion for a record server's nonce. */
  "login": { request: LoginRequest; response: LoginResponse };
  /** Sign a lot of documents with one PIN entry. */
  "lot/sign": { request: LotSignRequest; response: LotSignResponse };
  /** Close a mandate. */
  "mandate/close": { request: MandateCloseRequest; response: MandateSummary };
  /** One PIN entry for a bounded set of signatures. */
  "mandate/open": { request: MandateOpenRequest; response: MandateSummary };
  /** What is left of the caller's mandates. */
  "mandate/status": { request: MandateStatusRequest; response: MandateStatusResponse };
  /** A link to the agent's own page. */
  "open": { request: OpenRequest; response: OpenResponse };
  /** This document. */
  "openapi": { request: OpenapiRequest; response: OpenapiResponse };
  /** The agent's own page enters by its link. */
  "page/enter": { request: PageEnterRequest; response: PageEnterResponse };
  /** The person's answer to a site that asks for rights. */
  "pairing/answer": { request: PairingAnswerRequest; response: PairingStatusResponse };
  /** Sites that ask for rights. */
  "pairing/list": { request: PairingListRequest; response: PairingListResponse };
  /** A site asks for rights. */
  "pairing/request": { request: PairingRequest; response: PairingStatusResponse };
  /** What became of a site's request for rights. */
  "pairing/status": { request: PairingStatusRequest; response: PairingStatusResponse };
  /** A new PIN, by the old one. */
  "pin/change": { request: PinRequest; response: PinSetResponse };
  /** Tries left of the PIN and of the code that unblocks it. */
  "pin/status": { request: PinRequest; response: PinStatusResponse };
  /** A new PIN, by the unblocking code. */
  "pin/unblock": { request: PinRequest; response: PinSetResponse };
  /** A piece of a document that would be signed. */
  "request/get": { request: RequestGetRequest; response: DocumentGetResponse };
  /** The questions for a PIN that are open. */
  "request/list": { request: RequestListRequest; response: RequestListResponse };
  /** Say no to a question for a PIN. */
  "request/refuse": { request: RequestRefuseRequest; response: RequestRefuseResponse };
  /** Look at a document that would be signed. */
  "request/show": { request: RequestShowRequest; response: DocumentShowResponse };
  /** Sign a document in a format of the field. */
  "sign": { request: SignRequest; response: SignResponse };
  /** Versions, readers, cards, warnings. */
  "status": { request: StatusRequest; response: StatusResponse };
  /** Close a tunnel. */
  "tunnel/close": { request: TunnelCloseRequest; response: TunnelSummary };
  /** A local port that reaches a record server with the card. */
  "tunnel/open": { request: TunnelOpenRequest; response: TunnelOpenResponse };
  /** How the caller's tunnels stand. */
  "tunnel/status": { request: TunnelStatusRequest; response: TunnelStatusResponse };
  /** Check a signature and its documents. */
  "verify": { request: VerifyRequest; response: VerifyResponse };
  /** A SAML assertion of the French record (VIHF). */
  "vihf": { request: VihfRequest; response: VihfResponse };
  /** Beneficiaries of a Vitale card. */
  "vitale/read": { request: VitaleReadRequest; response: VitaleReadResponse };
}
