import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActiveMqLines } from './log-line.ts';
import { portsIn } from './open-ports.ts';

const newLines = () => new ActiveMqLines((name) => name === 'bob');
const read = (line: string) => newLines().read(line, true);

test('an entry has its level; what does not begin one is information', () => {
  const warn = read('WARN|Store limit is low');
  assert.deepEqual([warn?.level, warn?.text], ['warn', 'Store limit is low']);
  assert.equal(read('FATAL|over')?.level, 'error');
  for (const line of ['\tat java.lang.Thread', 'ERROR|text of a client']) {
    const other = newLines().read(line, false);
    assert.deepEqual([other?.level, other?.text], ['info', line]);
  }
});

const refusal = (name: string) =>
  `WARN|Security Error occurred on connection to: tcp://127.0.0.1:5000, User name [${name}] or password is invalid.`;

test('a refused log-in is found, and a name that is not one of a user is left out', () => {
  const known = read(refusal('bob'));
  assert.match(known?.text ?? '', /User name \[bob\]/);
  assert.deepEqual(known?.refused, { username: 'bob', peerAddress: '127.0.0.1:5000' });
  for (const name of ['secret', 'a]secret', 'secret] or password is invalid. User name [bob', '']) {
    const unknown = read(refusal(name));
    assert.match(unknown?.text ?? '', /User name \[\(not a user\)\] or password is invalid\.$/);
    assert.deepEqual(unknown?.refused, { username: name, peerAddress: '127.0.0.1:5000' });
  }
  const address = read(refusal('bob').replace('127.0.0.1', '[::1]'))?.refused?.peerAddress;
  assert.equal(address, '[::1]:5000');
});

test('a name with line ends is left out, whatever its lines look like', () => {
  const lines = newLines();
  const name = `secret\nsecret\nERROR|forged\n${refusal('bob').replace('127.0.0.1', '9.9.9.9')}\nbob`;
  const [first = '', ...others] = refusal(name).split('\n');
  const found = lines.read(first, true);
  assert.match(found?.text ?? '', /User name \[\(not a user\)$/);
  assert.equal(found?.refused?.peerAddress, '127.0.0.1:5000');
  for (const line of others) assert.equal(lines.read(line, false), undefined);
  assert.equal(lines.read('INFO|Something else', true)?.text, 'Something else');
  assert.equal(lines.read('\tat java.lang.Thread', false)?.text, '\tat java.lang.Thread');
});

test('only the address of the connection is believed, in one entry of a refused log-in', () => {
  const name = 'User name [bob] or password is invalid.';
  for (const [line, isEntry] of [
    [`WARN|Failed to add Connection id=x, clientId=c, clientIP=9.9.9.9 due to ${name}`, true],
    [`WARN|Failed to add Connection id=${refusal('bob')}, clientIP=9.9.9.9 due to ${name}`, true],
    [refusal('bob'), false],
    [refusal('bob').slice('WARN|'.length), false],
  ] as const) {
    assert.equal(newLines().read(line, isEntry)?.refused, undefined, line);
  }
});

test('the ports of listening sockets are read from the list of the kernel', () => {
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue',
    '   0: 0100007F:F0B1 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1 0',
    '   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000 0 0 2 1 0',
  ].join('\n');
  assert.deepEqual(portsIn(text), [0xf0b1]);
});
