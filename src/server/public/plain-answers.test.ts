import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainAnswersOf } from './plain-answers.ts';

const http = 'GET / HTTP/1.1\r\n\r\n';
const stomp = 'CONNECT\naccept-version:1.2\n\n\0';
const mqtt5 = '\x10\x0e\0\x04MQTT\x05\x02\0\x3c\0\0\x01c';

/** Sends first bytes to a port with some listeners. Returns the URLs that each answer recommends. */
async function recommended(names: readonly string[], ...first: string[]): Promise<string[]> {
  const answer = await plainAnswersOf(names);
  return first.map((text) => {
    const found = answer(Buffer.from(text, 'latin1')).toString('latin1');
    return /use ((?:[a-z+]+:\/\/(?: or )?)+)/.exec(found)?.[1] ?? '';
  });
}

test('clients without TLS are told the URLs of the port on which they are', async () => {
  assert.deepEqual(await recommended(['management'], http, stomp), ['https://', '']);
  const wss = await recommended(['wss'], http, stomp, mqtt5);
  assert.deepEqual(wss, ['wss://', 'wss://', 'wss://']);
  const own = await recommended(['wss', 'stomp+ssl', 'mqtt+ssl'], stomp, mqtt5);
  assert.deepEqual(own, ['stomp+ssl://', 'mqtts:// or mqtt+ssl://']);
  const both = await recommended(['amqps', 'console'], http, 'AMQP\0\0\x09\x01');
  assert.deepEqual(both, ['https:// or amqps://', 'amqps://']);
});

test('AMQP 1.0 clients are answered with its header, not with a frame of 0-9-1', async () => {
  const answer = await plainAnswersOf(['amqps']);
  for (const id of [0, 3]) {
    const header = Buffer.from([0x41, 0x4d, 0x51, 0x50, id, 1, 0, 0]);
    assert.equal(answer(header).toString('latin1'), 'AMQP\x03\x01\0\0');
  }
});
