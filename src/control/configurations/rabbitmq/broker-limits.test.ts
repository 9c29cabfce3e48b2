import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMaximum } from './broker-limits.ts';
import { readRabbitMqSettings } from './cuttlefish.ts';

const check = (text: string) => checkMaximum(text, { connectionCountMax: 300 }, 'mq.m7g.medium');

test('a limit above that of the instance type is refused, however it is written', () => {
  for (const text of [
    'connection_max = 5000',
    ' \tconnection_max=5000 ',
    "connection_max = '5000'",
    "connection_max = '''5000'''",
    "connection_max = '''\n 5000\n'''",
    'connection_max = 1\nconnection_max = 5000',
    'heartbeat = 60\r\n\r\nconnection_max = 5000\r\n',
  ]) {
    assert.equal(readRabbitMqSettings(text, 4).limits.connectionCountMax, 5000, text);
    assert.throws(() => check(text), { code: 'bad-request', message: /\[5000\] of key/ }, text);
  }
});

test('limits up to that of the instance type are permitted, and those in comments', () => {
  for (const text of ['', 'connection_max = 300', '# connection_max = 5000', 'heartbeat = 3600']) {
    check(text);
  }
});
