/** A site asks for rights: the person compares the number that the page shows with the one that the agent shows, and answers there. */

const WAIT_MS = 20_000;

/**
 * Gives what `pairing/status` says once the person has answered, or nobody did in time; its `state` is `granted`, `refused` or `expired`. Nobody is
 * asked where the site has the rights already.
 */
export async function pair(transport, rights, { recordServer, onNumber, signal } = {}) {
  const now = await transport.call("pairing/status", {}, { signal });
  if (rights.every((right) => now.rights.includes(right))) {
    return now;
  }
  let answer = await transport.call("pairing/request", { rights, record_server: recordServer }, { signal });
  if (answer.state === "pending") {
    onNumber?.(answer.number);
  }
  while (answer.state === "pending") {
    answer = await transport.call("pairing/status", { pairing: answer.pairing, wait_ms: WAIT_MS }, { signal });
  }
  return answer;
}
