import { amqp091Fuzzers } from './amqp091.ts';
import { connectionFuzzer } from './amqp091-connection.ts';
import type { Fuzzer } from './fuzzer.ts';

/** Every fuzzer there is. */
export const fuzzers: readonly Fuzzer[] = [...amqp091Fuzzers, connectionFuzzer];

/** A fuzzer that must fail: it proves that failures are seen. */
export const canary: Fuzzer = {
  name: 'canary',
  run: (random) => {
    if (random.below(256) === 0xce) throw new TypeError('a bug, as it should be');
  },
};
