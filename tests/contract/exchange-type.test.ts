import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangeTypes } from '../../src/broker/exchanges/types/registry.ts';
import { type ExchangeTypeSubject, testExchangeType } from './exchange-type.contract.ts';

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

for (const type of exchangeTypes) {
  const shown = subjects[type.name];
  test(`${type.name}: the contract covers this exchange type`, () => assert.ok(shown));
  if (shown !== undefined) testExchangeType({ type, ...shown });
}
