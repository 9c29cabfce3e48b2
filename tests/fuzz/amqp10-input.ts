// Random frames and messages of AMQP 1.0.

import { Encoder } from '../../src/protocols/amqp10/codec/encoder.ts';
import type { Entry, Item } from '../../src/protocols/amqp10/codec/items.ts';
import {
  type Composite,
  compositeCodes,
  writeComposite,
} from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import { frameBytes, message } from '../support/amqp10-peer.ts';
import type { SeededRandom } from '../support/seeded-random.ts';

const texts = ['', 'a', 'queue', 'x'.repeat(300), 'ä€😀', "n = 'x'", '\0'];

function scalar(random: SeededRandom): Item {
  const n = random.below(256);
  const all: readonly Item[] = [
    { type: 'null', value: null },
    { type: 'boolean', value: random.oneIn(2) },
    { type: 'ubyte', value: n },
    { type: 'byte', value: n - 128 },
    { type: 'ushort', value: n * 256 },
    { type: 'short', value: n - 128 },
    { type: 'uint', value: random.pick([0, n, n * 0x100_0000]) },
    { type: 'int', value: random.pick([0, -n, n * 0x10_0000]) },
    { type: 'ulong', value: random.pick([0n, BigInt(n), 2n ** 64n - 1n]) },
    { type: 'long', value: random.pick([0n, -BigInt(n), 2n ** 62n]) },
    { type: 'float', value: n / 4 },
    { type: 'double', value: n / 3 },
    { type: 'timestamp', value: BigInt(n) * 10n ** 10n },
    { type: 'char', value: random.pick(['a', 'ä', '😀']) },
    { type: 'decimal', value: random.pick(['0', '-1.25', '12345678901234567890.5', '1e5']) },
    { type: 'uuid', value: '01234567-89ab-cdef-0123-456789abcdef' },
    { type: 'binary', value: random.bytes(random.below(300)) },
    { type: 'string', value: random.pick(texts) },
    { type: 'symbol', value: random.pick(texts) },
  ];
  return random.pick(all);
}

/** A value of any type. */
export function randomItem(random: SeededRandom, depth = 0): Item {
  if (depth > 4 || !random.oneIn(3)) return scalar(random);
  const some = () => Array.from({ length: random.below(4) }, () => randomItem(random, depth + 1));
  const kind = random.below(4);
  if (kind === 0) return { type: 'list', value: some() };
  if (kind === 1) {
    const entries = Array.from(
      { length: random.below(4) },
      (): Entry => [scalar(random), randomItem(random, depth + 1)],
    );
    return { type: 'map', value: entries };
  }
  const first = scalar(random);
  if (kind === 2) return { type: 'array', value: [first, first, first].slice(random.below(4)) };
  return {
    type: 'described',
    descriptor: random.oneIn(2) ? { type: 'ulong', value: 0x77n } : { type: 'symbol', value: 'd' },
    value: randomItem(random, depth + 1),
  };
}

/** Its encoding. */
export function itemBytes(item: Item): Buffer {
  const w = new Encoder();
  if (item.type === 'null') w.u8(0x40);
  else w.item(item);
  return w.toBuffer();
}

const textItem = (value: string): Item => ({ type: 'string', value });

/** The sections of a message, by the code of their descriptor. */
export const sectionNames: ReadonlyMap<number, string> = new Map([
  [0x70, 'header'],
  [0x71, 'delivery-annotations'],
  [0x72, 'message-annotations'],
  [0x73, 'properties'],
  [0x74, 'application-properties'],
  [0x75, 'data'],
  [0x76, 'amqp-sequence'],
  [0x77, 'amqp-value'],
  [0x78, 'footer'],
]);

/** The sections of a message, mostly right. */
export function randomMessage(random: SeededRandom, addresses = activeMqAddresses): Buffer {
  const w = new Encoder();
  if (random.oneIn(2)) {
    const { header } = compositeCodes;
    const ttl = random.pick([undefined, 0, 1, 100_000]);
    const priority = random.pick([undefined, 0, 9, 200]);
    writeComposite(w, { code: header, durable: random.oneIn(2), priority, ttl });
  }
  if (random.oneIn(4)) {
    w.descriptor(random.pick([0x71, 0x72]));
    w.map([[{ type: 'symbol', value: 'x-opt-a' }, randomItem(random)]]);
  }
  if (random.oneIn(3)) {
    const { properties } = compositeCodes;
    const to = random.oneIn(2) ? textItem(random.pick(addresses)) : undefined;
    writeComposite(w, { code: properties, messageId: scalar(random), to, subject: 'a' });
  }
  if (random.oneIn(3)) {
    w.descriptor(0x74);
    w.map([
      [textItem('n'), scalar(random)],
      [textItem('__proto__'), scalar(random)],
    ]);
  }
  const body = random.pick([
    message([0x77, (v) => v.raw(itemBytes(randomItem(random)))]),
    message([0x75, (v) => v.binary(random.bytes(random.below(600)))]),
    message([0x75, (v) => v.binary(Buffer.from('a'))], [0x75, (v) => v.binary(Buffer.from('b'))]),
    message([0x76, (v) => v.item({ type: 'list', value: [scalar(random)] })]),
    Buffer.alloc(0),
  ]);
  const footer = random.oneIn(8) ? message([0x78, (v) => v.map([])]) : Buffer.alloc(0);
  return Buffer.concat([w.toBuffer(), body, footer]);
}

