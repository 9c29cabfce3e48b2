import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeTypes } from '../../src/broker/exchanges/types/registry.ts';
import {
  type ExchangeTypeSubject,
  testChoosingType,
  testExchangeType,
} from './exchange-type.contract.ts';

// All registered exchange types fulfil the contract.

type Shown = Omit<ExchangeTypeSubject, 'type'>;

const isSame = (binding: number, message: number) => binding === message;

/** Every third binding matches all messages. */
function topics(separator: string, one: string, many: string): Shown {
  const at = (i: number) => `site${separator}${i}`;
  return {
    binding: (i) => {
      const wildcard = i % 3 === 1 ? one : 'state';
      const routingKey =
        i % 3 === 2 ? `site${separator}${many}` : `${at(i)}${separator}${wildcard}`;
      // Bindings of different numbers are different ones.
      return { routingKey, arguments: { number: { type: 'signedint', value: i } } };
    },
    message: (i) => ({ key: `${at(i)}${separator}state`, headers: {} }),
    matches: (binding, message) => binding % 3 === 2 || binding === message,
  };
}

const number = (value: number) => ({ type: 'signedint', value }) as const;

const direct: Shown = {
  binding: (i) => ({ routingKey: `key-${i}`, arguments: {} }),
  message: (i) => ({ key: `key-${i}`, headers: {} }),
  matches: isSame,
};

const subjects: Readonly<Record<string, Shown>> = {
  direct,
  // Without an argument that names another type it routes as `direct` does.
  'x-delayed-message': direct,
  fanout: {
    binding: (i) => ({ routingKey: `key-${i}`, arguments: {} }),
    message: (i) => ({ key: `other-${i}`, headers: {} }),
    matches: () => true,
  },
  'x-recent-history': {
    binding: (i) => ({ routingKey: `key-${i}`, arguments: {} }),
    message: (i) => ({ key: `other-${i}`, headers: {} }),
    matches: () => true,
  },
  'x-federation-upstream': {
    binding: (i) => ({ routingKey: `key-${i}`, arguments: {} }),
    message: (i) => ({ key: `other-${i}`, headers: {} }),
    matches: () => true,
  },
  topic: topics('.', '*', '#'),
  'x-activemq-topic': topics('.', '*', '>'),
  'x-mqtt-topic': topics('/', '+', '#'),
  headers: {
    binding: (i) => {
      const how = i % 2 === 0 ? 'all' : 'any';
      const extra = i % 2 === 0 ? { kind: number(1) } : { unused: number(1) };
      const match = { 'x-match': { type: 'longstr', value: how } } as const;
      return { routingKey: '', arguments: { ...match, ...extra, number: number(i) } };
    },
    message: (i) => ({ key: '', headers: { kind: number(1), number: number(i) } }),
    matches: isSame,
  },
};

/** The types that choose one binding, and whether messages with one key always have the same. */
const choosing: ReadonlyMap<string, boolean> = new Map([
  ['x-consistent-hash', true],
  ['x-modulus-hash', true],
  ['x-random', false],
  ['x-local-random', false],
]);

for (const type of exchangeTypes) {
  const shown = subjects[type.name];
  const isRepeated = choosing.get(type.name);
  test(`${type.name}: a contract covers this exchange type`, () => {
    assert.notEqual(shown === undefined, isRepeated === undefined);
  });
  if (shown !== undefined) testExchangeType({ type, ...shown });
  if (isRepeated !== undefined) {
    // The key of a binding is its weight, for the type that has weights.
    const binding = (i: number) => ({ routingKey: '2', arguments: { number: number(i) } });
    const message = (i: number) => ({ key: `key-${i}`, headers: {} });
    testChoosingType({ type, binding, message }, isRepeated);
  }
}
