import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatheringLimits } from '../../../base/failure-gatherer.ts';
import type { ReportedAccess } from '../../../control/engine.ts';
import { AccessReports } from './access-reports.ts';

const { toldCountMax } = gatheringLimits;

function open(peerOf: (access: object) => string | undefined = () => undefined) {
  const reported: ReportedAccess[] = [];
  return { reported, reports: new AccessReports((access) => reported.push(access), peerOf) };
}

const countOf = (reported: readonly ReportedAccess[]) =>
  reported.reduce((sum, { count }) => sum + count, 0);

test('a flood of log-ins makes a bounded number of reports, and each log-in is counted', () => {
  const { reported, reports } = open();
  for (let i = 0; i < 10_000; i++) {
    const peerAddress = `192.0.2.${i % 200}:${i}`;
    reports.loggedIn({ user: `user ${i % 7}`, peerAddress, protocol: 'MQTT' });
  }
  assert.equal(reported.length, toldCountMax);
  reports.flush();
  assert.equal(reported.length, 2 * toldCountMax + 1);
  assert.equal(countOf(reported), 10_000);
  assert.deepEqual(reported.at(-1), {
    kind: 'login',
    user: undefined,
    peerAddress: undefined,
    protocol: undefined,
    text: undefined,
    count: 10_000 - countOf(reported.slice(0, -1)),
  });
});

test('a flood of refused actions does not hide log-ins, and its texts are bounded', () => {
  const { reported, reports } = open(() => '192.0.2.1:5');
  const access = { user: 'bob' };
  for (let i = 0; i < 10_000; i++) {
    reports.denied(access, `read access to queue '\u0000${'q'.repeat(5000)}' ${i % 3} refused`);
  }
  reports.loggedIn({ user: 'amy', peerAddress: '192.0.2.9:1' });
  assert.deepEqual(reported.at(-1)?.user, 'amy');
  reports.flush();
  assert.ok(reported.length <= 2 * toldCountMax + 2);
  assert.equal(countOf(reported), 10_001);
  const [first] = reported;
  assert.equal(first?.peerAddress, '192.0.2.1:5');
  assert.ok((first?.text?.length ?? 0) <= 512);
  assert.doesNotMatch(first?.text ?? '', /\p{Cc}/u);
});
