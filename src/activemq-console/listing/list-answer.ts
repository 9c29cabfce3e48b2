// Lists in JSON, which are sent in pieces if they are large.

import { type Answer, jsonAnswer, jsonStream } from '../answers.ts';
import { largeAnswerLengthMin } from '../limits.ts';
import type { ConsoleRequest } from '../request.ts';

/** Length of a piece of a large list, characters. */
const pieceLength = 32 * 1024;

/** A list whose items were written one by one. */
export interface WrittenList {
  /** The other members of the answer. */
  readonly head: object;
  /** The member with the items. */
  readonly name: string;
  /** The items as JSON. */
  readonly items: readonly string[];
}

/**
 * Answers a list. A large one counts as one until its client has read it.
 *
 * @throws {ManagementError} `busy` if too many large answers are being sent
 */
export function listAnswer({ console, access }: ConsoleRequest, list: WrittenList): Answer {
  let length = 0;
  for (const item of list.items) length += item.length;
  const pieces = piecesOf(list);
  if (length < largeAnswerLengthMin) return { ...jsonAnswer({}), body: [...pieces].join('') };
  console.largeAnswers.requireRoom(access.user);
  return console.largeAnswers.counted(access.user, jsonStream(encoded(pieces)));
}

function* piecesOf({ head, name, items }: WrittenList): Generator<string> {
  const members = JSON.stringify({ ...head, [name]: [] });
  let text = members.slice(0, -2);
  let separator = '';
  for (const item of items) {
    text += separator + item;
    separator = ',';
    if (text.length < pieceLength) continue;
    yield text;
    text = '';
  }
  yield `${text}]}`;
}

async function* encoded(pieces: Iterable<string>): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Buffer.from(piece);
}
