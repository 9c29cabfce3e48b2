// The fuzzers of the AMQP 0-9-1 decoders.

import assert from 'node:assert/strict';
import { BytesError, Reader, Writer } from '../../src/base/bytes.ts';
import type { Argument } from '../../src/broker/arguments.ts';
import {
  type BasicProperties,
  writeProperties,
} from '../../src/protocols/amqp091/codec/basic-properties.ts';
import { FrameReader } from '../../src/protocols/amqp091/codec/frames.ts';
import {
  methodNames,
  readMethod,
  writeMethod,
} from '../../src/protocols/amqp091/codec/methods.gen.ts';
import { HeadScan } from '../../src/protocols/amqp091/codec/properties.ts';
import { readTable, scanTable, writeTable } from '../../src/protocols/amqp091/codec/tables.ts';
import { AmqpError } from '../../src/protocols/amqp091/errors.ts';
import { amqp091Format, visibleHead } from '../../src/protocols/amqp091/format.ts';
import { viewOf } from '../contract/messages.ts';
import { contentFrames, frame, methodFrame } from '../support/amqp-peer.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { randomTable } from './amqp091-input.ts';
import { nameOf, randomMethod } from './amqp091-methods.ts';
import { type Fuzzer, junk } from './fuzzer.ts';
import type { Tally } from './tally.ts';

/** Whether bytes were accepted; false if an expected error refused them. */
function isTaken(decode: () => void): boolean {
  try {
    decode();
    return true;
  } catch (thrown) {
    if (thrown instanceof AmqpError || thrown instanceof BytesError) return false;
    throw thrown;
  }
}

const methodIds = Object.keys(methodNames).map(Number);
const scan = new HeadScan();

/** The types of values in tables. */
const argumentTypes = [
  ...['longstr', 'binary', 'bool', 'byte', 'unsignedbyte', 'short', 'unsignedshort', 'signedint'],
  ...['unsignedint', 'long', 'float', 'double', 'decimal', 'timestamp', 'void', 'table', 'array'],
];

/** Counts the types of the values in a table. */
function reachTypes(values: Iterable<Argument>, tally: Tally): void {
  for (const { type, value } of values) {
    tally.reach(type);
    if (type === 'array') reachTypes(value as readonly Argument[], tally);
    if (type === 'table') reachTypes(Object.values(value as Record<string, Argument>), tally);
  }
}

/** A table: junk, or one that was whole before it may have been damaged. */
function tableBytes(random: SeededRandom): { readonly bytes: Buffer; readonly isWhole: boolean } {
  if (random.oneIn(3)) return { bytes: junk(random), isWhole: false };
  const w = new Writer();
  writeTable(w, randomTable(random));
  const isWhole = random.oneIn(3);
  return { bytes: isWhole ? w.toBuffer() : random.damaged(w.toBuffer()), isWhole };
}

/** Frames of each type. */
const frameMakers: Readonly<Record<string, (random: SeededRandom) => Buffer>> = {
  method: (random) => methodFrame(random.below(3), randomMethod(random)),
  header: (random) => contentFrames(random.below(3), Buffer.alloc(0), { priority: 1 }),
  body: (random) => frame(3, random.below(3), random.bytes(300)),
  heartbeat: () => frame(8, 0, Buffer.alloc(0)),
};

function fuzzFrames(random: SeededRandom, tally: Tally): void {
  let seen = '';
  const see = (type: string) => () => {
    seen = type;
  };
  const sink = {
    method: see('method'),
    header: see('header'),
    body: see('body'),
    heartbeat: see('heartbeat'),
  };
  const reader = new FrameReader(sink, 4096);
  for (let left = random.below(4); left >= 0; left--) {
    const type = random.pick(Object.keys(frameMakers));
    const whole = random.oneIn(3) ? undefined : frameMakers[type]?.(random);
    const isDamaged = random.oneIn(2);
    const bytes = whole ?? junk(random);
    seen = '';
    const isRead = isTaken(() => reader.receive(isDamaged ? random.damaged(bytes) : bytes));
    if (isRead && whole !== undefined && !isDamaged && seen === type) tally.reach(type);
  }
}

function fuzzMethods(random: SeededRandom, tally: Tally): void {
  if (random.oneIn(3)) {
    isTaken(() => readMethod(random.pick(methodIds), new Reader(junk(random))));
    return;
  }
  const method = randomMethod(random);
  const w = new Writer();
  writeMethod(w, method);
  const bytes = w.toBuffer();
  if (random.oneIn(2)) {
    const r = new Reader(random.damaged(bytes));
    isTaken(() => readMethod(r.u32(), r));
    return;
  }
  const r = new Reader(bytes);
  const read = readMethod(r.u32(), r);
  assert.equal(read?.id, method.id);
  assert.equal(r.at, bytes.length);
  tally.reach(nameOf(method));
}

function headBytes(random: SeededRandom): Buffer {
  const properties: BasicProperties = { headers: randomTable(random) };
  if (random.oneIn(2)) properties.contentType = 'text/plain';
  if (random.oneIn(2)) properties.expiration = String(random.below(1000));
  if (random.oneIn(2)) properties.timestamp = random.below(2 ** 32) * 2 ** 31;
  const w = new Writer();
  writeProperties(w, properties);
  return random.oneIn(2) ? w.toBuffer() : random.damaged(w.toBuffer());
}

/** The decoders of AMQP 0-9-1. */
export const amqp091Fuzzers: readonly Fuzzer[] = [
  {
    name: 'amqp091 frames',
    roundCount: 10_000,
    handlers: Object.keys(frameMakers),
    run: fuzzFrames,
  },
  {
    name: 'amqp091 methods',
    roundCount: 20_000,
    handlers: Object.values(methodNames),
    run: fuzzMethods,
  },
  {
    name: 'amqp091 tables',
    roundCount: 5000,
    handlers: argumentTypes,
    run: (random, tally) => {
      const { bytes, isWhole } = tableBytes(random);
      const isRead = isTaken(() => readTable(new Reader(bytes)));
      assert.equal(
        isTaken(() => void scanTable(new Reader(bytes))),
        isRead,
      );
      if (!isRead) return;
      const table = readTable(new Reader(bytes));
      const w = new Writer();
      writeTable(w, table); // a received table can be sent again
      assert.deepEqual({ ...readTable(new Reader(w.toBuffer())) }, { ...table });
      if (isWhole) reachTypes(Object.values(table), tally);
    },
  },
  {
    name: 'amqp091 heads',
    run: (random) => {
      const head = random.oneIn(4) ? junk(random) : headBytes(random);
      if (!isTaken(() => scan.scan(head, 0, head.length))) return;
      const headers = amqp091Format.headers(head, 0, head.length);
      amqp091Format.expiration(head, 0, head.length);
      const changed = [
        amqp091Format.deadLetterHead(head, 0, head.length, headers),
        visibleHead(head, 0, head.length),
      ];
      const neutral = amqp091Format.toProperties(viewOf({ head, body: Buffer.from('body') }, 1));
      const converted = amqp091Format.fromProperties(neutral, 1_000_000);
      assert.equal(converted.body.toString(), 'body');
      for (const other of [...changed, converted.head]) scan.scan(other, 0, other.length);
    },
  },
];
