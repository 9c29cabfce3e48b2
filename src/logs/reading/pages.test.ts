import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogsMachine } from '../../../tests/support/logs-machine.ts';
import { systemClock } from '../../base/clock.ts';
import type { BrokerLogs } from '../broker-logs.ts';
import { compileFilterPattern } from '../patterns/filter-pattern.ts';
import type { StreamName } from '../store/log-line.ts';
import type { StreamLines } from '../store/stream-lines.ts';
import { readFilteredPage } from './filtered-page.ts';
import { pageLimits } from './page-budget.ts';
import { readStreamPage, type StreamRequest } from './stream-page.ts';

const one: StreamName = { brokerId: 'b-1', category: 'general', stream: 'a.log' };
const two: StreamName = { brokerId: 'b-1', category: 'general', stream: 'b.log' };

function streamOf(logs: BrokerLogs, { stream }: StreamName): StreamLines {
  const found = [...logs.streams].find((lines) => lines.stream === stream);
  assert.ok(found);
  return found;
}

/** Ten lines, one each second, alternately in two streams. */
async function tenLines(): Promise<{ machine: LogsMachine; logs: BrokerLogs; startMs: number }> {
  const machine = await LogsMachine.make();
  const logs = await machine.open();
  const startMs = machine.clock.nowMs();
  for (let i = 0; i < 10; i++) {
    logs.append(i % 2 === 0 ? one : two, 'info', `line ${i}`);
    machine.clock.advance(1000);
  }
  await logs.flush();
  return { machine, logs, startMs };
}

const everything: StreamRequest = {
  fromMs: 0,
  toMs: Infinity,
  limit: 100,
  startsFromHead: true,
  token: undefined,
};

test('a stream is read forwards and backwards, and the token at its end repeats', async () => {
  const { logs } = await tenLines();
  const lines = streamOf(logs, one);
  const page = async (request: Partial<StreamRequest>) => {
    const found = await readStreamPage(logs, lines, { ...everything, ...request }, systemClock);
    return { ...found, texts: found.lines.map(({ text }) => text.at(-1)).join('') };
  };
  const first = await page({ limit: 2 });
  assert.equal(first.texts, '02');
  const second = await page({ limit: 2, token: first.forwardToken });
  assert.equal(second.texts, '46');
  const third = await page({ limit: 2, token: second.forwardToken });
  assert.equal(third.texts, '8');
  const end = await page({ token: third.forwardToken });
  assert.equal(end.texts, '');
  assert.equal(end.forwardToken, third.forwardToken);
  assert.equal((await page({ token: third.backwardToken })).texts, '0246');
  const newest = await page({ limit: 2, startsFromHead: false });
  assert.equal(newest.texts, '68');
  const older = await page({ limit: 2, token: newest.backwardToken });
  assert.equal(older.texts, '24');
  const oldest = await page({ token: older.backwardToken });
  assert.equal(oldest.texts, '0');
  const beginning = await page({ token: oldest.backwardToken });
  assert.equal(beginning.texts, '');
  assert.equal(beginning.backwardToken, oldest.backwardToken);
  // A line that arrives later is on the page after the end.
  logs.append(one, 'info', 'line x');
  await logs.flush();
  assert.equal((await page({ token: end.forwardToken })).texts, 'x');
  await assert.rejects(page({ token: 'f/1' }), { code: 'invalid-token' });
  const other = await readStreamPage(logs, streamOf(logs, two), everything, systemClock);
  await assert.rejects(page({ token: other.forwardToken }), { code: 'invalid-token' });
  await logs.close();
});

test('a time range includes its beginning and not its end', async () => {
  const { logs, startMs } = await tenLines();
  const lines = streamOf(logs, one);
  const range = { ...everything, fromMs: startMs + 2000, toMs: startMs + 6000 };
  const page = await readStreamPage(logs, lines, range, systemClock);
  assert.deepEqual(
    page.lines.map(({ text }) => text),
    ['line 2', 'line 4'],
  );
  await logs.close();
});

test('streams are merged by time, over pages, with unique event ids', async () => {
  const { logs } = await tenLines();
  const streams = [...logs.streams];
  const ids = new Set<string>();
  let texts = '';
  let token: string | undefined;
  let pageCount = 0;
  do {
    const request = { ...everything, limit: 3, pattern: compileFilterPattern('line'), token };
    const page = await readFilteredPage(logs, streams, request, systemClock);
    for (const { text, eventId } of page.lines) {
      texts += text.at(-1);
      ids.add(eventId);
    }
    token = page.nextToken;
    pageCount++;
  } while (token !== undefined);
  assert.equal(texts, '0123456789');
  assert.equal(ids.size, 10);
  assert.ok(pageCount >= 4);
  for (const id of ids) assert.match(id, /^\d{56}$/);
  const request = { ...everything, pattern: compileFilterPattern(''), token: 'no token' };
  await assert.rejects(readFilteredPage(logs, streams, request, systemClock), {
    code: 'invalid-token',
  });
  await logs.close();
});

test('a page has at most a mebibyte, and examines a limited number of lines', async () => {
  const machine = await LogsMachine.make();
  const logs = await machine.open();
  const text = 'é'.repeat(4000);
  for (let i = 0; i < 300; i++) logs.append(one, 'info', `${i} ${text}`);
  await logs.flush();
  const lines = streamOf(logs, one);
  const page = await readStreamPage(logs, lines, { ...everything, limit: 1000 }, systemClock);
  const bytes = page.lines.reduce((sum, line) => sum + Buffer.byteLength(line.text) + 26, 0);
  assert.ok(bytes <= pageLimits.bytesMax && bytes > pageLimits.bytesMax - 9000, `${bytes}`);
  // A clock that shows a long time for each look.
  let nowMs = 0;
  const slow = { monotonicMs: () => (nowMs += 1000) };
  const request = { ...everything, pattern: compileFilterPattern('nothing'), token: undefined };
  const partial = await readFilteredPage(logs, [lines], request, slow);
  assert.deepEqual(partial.lines, []);
  assert.ok(partial.nextToken !== undefined);
  const rest = { ...request, token: partial.nextToken };
  const last = await readFilteredPage(logs, [lines], rest, systemClock);
  assert.equal(last.nextToken, undefined);
  await logs.close();
});

test('lines that have expired are not shown, even before they are removed', async () => {
  const { machine, logs } = await tenLines();
  machine.retentionDays.set('b-1', 1);
  machine.clock.advance(24 * 3600 * 1000 - 4500);
  const page = await readStreamPage(logs, streamOf(logs, one), everything, systemClock);
  assert.deepEqual(
    page.lines.map(({ text }) => text),
    ['line 6', 'line 8'],
  );
  await logs.close();
});
