import { BytesError, Reader } from '../../src/base/bytes.ts';
import { FrameReader } from '../../src/protocols/amqp091/codec/frames.ts';
import { methodNames, readMethod } from '../../src/protocols/amqp091/codec/methods.gen.ts';
import { HeadScan } from '../../src/protocols/amqp091/codec/properties.ts';
import { readTable } from '../../src/protocols/amqp091/codec/tables.ts';
import { AmqpError } from '../../src/protocols/amqp091/errors.ts';

/** A decoder that must answer any bytes with a value or with an expected error. */
export interface Fuzzer {
  readonly name: string;
  /** @throws whatever is a bug; expected errors are swallowed */
  readonly run: (bytes: Buffer) => void;
}

function expectingErrors(decode: (bytes: Buffer) => void): (bytes: Buffer) => void {
  return (bytes) => {
    try {
      decode(bytes);
    } catch (thrown) {
      if (!(thrown instanceof AmqpError) && !(thrown instanceof BytesError)) throw thrown;
    }
  };
}

const methodIds = Object.keys(methodNames).map(Number);
const scan = new HeadScan();

/** The decoders of AMQP 0-9-1. */
export const amqp091Fuzzers: readonly Fuzzer[] = [
  {
    name: 'amqp091 frames',
    run: expectingErrors((bytes) => {
      const ignore = () => {};
      const sink = { method: ignore, header: ignore, body: ignore, heartbeat: ignore };
      const reader = new FrameReader(sink, 4096);
      const cut = bytes.length >>> 1;
      reader.receive(bytes.subarray(0, cut));
      reader.receive(bytes.subarray(cut));
    }),
  },
  {
    name: 'amqp091 methods',
    run: expectingErrors((bytes) => {
      const id = methodIds[(bytes[0] ?? 0) % methodIds.length] ?? 0;
      readMethod(id, new Reader(bytes, Math.min(1, bytes.length)));
    }),
  },
  { name: 'amqp091 tables', run: expectingErrors((bytes) => void readTable(new Reader(bytes))) },
  {
    name: 'amqp091 scan of properties',
    run: expectingErrors((bytes) => scan.scan(bytes, 0, bytes.length)),
  },
];
