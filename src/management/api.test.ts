import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../tests/support/bare-broker.ts';
import { BrokerOnLog } from '../../tests/support/broker-on-log.ts';
import type { Answer } from './answers.ts';
import {
  largeBodyBytesPerUserMax,
  largeRequestCountMax,
  requestCountMax,
  userShare,
} from './limits.ts';
import { openManagement } from './open.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The API over a broker in memory. A request for the nodes waits until `measured` is called. */
async function openApi() {
  const clock = new ManualClock();
  const on = await BrokerOnLog.start(
    {},
    {
      clock,
      users: [{ username: 'ann', passwordHash: 'secret' }],
      verifyPassword: async (password, hash) => password === hash,
    },
  );
  const { broker } = on;
  let measured: (bytes: number) => void = () => {};
  const space = new Promise<number>((resolve) => {
    measured = resolve;
  });
  const api = openManagement({
    broker,
    clock,
    node: {
      listeners: () => [],
      certificatesExpireAtMs: () => 0,
      diskFreeBytes: () => space,
      diskReserveBytes: 1,
      openFileCount: async () => 1,
      socketCount: () => 0,
    },
    changesOperatorPolicies: false,
    hashPassword: async (password) => password,
  });
  /** Sends a request, whose client may disconnect. */
  const ask = async (
    user: string,
    path: string,
    { method = 'GET', body = '', peer = { destroyed: false } } = {},
  ): Promise<Exclude<Answer, { stream: unknown }>> => {
    const authorization = `Basic ${Buffer.from(`${user}:secret`).toString('base64')}`;
    const headers = new Map([['authorization', authorization]]);
    const head = { method, rawPath: path, rawQuery: '', headers, peerAddress: '192.0.2.1' };
    const { refusal, answer } = await api.admit(head, peer);
    const given = refusal ?? (await answer(Buffer.from(body)));
    assert.ok('body' in given);
    return given;
  };
  const body = '{"password":"secret","tags":"monitoring"}';
  assert.equal((await ask('ann', '/api/users/bob', { method: 'PUT', body })).status, 201);
  const close = async () => {
    api.close();
    await on.close();
  };
  return { ask, measured, close };
}

test('a user with too many requests gets 429 and when to try again; others are answered', async () => {
  const { ask, measured, close } = await openApi();
  const waiting = Array.from({ length: userShare.placeCountMax }, () => ask('ann', '/api/nodes'));
  await turn();
  const { status, headers, body } = await ask('ann', '/api/whoami');
  assert.deepEqual([status, headers['Retry-After']], [429, '1']);
  assert.deepEqual(JSON.parse(String(body)), {
    error: 'too_many_requests',
    reason: 'too many requests of this user are in progress or took too long; try again in 1 s',
  });
  assert.equal((await ask('bob', '/api/whoami')).status, 200);
  measured(1);
  const found = await Promise.all(waiting);
  assert.deepEqual([...new Set(found.map((each) => each.status))], [200]);
  assert.equal((await ask('ann', '/api/whoami')).status, 200);
  await close();
});

test('requests whose clients have gone are not worked on, and leave room', async () => {
  const { ask, measured, close } = await openApi();
  const peer = { destroyed: false };
  const waiting = Array.from({ length: userShare.placeCountMax }, () =>
    ask('ann', '/api/nodes', { peer }),
  );
  await turn();
  peer.destroyed = true;
  measured(1);
  const found = await Promise.all(waiting);
  const answered = found.filter(({ status }) => status === 200);
  assert.equal(answered.length, userShare.runningCountMax);
  assert.equal((await ask('ann', '/api/whoami')).status, 200);
  await close();
});

test('a user that is deleted while a request waits for its turn is denied', async () => {
  const { ask, measured, close } = await openApi();
  const running = Array.from({ length: userShare.runningCountMax }, () => ask('bob', '/api/nodes'));
  await turn();
  const later = ask('bob', '/api/whoami');
  await turn();
  assert.equal((await ask('ann', '/api/users/bob', { method: 'DELETE' })).status, 204);
  measured(1);
  assert.equal((await later).status, 401);
  await Promise.all(running);
  await close();
});

test('large requests that wait do not keep out those of others', async () => {
  const { ask, measured, close } = await openApi();
  const create = { method: 'PUT', body: '{"password":"secret","tags":"administrator"}' };
  assert.equal((await ask('ann', '/api/users/eve', create)).status, 201);
  const running = Array.from({ length: userShare.runningCountMax }, () => ask('eve', '/api/nodes'));
  await turn();
  const send = (user: string, body = '{}') =>
    ask(user, '/api/definitions', { method: 'POST', body });
  const waiting = Array.from({ length: 2 * largeRequestCountMax }, () => send('eve'));
  await turn();
  assert.equal((await send('ann')).status, 204);
  const large = ' '.repeat(largeBodyBytesPerUserMax / 2);
  const kept = send('eve', large);
  const { status, body } = await send('eve', large);
  assert.equal(status, 503);
  assert.match(String(body), /too many large requests/);
  assert.equal((await send('ann')).status, 204);
  measured(1);
  await Promise.all(running);
  const found = await Promise.all(waiting);
  assert.deepEqual([...new Set(found.map((each) => each.status))], [204]);
  assert.equal((await kept).status, 400);
  assert.equal((await send('eve', '{}')).status, 204);
  await close();
});

test('no number of requests leaves others without room', () => {
  assert.ok(userShare.placeCountMax * 4 < requestCountMax);
});
