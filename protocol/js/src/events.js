/** What changes, event by event: a long poll that costs nothing while nothing happens. */

const WAIT_MS = 25_000;

/** Ends with the signal's reason, or with a `ParapheError`. An event of kind `missed` says: read the status again. */
export async function* follow(transport, { signal } = {}) {
  let { cursor } = await transport.call("events", {}, { signal });
  for (;;) {
    const answer = await transport.call("events", { cursor, wait_ms: WAIT_MS }, { signal });
    cursor = answer.cursor;
    if (answer.missed) {
      yield { kind: "missed" };
    }
    yield* answer.events;
  }
}
