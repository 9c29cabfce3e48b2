import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { askEnvironment, environmentNames, socketFile } from './environment.ts';

const root = mkdtempSync(join(tmpdir(), 'waxwing-env-'));
const folder = join(root, 'data');
const answer = Object.fromEntries(environmentNames.map((name) => [name, `value of ${name}`]));
let server: Server | undefined;
after(() => rmSync(root, { recursive: true }));
afterEach(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  rmSync(folder, { recursive: true, force: true });
});

/** Whoever listens on the socket of a data folder that only its owner may enter. */
async function listening(text: string): Promise<void> {
  mkdirSync(folder, { mode: 0o700 });
  server = createServer((socket) => socket.end(text));
  await new Promise<void>((resolve) => server?.listen(socketFile(folder), resolve));
  chmodSync(socketFile(folder), 0o600);
}

const refused = (code: string, message: RegExp) =>
  assert.rejects(askEnvironment(folder), { code, message });

test('only known variables are accepted from a response', async () => {
  await listening(JSON.stringify({ ...answer, LD_PRELOAD: '/evil', 'x; rm -rf /;': '1' }));
  assert.deepEqual(await askEnvironment(folder), answer);
});

test('a response may omit only the broker URL', async () => {
  await listening(JSON.stringify({ ...answer, WAXWING_AMQP_URL: undefined }));
  const { WAXWING_AMQP_URL: url, ...others } = answer;
  assert.equal(url, 'value of WAXWING_AMQP_URL');
  assert.deepEqual(await askEnvironment(folder), others);
});

for (const text of [
  'no JSON',
  '[]',
  'null',
  '{}',
  JSON.stringify({ ...answer, AWS_REGION: 1 }),
  JSON.stringify({ ...answer, AWS_REGION: 'x\n' }),
  JSON.stringify({ ...answer, AWS_REGION: '\u001b[2J' }),
]) {
  test(`an invalid response is rejected: ${text.slice(0, 8)}… of ${text.length}`, async () => {
    await listening(text);
    await refused('answer-invalid', /^the answer of the service /);
  });
}

test('a folder that other users can write to is refused, whoever owns the socket', async () => {
  await listening(JSON.stringify(answer));
  for (const mode of [0o777, 0o722, 0o1777]) {
    chmodSync(folder, mode);
    await refused('not-private', /data has mode 01?7\d\d: other users can write in it/);
  }
  chmodSync(folder, 0o700);
  chmodSync(root, 0o777);
  await refused('not-private', /waxwing-env-\w+ has mode 0777: other users can write in it/);
  chmodSync(root, 0o700);
});

test('a socket that others can open, or a file that is not a socket, is refused', async () => {
  await listening(JSON.stringify(answer));
  chmodSync(socketFile(folder), 0o666);
  await refused('not-private', /service\.sock has mode 0666: other users can open it/);
  rmSync(socketFile(folder));
  writeFileSync(socketFile(folder), JSON.stringify(answer), { mode: 0o600 });
  await refused('not-private', /service\.sock is not a socket/);
});

test('a socket or folder of another user is refused', {
  skip: process.geteuid?.() === 0 ? false : 'only root can give a file to another user',
}, async () => {
  await listening(JSON.stringify(answer));
  chownSync(socketFile(folder), 12345, 0);
  await refused('not-private', /service\.sock belongs to user 12345/);
  chownSync(socketFile(folder), 0, 0);
  chownSync(folder, 12345, 0);
  await refused('not-private', /data belongs to user 12345/);
});

test('without a listener, the error says that no service runs', async () => {
  await refused('not-running', /^no service runs on \S+; start one with /);
  mkdirSync(folder, { mode: 0o700 });
  await refused('not-running', /^no service runs on \S+; start one with /);
  assert.ok(!existsSync(socketFile(folder)));
});
