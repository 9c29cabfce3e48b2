import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActiveMqLines } from './log-line.ts';
import { portsIn } from './open-ports.ts';

const newLines = () => new ActiveMqLines((name) => name === 'bob');
const read = (line: string) => newLines().read(line);

test('a line has its level; what is not a line of the log is information', () => {
  const warn = read('WARN|Store limit is low');
  assert.deepEqual([warn?.level, warn?.text], ['warn', 'Store limit is low']);
  assert.equal(read('FATAL|over')?.level, 'error');
  assert.deepEqual(read('\tat java.lang.Thread')?.text, '\tat java.lang.Thread');
});

const refusal = (name: string, clientId = 'c') =>
  `WARN|Failed to add Connection id=x, clientId=${clientId}, clientIP=tcp://127.0.0.1:5000 due to ` +
  `User name [${name}] or password is invalid.`;

test('a refused log-in is found, and a name that is not one of a user is left out', () => {
  const known = read(refusal('bob'));
  assert.match(known?.text ?? '', /User name \[bob\]/);
  assert.deepEqual(known?.refused, { username: 'bob', peerAddress: '127.0.0.1:5000' });
  for (const name of ['secret', 'a]secret', 'secret] or password is invalid. User name [bob', '']) {
    const unknown = read(refusal(name));
    assert.match(unknown?.text ?? '', /User name \[\(not a user\)\] or password is invalid\.$/);
    assert.deepEqual(unknown?.refused, { username: name, peerAddress: '127.0.0.1:5000' });
  }
});

test('a name with line ends is left out, and the lines after it are not', () => {
  const lines = newLines();
  const [first = '', ...others] = refusal('secret\nsecret\nbob').split('\n');
  const found = lines.read(first);
  assert.match(found?.text ?? '', /User name \[\(not a user\)$/);
  assert.equal(found?.refused?.peerAddress, '127.0.0.1:5000');
  for (const line of others) assert.equal(lines.read(line), undefined);
  assert.equal(lines.read('INFO|Something else')?.text, 'Something else');
  assert.equal(lines.read('\tat java.lang.Thread')?.text, '\tat java.lang.Thread');
});

test('a client that names an address in its id or name is not believed', () => {
  for (const forged of [
    refusal('bob', 'clientIP=tcp://9.9.9.9:1'),
    refusal('clientIP=tcp://9.9.9.9:1'),
  ]) {
    assert.equal(read(forged)?.refused?.peerAddress, 'unknown');
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
