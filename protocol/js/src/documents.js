/** Documents go in and out in pieces, so that a page never holds more than a piece of one in JSON. */

/** Bytes of a piece before base64: the agent takes 1 MiB. */
const PIECE = 1 << 20;

/** Hands a `Blob`, `ArrayBuffer`, typed array or text over; gives what the last `document/put` answered. */
export async function put(transport, content, options) {
  const blob = content instanceof Blob ? content : new Blob([content]);
  let answer = {};
  let offset = 0;
  do {
    const end = Math.min(offset + PIECE, blob.size);
    const piece = new Uint8Array(await blob.slice(offset, end).arrayBuffer());
    answer = await transport.call(
      "document/put",
      { document: answer.document, offset, content: base64(piece), last: end === blob.size },
      options,
    );
    offset = end;
  } while (offset < blob.size);
  return answer;
}

/** The whole of a document, as a `Blob`. */
export async function get(transport, document, options) {
  const pieces = [];
  let offset = 0;
  for (;;) {
    const answer = await transport.call("document/get", { document, offset }, options);
    const piece = bytes(answer.content);
    pieces.push(piece);
    offset += piece.length;
    if (answer.last) {
      return new Blob(pieces);
    }
  }
}

/** Base64 (RFC 4648 section 4). Characters are made of bytes in runs: a call has room for so many arguments only. */
export function base64(piece) {
  let characters = "";
  for (let start = 0; start < piece.length; start += 0x8000) {
    characters += String.fromCharCode(...piece.subarray(start, start + 0x8000));
  }
  return btoa(characters);
}

function bytes(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
