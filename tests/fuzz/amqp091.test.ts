import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { amqp091Fuzzers, type Fuzzer } from './amqp091.ts';

/** Random bytes, half of them with the letters and lengths that decoders look for. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.array(fc.constantFrom(0, 1, 2, 3, 8, 0x41, 0x46, 0x53, 0x74, 0x78, 0x10, 0xff, 0xce), {
    maxLength: 300,
  }),
);

const fuzz = (fuzzer: Fuzzer, numRuns: number) =>
  fc.assert(
    fc.property(bytes, (input) => fuzzer.run(Buffer.from(input))),
    { numRuns },
  );

for (const fuzzer of amqp091Fuzzers) {
  test(`${fuzzer.name}: no bytes end in anything but a value or an expected error`, () => {
    fuzz(fuzzer, 2000);
  });
}

test('a decoder with a bug is found', () => {
  const canary = (input: Buffer) => {
    if (input[0] === 0xce) throw new TypeError('a bug');
  };
  assert.throws(() => fuzz({ name: 'canary', run: canary }, 2000), /Counterexample: .*206/);
});
