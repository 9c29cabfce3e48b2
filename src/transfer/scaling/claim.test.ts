import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { type Clock, systemClock } from '../../base/clock.ts';
import { ManagementClient } from '../moving/management-client.ts';
import { claim, claimParameter } from './claim.ts';

// One global parameter behind HTTP, as brokers have it; tests/engines/scale.test.ts claims real brokers.
let stored: string | undefined;
let management: ManagementClient;
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    assert.equal(request.url, `/api/global-parameters/${claimParameter}`);
    const isKnown = stored !== undefined;
    if (request.method === 'PUT') stored = Buffer.concat(parts).toString();
    if (request.method === 'DELETE') stored = undefined;
    response.writeHead(request.method === 'GET' ? (isKnown ? 200 : 404) : 204);
    response.end(request.method === 'GET' ? stored : undefined);
  });
});
/** Time passes at once. */
const quick: Clock = {
  ...systemClock,
  setTimeout: (callback) => systemClock.setTimeout(callback, 1),
};

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const access = { url, username: 'a', password: 'b', authorities: [] };
  management = new ManagementClient(access, systemClock);
});
beforeEach(() => {
  stored = undefined;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const noWait = () => assert.fail('there is no claim');

test('a second command is told that another one runs, and the first goes on', async () => {
  const first = await claim(management, quick, noWait);
  let waits = 0;
  const second = claim(management, quick, () => waits++);
  await assert.rejects(second, { code: 'in-progress', message: /another `waxwing scale`/ });
  assert.equal(waits, 1);
  await first.release();
  assert.equal(stored, undefined);
  assert.equal(first.lost.aborted, false);
  await (await claim(management, quick, noWait)).release();
});

test('the claim of a command that was killed does not last', async () => {
  stored = JSON.stringify({ name: claimParameter, value: { by: 'killed', beat: 4 } });
  const held = await claim(management, quick, () => {});
  await held.release();
  assert.equal(stored, undefined);
});

test('of two commands that begin together, one moves the broker', async () => {
  const results = await Promise.allSettled([
    claim(management, quick, () => {}),
    claim(management, quick, () => {}),
  ]);
  const held = results.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  assert.ok(held.length <= 1);
  for (const each of held) await each.release();
});

test('a command whose claim was replaced is told, and leaves the other claim', async () => {
  const held = await claim(management, quick, noWait);
  stored = JSON.stringify({ name: claimParameter, value: { by: 'other', beat: 0 } });
  if (!held.lost.aborted) await once(held.lost, 'abort');
  await held.release();
  assert.match(stored, /other/);
});
