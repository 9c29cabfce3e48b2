import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readActiveMqLine } from './log-line.ts';
import { portsIn } from './open-ports.ts';

const isUser = (name: string) => name === 'bob';

test('a line has its level; what is not a line of the log is information', () => {
  const warn = readActiveMqLine('WARN|Store limit is low', isUser);
  assert.deepEqual([warn.level, warn.text], ['warn', 'Store limit is low']);
  assert.equal(readActiveMqLine('FATAL|over', isUser).level, 'error');
  assert.deepEqual(readActiveMqLine('\tat java.lang.Thread', isUser).text, '\tat java.lang.Thread');
});

test('a refused log-in is found, and a name that is not one of a user is left out', () => {
  const line = (name: string) =>
    `WARN|Failed to add Connection id=x due to java.lang.SecurityException: User name [${name}] ` +
    'or password is invalid. tcp://127.0.0.1:5000';
  const known = readActiveMqLine(line('bob'), isUser);
  assert.match(known.text, /User name \[bob\]/);
  assert.deepEqual(known.refused, { username: 'bob', peerAddress: '127.0.0.1:5000' });
  const unknown = readActiveMqLine(line('secret-in-the-wrong-field'), isUser);
  assert.ok(!unknown.text.includes('secret-in-the-wrong-field'));
  assert.match(unknown.text, /User name \[\(not a user\)\]/);
});

test('the ports of listening sockets are read from the list of the kernel', () => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue',
    '   0: 0100007F:F0B1 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1 0',
    '   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000 0 0 2 1 0',
  ].join('\n');
  assert.deepEqual(portsIn(text), [0xf0b1]);
});
