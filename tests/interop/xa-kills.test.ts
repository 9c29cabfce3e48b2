import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { password } from '../support/broker-requests.ts';
import { JavaProgram } from '../support/java-programs.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

// A broker process is killed while ActiveMQ's Java client moves messages in XA transactions.

/** The pause before the next start doubles with each kill, up to a minute. */
const killCount = 8;
const messageCount = 1200;
const workerCount = 3;

const program = isLong
  ? await JavaProgram.compile(join(import.meta.dirname, '../../../tests/interop/kills'), 'XaKills')
  : 'only in long runs';
const skip = typeof program === 'string' ? program : false;
const java = program as JavaProgram; // otherwise the test is skipped

let waxwing: Waxwing;
let brokerId: string;

before(async () => {
  if (skip !== false) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  await java.trust(join(waxwing.folder.data, 'ca.pem'));
  brokerId = await waxwing.createBroker({
    EngineType: 'ACTIVEMQ',
    HostInstanceType: 'mq.m5.large',
    Users: [{ Username: 'admin', Password: password }],
  });
});

after(async () => {
  if (skip !== false) return;
  java.remove();
  await waxwing.remove();
});

test('across kills, XA transactions move each message once', { skip }, async () => {
  const { BrokerInstances } = await waxwing.brokerIs(brokerId, 'RUNNING');
  const endpoints = BrokerInstances?.[0]?.Endpoints ?? [];
  const url = endpoints.find((endpoint) => endpoint.startsWith('ssl://')) ?? '';
  const killed: number[] = [];
  let killing: Promise<void> = Promise.resolve();
  const kill = async () => {
    const pid = await until('a process of the broker that was not killed', () => {
      try {
        const found = waxwing.brokerPid(brokerId);
        return killed.includes(found) ? undefined : found;
      } catch {
        return undefined; // the lock is being written
      }
    });
    killed.push(pid);
    process.kill(pid, 'SIGKILL');
  };
  const everyCount = Math.floor(messageCount / (killCount + 1));
  const env = { BROKER_URL: url, BROKER_PASSWORD: password };
  const lines = await java.run([String(messageCount), String(workerCount)], env, (line) => {
    const count = Number(/^moved (\d+)$/.exec(line)?.[1] ?? 0);
    if (count > 0 && count % everyCount === 0 && count / everyCount <= killCount) {
      killing = killing.then(kill);
    }
  });
  await killing;
  assert.equal(killed.length, killCount);
  const all = Array.from({ length: messageCount }, (_, n) => n).join(', ');
  assert.deepEqual(lines.slice(-3), ['in doubt 0', 'from []', `to [${all}]`]);
});
