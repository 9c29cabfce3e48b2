// Requests to the management node: HTTP over AMQP.

import type { Publication } from '../../../../broker/publication.ts';
import { Decoder } from '../../codec/decoder.ts';
import { type Item, nullItem, textOf } from '../../codec/items.ts';
import { SectionScan, sections } from '../../messages/sections.ts';
import { sessionError } from '../refusals.ts';

/** Positions in the list of the properties (3.2.4). */
const positions = { messageId: 0, to: 2, subject: 3, replyTo: 4 } as const;

/** The value of `reply-to` that stands for the other link of the pair. */
const me = '$me';

const decoder = new Decoder();
const scan = new SectionScan();

/** A request. */
export interface Request {
  readonly messageId: Item | undefined;
  /** `GET` */
  readonly method: string;
  /** The path with its query, `/queues/q`. */
  readonly target: string;
  /** Null if there is no body. */
  readonly body: Item;
}

/**
 * Reads a request.
 *
 * @throws {AmqpError} `invalid-field` with scope `session` if it cannot be answered
 */
export function readRequest(publication: Publication): Request {
  const { head, headStart, headEnd, parts, partStarts, partEnds, partCount } = publication;
  const pieces = parts
    .slice(0, partCount)
    .map((part, at) => part.subarray(partStarts[at], partEnds[at]));
  const bytes = Buffer.concat([head.subarray(headStart, headEnd), ...pieces]);
  let properties: readonly Item[] = [];
  let body: Item = nullItem;
  for (let at = 0; at < bytes.length; at = scan.end) {
    scan.read(bytes, at, bytes.length);
    const { code, valueAt, end } = scan;
    if (code !== sections.properties && code !== sections.value) continue;
    const item = decoder.reset(bytes, valueAt, end).item();
    if (code === sections.value) body = item;
    else if (item.type === 'list') properties = item.value;
  }
  const method = textOf(properties[positions.subject]);
  const target = textOf(properties[positions.to]);
  const isComplete = method !== undefined && target !== undefined;
  if (!isComplete || textOf(properties[positions.replyTo]) !== me) {
    const why = `a management request needs 'to', 'subject', and '${me}' as 'reply-to'`;
    throw sessionError('invalid-field', why);
  }
  return { messageId: properties[positions.messageId], method, target, body };
}