const activeMqAddresses: readonly string[] = [
  'queue://a',
  'queue://b.c',
  'queue://>',
  'queue://b.*',
  'queue://a,topic://t',
  'topic://t',
  'topic://t.>',
  'topic://VirtualTopic.x',
  'queue://Consumer.c.VirtualTopic.x',
  'temp-queue://ID:x',
  'queue://ActiveMQ.DLQ',
  'queue://amq.subscription.x',
  'plain',
  'a?consumer.exclusive=true',
  'a?unknown=1',
  'queue://',
  '',
];
const names = ['l', 'm', 'durable', '', 'x'.repeat(2000)];
const selectors = ["a = 'b'", 'n > 5', 'n BETWEEN 1 AND', 'NOT a IS NULL', '((((('];
const symbolItem = (value: string): Item => ({ type: 'symbol', value });
const txnIds = [1, 2, 3].map((n) => Buffer.from([0, 0, 0, 0, 0, 0, 0, n]));

function outcome(random: SeededRandom): Composite | undefined {
  return random.pick<Composite | undefined>([
    undefined,
    { code: compositeCodes.accepted },
    { code: compositeCodes.accepted },
    { code: compositeCodes.released },
    { code: compositeCodes.rejected },
    { code: compositeCodes.modified, deliveryFailed: random.oneIn(2) },
    { code: compositeCodes.modified, undeliverableHere: true },
    { code: compositeCodes.received, sectionNumber: 0, sectionOffset: 0n },
  ]);
}

function state(random: SeededRandom): Composite | undefined {
  const plain = outcome(random);
  if (!random.oneIn(4)) return plain;
  return { code: compositeCodes.transactionalState, txnId: random.pick(txnIds), outcome: plain };
}

function source(random: SeededRandom, addresses: readonly string[]): Composite | undefined {
  if (random.oneIn(10)) return undefined;
  const selector: Entry = [
    symbolItem('s'),
    {
      type: 'described',
      descriptor: { type: 'ulong', value: 0x0000_468c_0000_0004n },
      value: textItem(random.pick(selectors)),
    },
  ];
  return {
    code: compositeCodes.source,
    address: random.oneIn(8) ? scalar(random) : textItem(random.pick(addresses)),
    durable: random.below(3),
    dynamic: random.oneIn(6),
    distributionMode: random.pick([undefined, 'copy', 'move']),
    filter: random.oneIn(3) ? [selector] : undefined,
    defaultOutcome: random.oneIn(3) ? outcome(random) : undefined,
    capabilities: random.pick([undefined, ['topic'], ['queue'], ['temporary-topic']]),
  };
}

function target(random: SeededRandom, addresses: readonly string[]): Composite | undefined {
  if (random.oneIn(5)) return { code: compositeCodes.coordinator };
  if (random.oneIn(12)) return undefined;
  return {
    code: compositeCodes.target,
    address: random.oneIn(4) ? undefined : textItem(random.pick(addresses)),
    dynamic: random.oneIn(8),
  };
}

/** The next transfer's delivery id, and how many deliveries the client has received. */
export interface Progress {
  deliveryId: number;
  receivedCount: number;
  /** The handlers of the last frame. */
  handlers: readonly string[];
  /** Those that are sent to and received from; undefined for ActiveMQ's. */
  readonly addresses?: readonly string[] | undefined;
}

/** The handlers of frames; those of outcomes by their names. */
export const frameHandlers: readonly string[] = [
  ...[
    'open',
    'begin',
    'attach sender',
    'attach receiver',
    'attach coordinator',
    'flow',
    'transfer',
  ],
  ...['declare', 'discharge', 'detach', 'end', 'close', 'accepted', 'released', 'rejected'],
  ...['modified', 'received', 'transactionalState'],
];

