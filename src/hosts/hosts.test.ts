import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import { systemRandom } from '../base/random.ts';
import { clockText, requireClock } from './clock-difference.ts';
import { HostError } from './errors.ts';
import { joinTokenText, newJoinToken, parseJoinToken, tokenDigest } from './join-token.ts';
import { Lease } from './lease.ts';
import { chooseHosts } from './placement.ts';
import { parseServiceUrl } from './service-connection.ts';

const at = (id: string, zone: string, nodeCount = 0) => ({ id, zone, nodeCount });

test('a token gives back its secret and the digest of the authority', () => {
  const token = newJoinToken(systemRandom, Buffer.from('certificate'));
  const read = parseJoinToken(` ${joinTokenText(token)}\n`);
  assert.deepEqual(read, token);
  assert.equal(tokenDigest(read.secret).length, 64);
  assert.ok(!joinTokenText(token).includes(tokenDigest(token.secret)));
});

test('a text that is not a token is refused without being shown', () => {
  const good = joinTokenText(newJoinToken(systemRandom, Buffer.from('x')));
  for (const text of ['', 'canary-secret', `${good}A`, good.slice(1), good.replace('1', '2')]) {
    assert.throws(
      () => parseJoinToken(text),
      (error: unknown) =>
        error instanceof HostError &&
        error.code === 'token-invalid' &&
        (text === '' || !error.message.includes(text)),
    );
  }
});

test('the address of the service is an https URL without anything else', () => {
  assert.deepEqual(parseServiceUrl('https://10.0.0.1:8444'), { host: '10.0.0.1', port: 8444 });
  assert.deepEqual(parseServiceUrl('https://[::1]:1/'), { host: '::1', port: 1 });
  for (const text of [
    '',
    'http://a:1',
    'https://a/b',
    'https://u@a',
    'https://a?b',
    'https://:p@a',
    'https://a/#b',
    'a:1',
  ]) {
    assert.throws(() => parseServiceUrl(text), HostError);
  }
});

test('there is no lease before the first one, and it ends after its time', () => {
  const clock = new ManualClock();
  const lease = new Lease(clock);
  assert.equal(lease.isValid, false);
  lease.grant(1000);
  clock.advance(999);
  assert.equal(lease.isValid, true);
  lease.grant(1000);
  clock.advance(999);
  assert.equal(lease.isValid, true);
  clock.advance(1);
  assert.equal(lease.isValid, false);
  lease.grant(1000);
  lease.end();
  assert.equal(lease.leftMs, 0);
});

test('a lease ends on either clock: one may stand still, the other be set', () => {
  for (const late of ['nowMs', 'monotonicMs'] as const) {
    const times = { nowMs: 5000, monotonicMs: 100 };
    const clock = {
      ...new ManualClock(),
      nowMs: () => times.nowMs,
      monotonicMs: () => times.monotonicMs,
    };
    const lease = new Lease(clock as never);
    lease.grant(1000);
    times[late] += 1000;
    assert.equal(lease.isValid, false);
  }
});

test('nodes are placed in different zones, then on different machines, then where few are', () => {
  const zones = [at('local', 'a'), at('h-1', 'b', 3), at('h-2', 'c'), at('h-3', 'b')];
  assert.deepEqual(chooseHosts(3, zones), ['local', 'h-2', 'h-3']);
  assert.deepEqual(chooseHosts(3, [at('local', 'a'), at('h-1', 'a'), at('h-2', 'a')]).sort(), [
    'h-1',
    'h-2',
    'local',
  ]);
  assert.deepEqual(chooseHosts(3, [at('local', 'a')]), ['local', 'local', 'local']);
  assert.deepEqual(chooseHosts(3, [at('local', 'a'), at('h-1', 'b')]), ['local', 'h-1', 'local']);
});

test('a node that moves avoids the zones and machines of the others', () => {
  const candidates = [at('h-1', 'a'), at('h-2', 'b'), at('h-3', 'c', 9)];
  assert.deepEqual(chooseHosts(1, candidates, [at('local', 'a'), at('h-2', 'b')]), ['h-3']);
  assert.deepEqual(chooseHosts(1, [], []), []);
});

test('a clock is told in hours and minutes, and refused beyond twelve hours', () => {
  assert.equal(clockText(7_200_000), '2 h 0 min ahead');
  assert.equal(clockText(-3_540_000), '59 min behind');
  assert.equal(clockText(3_599_999), '1 h 0 min ahead');
  requireClock('the clock', 43_200_000);
  requireClock('the clock', -43_200_000);
  for (const wrong of [43_200_001, -43_200_001, Number.MAX_SAFE_INTEGER]) {
    assert.throws(() => requireClock('the clock', wrong), /clock-wrong|12 h are allowed/);
  }
});
