import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PendingRequests, type ProcessRequest } from './pending-requests.ts';

const request = (more: Partial<ProcessRequest<string>> = {}): ProcessRequest<string> => ({
  what: 'search messages',
  limitMs: 30_000,
  send: () => {},
  ...more,
});

test('answers reach who asked, in any order, and nobody twice', async () => {
  const requests = new PendingRequests();
  const numbers: number[] = [];
  const send = (number: number) => void numbers.push(number);
  const [one, two] = [requests.ask(request({ send })), requests.ask(request({ send }))];
  requests.answered(numbers[1] ?? 0, 'second');
  requests.answered(numbers[0] ?? 0, 'first');
  requests.answered(numbers[0] ?? 0, 'again');
  requests.answered(99, 'unknown');
  assert.deepEqual(await Promise.all([one, two]), ['first', 'second']);
});

test('a request fails after its time, and its late answer is passed on', async () => {
  const requests = new PendingRequests();
  const late: string[] = [];
  const asked = requests.ask(request({ late: (answer) => void late.push(answer) }));
  const failed = assert.rejects(asked, {
    code: 'not-answering',
    message:
      'The broker did not search messages: its process has not answered this request within 30 s. It may still do so.',
  });
  requests.passed(29_000);
  requests.passed(1000);
  await failed;
  requests.answered(1, 'too late');
  assert.deepEqual(late, ['too late']);
});

test('a process that does not answer is not sent more and more requests', async () => {
  const requests = new PendingRequests();
  let sentCount = 0;
  const send = () => void sentCount++;
  const failures: Promise<void>[] = [];
  for (let i = 0; i < 300; i++) {
    failures.push(assert.rejects(requests.ask(request({ send })), { code: 'not-answering' }));
  }
  requests.fail('has not answered for 15 s');
  await Promise.all(failures);
  assert.equal(sentCount, 256);
  await assert.rejects(requests.ask(request({ send })), /256 earlier requests, the maximum/);
  requests.answered(1, 'at last');
  const last = requests.ask(request({ send }));
  assert.equal(sentCount, 257);
  requests.ended();
  assert.equal(await last, undefined);
});
