// A message format with JSON heads, for tests.

import type { Arguments } from '../../src/broker/arguments.ts';
import { emptyProperties } from '../../src/broker/conversion/properties.ts';
import type { MessageFormat } from '../../src/broker/format.ts';

interface Head {
  headers?: Arguments;
  expiration?: string;
}

const read = (buffer: Buffer, start: number, end: number): Head =>
  end === start ? {} : JSON.parse(buffer.toString('utf8', start, end));

/** A message format whose heads are JSON, for tests below any protocol. */
export const plainFormat: MessageFormat = {
  name: 'amqp091',
  headerCount: (buffer, start, end) => Object.keys(read(buffer, start, end).headers ?? {}).length,
  headers: (buffer, start, end) => read(buffer, start, end).headers ?? {},
  expiration: (buffer, start, end) => read(buffer, start, end).expiration,
  deadLetterHead: (buffer, start, end, changes) => {
    const headers = { ...read(buffer, start, end).headers, ...changes };
    return Buffer.from(JSON.stringify({ headers }));
  },
  toProperties: ({ buffer, bodyAt, bodyLength }) => ({
    ...emptyProperties,
    body: { kind: 'bytes', bytes: Buffer.from(buffer.subarray(bodyAt, bodyAt + bodyLength)) },
  }),
  fromProperties: ({ body }) => ({
    head: Buffer.alloc(0),
    body: body.kind === 'bytes' ? body.bytes : Buffer.alloc(0),
  }),
};
