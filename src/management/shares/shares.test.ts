import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { ManagementError } from '../errors.ts';
import {
  addressShare,
  keptPlaceCount,
  largeRequestsPerUserMax,
  shareWaitMsMax,
  userShare,
} from '../limits.ts';
import { paced } from './paced-answer.ts';
import { type Place, Shares } from './shares.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const stays = () => false;

/** Places of one user, and which of them have begun. */
function requests(
  shares: Shares,
  user: string,
  count: number,
  { address = '192.0.2.1', isLarge = false } = {},
) {
  const begun: Place[] = [];
  const places = Array.from({ length: count }, () => shares.enter(user, address, stays, isLarge));
  for (const place of places) place.start().then(() => begun.push(place), assert.ifError);
  return { places, begun };
}

function refusalOf(act: () => void): ManagementError {
  try {
    act();
  } catch (error) {
    if (error instanceof ManagementError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

test('a few requests of a user are answered at a time, and others follow as they end', async () => {
  const shares = new Shares(new ManualClock());
  const { begun } = requests(shares, 'ann', 10);
  await turn();
  assert.equal(begun.length, userShare.runningCountMax);
  begun[0]?.answered(); // its answer is still being sent
  await turn();
  assert.equal(begun.length, userShare.runningCountMax + 1);
  const other = requests(shares, 'bob', 1);
  await turn();
  assert.equal(other.begun.length, 1);
});

test('large requests of one user leave room for those of others, and wait for each other', async () => {
  const shares = new Shares(new ManualClock());
  const large = { isLarge: true };
  const { places, begun } = requests(shares, 'ann', 5, large);
  await turn();
  assert.deepEqual(begun, places.slice(0, largeRequestsPerUserMax));
  assert.equal(requests(shares, 'ann', 1).places.length, 1);
  const bob = requests(shares, 'bob', 1, large);
  const eve = requests(shares, 'eve', 2, large);
  await turn();
  assert.deepEqual([bob.begun.length, eve.begun.length], [1, 1]);
  begun[0]?.answered();
  begun[1]?.end();
  await turn();
  assert.equal(begun.length + eve.begun.length, 5);
  for (const place of [...places, ...bob.places, ...eve.places]) place.end();
  await turn();
  const { begun: later } = requests(shares, 'ann', 2, large);
  await turn();
  assert.equal(later.length, 2);
});

test('requests beyond the bounds of a user and of an address are refused', () => {
  const shares = new Shares(new ManualClock());
  const { places } = requests(shares, 'ann', userShare.placeCountMax);
  const { code, message, retryAfterSeconds } = refusalOf(() => shares.enter('ann', 'x', stays));
  assert.deepEqual([code, retryAfterSeconds], ['too-many-requests', 1]);
  assert.match(message, /of this user are in progress/);
  requests(shares, 'bob', addressShare.placeCountMax - userShare.placeCountMax);
  // Others do not take all places of a user who shares the address of a proxy with them.
  const { places: kept } = requests(shares, 'eve', keptPlaceCount);
  const full = refusalOf(() => shares.requireRoom('eve', '192.0.2.1'));
  assert.match(full.message, /of this address are in progress/);
  shares.requireRoom('eve', '192.0.2.2');
  places[0]?.end();
  places[0]?.end(); // has no further effect
  assert.throws(() => shares.requireRoom('eve', '192.0.2.1'));
  kept[0]?.end();
  shares.requireRoom('eve', '192.0.2.1');
  shares.enter('ann', '192.0.2.2', stays);
  assert.throws(() => shares.enter('ann', '192.0.2.2', stays));
});

test('a user who took more than the share waits, and is refused if the wait would be long', async () => {
  const clock = new ManualClock();
  const shares = new Shares(clock);
  const [first] = requests(shares, 'ann', 1).places;
  first?.charge(userShare.burstMs + 400);
  first?.end();
  const later = requests(shares, 'ann', 1);
  await turn();
  assert.equal(later.begun.length, 0);
  const other = requests(shares, 'bob', 1);
  await turn();
  assert.equal(other.begun.length, 1);
  clock.advance(400 / userShare.part - 1);
  await turn();
  assert.equal(later.begun.length, 0);
  clock.advance(2);
  await turn();
  assert.equal(later.begun.length, 1);
  later.places[0]?.charge(20_000 * userShare.part);
  const { retryAfterSeconds = 0 } = refusalOf(() => shares.requireRoom('ann', '192.0.2.9'));
  assert.ok(retryAfterSeconds > 10 && retryAfterSeconds < 21, String(retryAfterSeconds));
  clock.advance(60_000);
  shares.requireRoom('ann', '192.0.2.1');
});

test('of those who wait at one address, the user who took the least is first', async () => {
  const clock = new ManualClock();
  const shares = new Shares(clock);
  const many = requests(shares, 'ann', 8);
  const { begun: running } = requests(shares, 'eve', 4);
  await turn();
  assert.equal(many.begun.length + running.length, addressShare.runningCountMax);
  many.begun[0]?.charge(100);
  const few = requests(shares, 'bob', 1);
  many.begun[0]?.end();
  await turn();
  assert.deepEqual([few.begun.length, many.begun.length], [1, userShare.runningCountMax]);
});

test('a user who took little is not refused for what others at the address took', async () => {
  const clock = new ManualClock();
  const shares = new Shares(clock);
  const [first] = requests(shares, 'ann', 1).places;
  const longMs = addressShare.burstMs + 2 * shareWaitMsMax * addressShare.part;
  first?.charge(longMs);
  assert.throws(() => shares.requireRoom('ann', '192.0.2.1'), ManagementError);
  const { begun } = requests(shares, 'bob', 1);
  clock.advance(2 * shareWaitMsMax + 1);
  await turn();
  assert.equal(begun.length, 1);
});

test('a request whose client has gone gives up its turn', async () => {
  const shares = new Shares(new ManualClock());
  const { begun } = requests(shares, 'ann', userShare.runningCountMax);
  const gone = shares.enter('ann', '192.0.2.1', () => true);
  await gone.start();
  gone.end();
  begun[0]?.end();
  await turn();
  const next = requests(shares, 'ann', 1);
  await turn();
  assert.equal(next.begun.length, 1);
});

test('a stream is sent at the pace of the share, and frees its place at its end', async () => {
  const clock = new ManualClock();
  const shares = new Shares(clock);
  const place = shares.enter('ann', '192.0.2.1', stays);
  await place.start();
  async function* twoPieces() {
    yield Buffer.from('one');
    place.charge(userShare.burstMs + 1000);
    yield Buffer.from('two');
  }
  const answer = paced({ status: 200, headers: {}, stream: twoPieces() }, place);
  assert.ok('stream' in answer);
  const pieces = answer.stream[Symbol.asyncIterator]();
  assert.equal(String((await pieces.next()).value), 'one');
  assert.equal(String((await pieces.next()).value), 'two');
  let isEnded = false;
  const end = pieces.next().then(({ done }) => {
    isEnded = done === true;
  });
  await turn();
  assert.equal(isEnded, false);
  clock.advance(1000 / userShare.part + 1);
  await end;
  assert.equal(isEnded, true);
  for (let left = userShare.placeCountMax; left > 0; left--) shares.enter('ann', '::1', stays);
  assert.throws(() => shares.enter('ann', '::1', stays));
});

test('a stream that was given up before it began frees its place', async () => {
  const shares = new Shares(new ManualClock());
  for (let left = userShare.placeCountMax + 5; left > 0; left--) {
    const place = shares.enter('ann', '192.0.2.1', stays);
    await place.start();
    async function* pieces() {
      yield Buffer.from('one');
    }
    const answer = paced({ status: 200, headers: {}, stream: pieces() }, place);
    assert.ok('stream' in answer);
    await answer.stream[Symbol.asyncIterator]().return?.();
  }
});
