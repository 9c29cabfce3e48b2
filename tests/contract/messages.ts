// Random messages for the contract of message formats.

import fc from 'fast-check';
import {
  type Address,
  type Body,
  emptyProperties,
  type Properties,
} from '../../src/broker/conversion/properties.ts';
import { type Field, textValue, type Value } from '../../src/broker/conversion/value.ts';
import { MessageView } from '../../src/storage/message-record.ts';

const short = fc.string({ unit: 'grapheme', maxLength: 20 });
const word = fc.string({ minLength: 1, maxLength: 20 });
const optional = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });
const address: fc.Arbitrary<Address> = fc.record({
  kind: fc.constantFrom('queue', 'topic', 'temporary-queue', 'temporary-topic'),
  name: word,
});
const int = (bits: number, isSigned: boolean) =>
  isSigned
    ? fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
    : fc.integer({ min: 0, max: 2 ** bits - 1 });
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));

const scalar = (type: Value['type'], values: fc.Arbitrary<unknown>): fc.Arbitrary<Value> =>
  values.map((value) => ({ type, value }) as Value); // as the caller pairs them

const simple: readonly fc.Arbitrary<Value>[] = [
  scalar('null', fc.constant(null)),
  scalar('boolean', fc.boolean()),
  scalar('byte', int(8, true)),
  scalar('ubyte', int(8, false)),
  scalar('short', int(16, true)),
  scalar('ushort', int(16, false)),
  scalar('int', int(32, true)),
  scalar('uint', int(32, false)),
  scalar('long', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  scalar('ulong', fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  scalar('timestamp', fc.bigInt({ min: -(2n ** 40n), max: 2n ** 60n })),
  scalar('float', fc.float().map(Math.fround)),
  scalar('double', fc.double()),
  scalar('decimal', fc.constantFrom('0', '-1.25', '0.05', '12345678901234567890.5', '1e5')),
  scalar('char', fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
  scalar('string', short),
  scalar('symbol', word),
  scalar('uuid', fc.uuid()),
  scalar('binary', bytes),
];

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    ...simple,
    scalar('list', fc.array(tie('value'), { maxLength: 4 })),
    scalar('map', fc.array(fc.tuple(word, tie('value')), { maxLength: 4 })),
  ),
}));

const id = fc.oneof(
  short.map(textValue),
  fc.string({ minLength: 256, maxLength: 400 }).map(textValue),
  scalar('ulong', fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  scalar('uuid', fc.uuid()),
  scalar('binary', bytes),
);

const anyBody: fc.Arbitrary<Body> = fc.oneof(
  fc.constant({ kind: 'none' } as const),
  fc.record({ kind: fc.constant('bytes' as const), bytes }),
  fc.record({ kind: fc.constant('text' as const), text: short }),
  fc.record({ kind: fc.constant('value' as const), value }),
);

/** Anything that neutral words can say, in any protocol. */
export const anyMessage: fc.Arbitrary<Properties> = fc.record({
  isDurable: fc.boolean(),
  priority: optional(fc.nat(255)),
  ttlMs: optional(fc.nat(2 ** 31)),
  createdAtMs: optional(fc.bigInt({ min: 0n, max: 2n ** 50n })),
  messageId: optional(id),
  correlationId: optional(id),
  replyTo: optional(address),
  to: optional(address),
  type: optional(short),
  contentType: optional(fc.string({ maxLength: 300 })),
  contentEncoding: optional(short),
  userId: optional(short),
  groupId: optional(short),
  groupSequence: optional(int(32, true)),
  replyToGroupId: optional(short),
  appId: optional(short),
  clusterId: optional(short),
  isRetained: fc.boolean(),
  headers: fc.array(fc.tuple(fc.string({ maxLength: 300 }), value), { maxLength: 6 }),
  annotations: fc.array(fc.tuple(word, value), { maxLength: 3 }),
  body: anyBody,
});

const distinctHeaders: fc.Arbitrary<Field[]> = fc.uniqueArray(
  fc.tuple(
    word.filter((name) => !/-|^BCC$|^\d+$/.test(name)),
    short.map(textValue),
  ),
  { maxLength: 5, selector: ([name]) => name },
);

/**
 * Messages that every protocol can represent: a round trip through any of them must not change
 * them.
 */
export const commonMessage: fc.Arbitrary<Properties> = fc
  .record({
    isDurable: fc.boolean(),
    priority: optional(fc.nat(9)),
    ttlMs: optional(fc.nat(2 ** 31)),
    createdAtMs: optional(fc.bigInt({ min: 0n, max: 2n ** 50n })),
    messageId: optional(short.map(textValue)),
    correlationId: optional(short.map(textValue)),
    replyTo: optional(address),
    type: optional(short),
    contentType: optional(short),
    groupId: optional(short),
    headers: distinctHeaders,
    // STOMP has no messages without a body: theirs is an empty text.
    body: fc.oneof(
      fc.record({ kind: fc.constant('bytes' as const), bytes }),
      fc.record({ kind: fc.constant('text' as const), text: word }),
    ),
  })
  .map((some) => ({ ...emptyProperties, ...some }));

/** An encoded message as the broker stores it, with bytes of others before and behind it. */
export function viewOf(
  { head, body }: { head: Buffer; body: Buffer },
  format: number,
): MessageView {
  const view = new MessageView();
  view.buffer = Buffer.concat([Buffer.from('before'), head, body, Buffer.from('behind')]);
  view.format = format;
  view.headAt = 6;
  view.headLength = head.length;
  view.bodyAt = 6 + head.length;
  view.bodyLength = body.length;
  return view;
}