const codeNames = new Map(
  Object.entries(compositeCodes).map(([name, code]) => [code as number, name]),
);

/** The handlers of a frame. */
function handlersOf(frame: Composite | undefined): readonly string[] {
  if (frame === undefined) return [];
  const name = codeNames.get(frame.code) ?? '';
  if (frame.code === compositeCodes.attach) {
    if (frame.role) return ['attach receiver'];
    return [
      frame.target?.code === compositeCodes.coordinator ? 'attach coordinator' : 'attach sender',
    ];
  }
  if (frame.code !== compositeCodes.disposition) return [name];
  return frame.state === undefined ? [] : [codeNames.get(frame.state.code) ?? ''];
}

function coordination(random: SeededRandom): Composite {
  if (random.oneIn(2)) return { code: compositeCodes.declare };
  return { code: compositeCodes.discharge, txnId: random.pick(txnIds), fail: random.oneIn(2) };
}

const coordinationMessage = (command: Composite) =>
  message([0x77, (w) => writeComposite(w, command)]);

function transfer(random: SeededRandom, handle: number, progress: Progress): Buffer {
  const isLater = random.oneIn(6);
  if (!isLater) progress.deliveryId++;
  const command = random.oneIn(5) ? coordination(random) : undefined;
  const payload =
    command === undefined
      ? randomMessage(random, progress.addresses)
      : coordinationMessage(command);
  progress.handlers = command === undefined ? ['transfer'] : handlersOf(command);
  const cut = random.oneIn(5) ? random.below(payload.length + 1) : payload.length;
  return frameBytes(
    0,
    {
      code: compositeCodes.transfer,
      handle,
      deliveryId: isLater ? undefined : progress.deliveryId,
      deliveryTag: random.oneIn(40) ? undefined : Buffer.from('t'),
      messageFormat: random.pick([0, 0, 0, undefined, 7]),
      settled: random.oneIn(4),
      more: random.oneIn(6),
      aborted: random.oneIn(20),
      state: random.oneIn(4) ? state(random) : undefined,
    },
    payload.subarray(0, cut),
  );
}

/** What a client may send, right and wrong. */
export function randomFrame(random: SeededRandom, progress: Progress): Buffer {
  const { addresses = activeMqAddresses } = progress;
  const handle = random.below(4);
  const channel = random.oneIn(10) ? random.below(3) : 0;
  const first = Math.max(0, progress.receivedCount - random.below(5));
  const composites: readonly (() => Composite | undefined)[] = [
    () => ({
      code: compositeCodes.attach,
      name: random.pick(names),
      handle,
      role: random.oneIn(2),
      sndSettleMode: random.below(3),
      rcvSettleMode: random.below(2),
      source: source(random, addresses),
      target: target(random, addresses),
      initialDeliveryCount: random.pick([0, 5, 0xffff_ffff]),
    }),
    () => ({
      code: compositeCodes.flow,
      nextIncomingId: progress.receivedCount,
      incomingWindow: random.pick([0, 1, 1000]),
      nextOutgoingId: 0,
      outgoingWindow: 100,
      handle: random.oneIn(4) ? undefined : handle,
      deliveryCount: random.pick([0, undefined, 3]),
      linkCredit: random.pick([0, 1, 10, 0xffff_ffff]),
      drain: random.oneIn(3),
      echo: random.oneIn(3),
    }),
    () => ({
      code: compositeCodes.disposition,
      role: !random.oneIn(6),
      first: random.oneIn(12) ? 0xffff_fff0 : first,
      last: random.pick([undefined, first + random.below(6), 0xffff_ffff]),
      settled: random.oneIn(2),
      state: state(random),
    }),
    () => ({ code: compositeCodes.detach, handle, closed: random.oneIn(2) }),
    () => (random.oneIn(10) ? { code: compositeCodes.end } : undefined),
    () => ({
      code: compositeCodes.begin,
      nextOutgoingId: random.pick([0, 0xffff_fffe]),
      incomingWindow: random.pick([0, 5, 1000]),
      outgoingWindow: 100,
    }),
    () => (random.oneIn(40) ? { code: compositeCodes.close } : undefined),
  ];
  const kind = random.below(10);
  if (kind >= 6) return transfer(random, handle, progress);
  const at = kind === 5 ? 4 + random.below(3) : kind;
  const composite = composites[at]?.();
  progress.handlers = handlersOf(composite);
  const isBegin = composite?.code === compositeCodes.begin;
  return frameBytes(isBegin ? 1 + random.below(2) : channel, composite);
}
