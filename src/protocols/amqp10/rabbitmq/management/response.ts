// Responses of the management node.

import { WaxwingError } from '../../../../base/errors.ts';
import { Encoder } from '../../codec/encoder.ts';
import { type Entry, type Item, nullItem, stringItem } from '../../codec/items.ts';
import { writeComposite } from '../../codec/performatives.gen.ts';
import { sections } from '../../messages/sections.ts';
import type { Request } from './request.ts';

/** The status codes of HTTP that are used. */
export type Status = '200' | '201' | '204' | '400' | '403' | '404' | '409';

/** A response. */
export interface Response {
  readonly status: Status;
  readonly body: Item;
  /** Whether the request has changed something that must be on disk before it is answered. */
  readonly isChange?: boolean;
}

/**
 * A request that cannot be performed. The code is the status:
 *
 * - `400`: the request is malformed, or the broker refuses it.
 * - `403`: the name is reserved, or a limit is reached.
 * - `404`: the queue does not exist.
 * - `409`: it exists with other properties.
 */
export class RequestError extends WaxwingError<Status> {}

/** The response without a body. */
export const noContent: Response = { status: '204', body: nullItem, isChange: true };

/** The response with the number of messages of a queue that was purged or deleted. */
export function messageCount(count: number): Response {
  const entry: Entry = [stringItem('message_count'), { type: 'ulong', value: BigInt(count) }];
  return { status: '200', body: { type: 'map', value: [entry] }, isChange: true };
}

/** The response to a request that cannot be performed. */
export function failure({ code, message }: RequestError): Response {
  return { status: code, body: stringItem(message) };
}

/** Encodes a response as a message. */
export function encodeResponse({ messageId }: Request, { status, body }: Response): Buffer {
  const w = new Encoder(1024);
  const properties = {
    code: sections.properties,
    subject: status,
    correlationId: messageId,
  } as const;
  writeComposite(w, properties);
  w.descriptor(sections.applicationProperties);
  w.map([[stringItem('http:response'), stringItem('1.1')]]);
  w.descriptor(sections.value);
  if (body.type === 'null') w.u8(0x40);
  else w.item(body);
  return w.toBuffer();
}
