import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { CreateBrokerCommand, DescribeBrokerCommand } from '@aws-sdk/client-mq';
import { connect } from 'amqplib';
import { password } from '../support/broker-requests.ts';
import { blockOffsets, writeAt } from '../support/bytes-of-files.ts';
import { linesIn } from '../support/log-lines.ts';
import { until } from '../support/processes.ts';
import { Waxwing } from '../support/waxwing.ts';
import type { Ended, WaxwingFolder } from '../support/waxwing-folder.ts';

// The sealed volume of broker logs. A start without it is refused unless the data folder never had
// one.

const folders: WaxwingFolder[] = [];
/** A data folder as a clean stop leaves it, with a line in the log of one broker. */
let stopped: WaxwingFolder;
let brokerId = '';
before(async () => {
  const waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  folders.push(waxwing.folder);
  brokerId = await makeBroker(waxwing, 'logged', true);
  const silentId = await makeBroker(waxwing, 'silent', false);
  for (const id of [brokerId, silentId]) await failLogin(waxwing, id);
  assert.equal(await waxwing.stop(), 0);
  stopped = waxwing.folder;
});
after(() => {
  for (const folder of folders) folder.remove();
});

async function makeBroker(waxwing: Waxwing, BrokerName: string, General: boolean) {
  const { BrokerId = '' } = await waxwing.mq.send(
    new CreateBrokerCommand({
      BrokerName,
      EngineType: 'RABBITMQ',
      DeploymentMode: 'SINGLE_INSTANCE',
      HostInstanceType: 'mq.m7g.medium',
      PubliclyAccessible: false,
      Users: [{ Username: 'admin', Password: password }],
      Logs: { General },
    }),
  );
  await until(`${BrokerName} runs`, async () => {
    const { BrokerState } = await waxwing.mq.send(new DescribeBrokerCommand({ BrokerId }));
    return BrokerState === 'RUNNING';
  });
  return BrokerId;
}

async function failLogin(waxwing: Waxwing, BrokerId: string): Promise<void> {
  const { BrokerInstances } = await waxwing.mq.send(new DescribeBrokerCommand({ BrokerId }));
  const url = new URL(BrokerInstances?.[0]?.Endpoints?.[0] ?? '');
  const { ca } = waxwing;
  const wrong = `amqps://admin:canary-wrong@localhost:${url.port}`;
  await assert.rejects(connect(wrong, { ca: [Buffer.from(ca)] }), /403|ACCESS/);
}

/** Another copy of the folder that was stopped. */
function copy(): WaxwingFolder {
  const folder = stopped.copy();
  folders.push(folder);
  return folder;
}

function refused({ code, stderr }: Ended, why: RegExp): void {
  assert.equal(code, 1, stderr);
  assert.match(stderr, why);
  assert.match(stderr, /--discard-broker-logs to discard the old lines\n$/);
}

test('an enabled broker log contains the broker’s reports, but no password', async () => {
  const lines = await linesIn(copy());
  const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00`;
  const failed = "1 log-in failed from 127.0.0.1 of user 'admin': wrong-password";
  const expected = (category: string) =>
    new RegExp(`^${brokerId} ${category} warn ${time} \\[warning\\] <0\\.0\\.0> ${failed}$`);
  assert.equal(lines.length, 2, lines.join('\n'));
  assert.match(lines[0] ?? '', expected('general'));
  assert.match(lines[1] ?? '', expected('connection'));
});

test('check reports the log volume as sound', async () => {
  const { code, stdout } = await copy().check();
  assert.equal(code, 0);
  assert.match(stdout, /^logs: sound, closed cleanly, .* records/m);
});

test('a data folder without a log volume gets one', () => {
  assert.ok(existsSync(join(stopped.data, 'logs', 'volume')));
});

test('a start without the log volume is refused, and check reports it', async () => {
  const folder = copy();
  rmSync(join(folder.data, 'logs'), { recursive: true });
  refused(await folder.serve(), /cannot be used: there is no volume in .*logs; restore it/);
  const { code, stderr } = await folder.check();
  assert.equal(code, 1);
  assert.match(stderr, /^waxwing: logs: not sound: there is no volume in .*logs$/m);
});

test('a damaged log volume is refused with file and offset', async () => {
  const folder = copy();
  const own = join(folder.data, 'logs');
  const segment = readdirSync(own).find((name) => name.startsWith('seg-')) ?? '';
  const [offset = 0] = blockOffsets(join(own, segment));
  writeAt(join(own, segment), offset + 45, Buffer.of(0xff, 0x00, 0xff));
  refused(await folder.serve(), new RegExp(`${segment}.*${offset}`));
  const { stderr } = await folder.check();
  assert.match(stderr, new RegExp(`^waxwing: logs: not sound: .*${segment}`, 'm'));
});

test('an older copy of the log volume is refused', async () => {
  const folder = copy();
  const older = join(folder.root, 'older');
  cpSync(join(folder.data, 'logs'), older, { recursive: true });
  const waxwing = await Waxwing.start({ folder, args: ['--no-default-broker'] });
  assert.equal(await waxwing.stop(), 0);
  rmSync(join(folder.data, 'logs'), { recursive: true });
  cpSync(older, join(folder.data, 'logs'), { recursive: true });
  refused(await folder.serve(), /was last mounted as number 1; expected 2/);
  const { stderr } = await folder.check();
  assert.match(stderr, /^waxwing: logs: not sound: .*is not current/m);
});

test('a log volume of another data folder is refused', async () => {
  const other = await Waxwing.start({ args: ['--no-default-broker'] });
  folders.push(other.folder);
  assert.equal(await other.stop(), 0);
  const folder = copy();
  rmSync(join(folder.data, 'logs'), { recursive: true });
  cpSync(join(other.folder.data, 'logs'), join(folder.data, 'logs'), { recursive: true });
  refused(await folder.serve(), /its wrapped data key was not created for volume logs-/);
});

test('lost logs are abandoned on request, and the trail records it', async () => {
  const folder = copy();
  rmSync(join(folder.data, 'logs'), { recursive: true });
  const args = ['--no-default-broker'];
  const waxwing = await Waxwing.start({ folder, args: [...args, '--discard-broker-logs'] });
  const LookupAttributes = [
    { AttributeKey: 'EventName' as const, AttributeValue: 'DiscardBrokerLogs' },
  ];
  const { Events } = await waxwing.trail.send(new LookupEventsCommand({ LookupAttributes }));
  assert.equal(Events?.length, 1);
  assert.match(Events?.[0]?.CloudTrailEvent ?? '', /"volumeId":"logs-[0-9a-f]{17}"/);
  assert.equal(await waxwing.stop(), 0);
  await waxwing.restart({ folder, args });
  assert.equal(await waxwing.stop(), 0);
  assert.deepEqual(await linesIn(folder), []);
  assert.equal((await folder.check()).code, 0);
});
