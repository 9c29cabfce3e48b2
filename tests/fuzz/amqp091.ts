// The fuzzers of the AMQP 0-9-1 decoders.

import assert from 'node:assert/strict';
import { BytesError, Reader, Writer } from '../../src/base/bytes.ts';
import {
  type BasicProperties,
  writeProperties,
} from '../../src/protocols/amqp091/codec/basic-properties.ts';
import { FrameReader } from '../../src/protocols/amqp091/codec/frames.ts';
import { methodNames, readMethod } from '../../src/protocols/amqp091/codec/methods.gen.ts';
import { HeadScan } from '../../src/protocols/amqp091/codec/properties.ts';
import { readTable, scanTable, writeTable } from '../../src/protocols/amqp091/codec/tables.ts';
import { AmqpError } from '../../src/protocols/amqp091/errors.ts';
import { amqp091Format, visibleHead } from '../../src/protocols/amqp091/format.ts';
import { viewOf } from '../contract/messages.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { randomTable } from './amqp091-input.ts';
import { type Fuzzer, junk } from './fuzzer.ts';

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

/** A table: junk, or one that was whole before it was damaged. */
function tableBytes(random: SeededRandom): Buffer {
  if (random.oneIn(3)) return junk(random);
  const w = new Writer();
  writeTable(w, randomTable(random));
  return random.oneIn(3) ? w.toBuffer() : random.damaged(w.toBuffer());
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
    run: (random) => {
      const ignore = () => {};
      const sink = { method: ignore, header: ignore, body: ignore, heartbeat: ignore };
      const reader = new FrameReader(sink, 4096);
      for (let left = random.below(4); left >= 0; left--) {
        isTaken(() => reader.receive(junk(random)));
      }
    },
  },
  {
    name: 'amqp091 methods',
    run: (random) => {
      isTaken(() => readMethod(random.pick(methodIds), new Reader(junk(random))));
    },
  },
  {
    name: 'amqp091 tables',
    run: (random) => {
      const bytes = tableBytes(random);
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
