/**
 * Paraphe's client for pages: cards, logins, signatures of the agent on the workstation. No dependency, no build step.
 * It must run in the page itself, on a gesture of the person, and not in a worker: browsers do not ask for access to local
 * services on a worker's behalf.
 */
export { Paraphe } from "./client.js";
export { ParapheError } from "./error.js";
export { ProofKey } from "./proof-key.js";
