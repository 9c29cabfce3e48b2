import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ListBrokersCommand } from '@aws-sdk/client-mq';
import { childrenOf, isRunning, isSessionOver, until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { serviceMetrics } from '../support/service-metric.ts';
import { Waxwing } from '../support/waxwing.ts';
import { freePorts, main, WaxwingFolder } from '../support/waxwing-folder.ts';

// The processes of a service under unfavourable conditions.

let waxwing: Waxwing;
before(async () => {
  waxwing = await Waxwing.start();
});
after(() => waxwing.remove());

/** The processes that the service has started; it has just been started itself. */
function firstChildren(): Promise<number[]> {
  return until('a process', () => (waxwing.children.length > 0 ? waxwing.children : undefined));
}

/** The command line of a process; empty if it has ended. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

test('one of two services started at once on a new folder runs, and the other names it', async (t) => {
  const folder = new WaxwingFolder();
  const both = [Waxwing.begin({ folder }), Waxwing.begin({ folder })];
  t.after(() => Promise.all(both.map((each) => each.remove())));
  const ends = await Promise.all(both.map((each) => each.greeted().then(() => undefined, String)));
  const [winner] = both.filter((_, i) => ends[i] === undefined);
  const [refusal = '', ...more] = ends.filter((end) => end !== undefined);
  assert.deepEqual(more, []);
  // The winner has the kernel's lock for a moment before the file names it.
  const who = `(process ${winner?.pid}|another process)`;
  assert.match(refusal, new RegExp(`/system is in use by ${who}\n`));
  await winner?.askEnvironment();
});

test('the service keeps running when its output cannot be written', async () => {
  const folder = new WaxwingFolder();
  const full = openSync('/dev/full', 'w');
  const child = spawn(
    process.execPath,
    [main, 'serve', '--data', folder.data, ...freePorts, '--log-level', 'info'],
    { env: folder.environment(), stdio: ['ignore', full, full], detached: true },
  );
  closeSync(full);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const env = () => folder.run(['env', '--data', folder.data]);
  await until('it runs', async () => (await env()).stdout.includes('WAXWING_AMQP_URL'));
  const [broker = 0] = childrenOf(child.pid ?? 0);
  process.kill(broker, 'SIGKILL'); // which the log is to tell
  await until('a new process', () => childrenOf(child.pid ?? 0).some((pid) => pid !== broker));
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  await until('nothing is left', () => isSessionOver(child.pid ?? 0));
  folder.remove();
});

test('a first start without a default broker starts no process of a broker', async (t) => {
  const own = Waxwing.begin({ args: ['--no-default-broker'] });
  t.after(() => own.remove());
  const seen = new Set<string>();
  await until(
    'the start is over',
    () => {
      for (const pid of own.children) seen.add(commandOf(pid));
      return own.output.includes('list-brokers') || !own.isRunning;
    },
    120_000,
  );
  await own.greeted();
  const brokers = [...seen].filter((command) => command.includes('broker.js'));
  assert.deepEqual(brokers, []);
});

test("a broker's process that dies during its start is restarted", async () => {
  assert.equal(await waxwing.stop(), 0);
  waxwing.begin();
  const [spare = 0] = await firstChildren();
  process.kill(spare, 'SIGKILL');
  await waxwing.greeted();
  await waxwing.askEnvironment();
  const client = await until('its port', () => waxwing.connect().catch(() => undefined));
  await client.close();
  assert.ok(!isRunning(spare));
});

test('a process of a broker that hangs does not hold up the metrics of the service', async () => {
  const { BrokerSummaries } = await waxwing.mq.send(new ListBrokersCommand());
  const pid = waxwing.brokerPid(BrokerSummaries?.[0]?.BrokerId ?? '');
  const hasBroker = async () => (await serviceMetrics(waxwing)).includes('waxwing_messages_ready{');
  await until('the metrics of the broker', hasBroker);
  process.kill(pid, 'SIGSTOP');
  try {
    const [text, hasSecond] = await Promise.all([serviceMetrics(waxwing), hasBroker()]);
    assert.match(text, /^waxwing_broker_state\{.*state="RUNNING"\} 1$/m);
    assert.equal(hasSecond, false);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await until('the metrics of the broker again', hasBroker);
});

test('a signal during the start of the service ends every process', async () => {
  // Another test sends SIGINT to a service that runs.
  for (const signal of isLong ? (['SIGTERM', 'SIGINT'] as const) : (['SIGTERM'] as const)) {
    await waxwing.stop();
    waxwing.begin();
    const children = await firstChildren();
    await waxwing.stop(signal);
    await until('they end', () => !children.some(isRunning));
  }
  await waxwing.restart();
});

test('a first start killed at any stage is completed by the next one, with one broker', async (t) => {
  const stages = ['system', 'system/volume', 'service.sock', 'brokers'];
  for (const stage of isLong ? stages : ['system/volume']) {
    const other = Waxwing.begin();
    t.after(() => other.remove());
    const { data } = other.folder;
    await until(`there is ${stage}`, () => existsSync(join(data, stage)));
    await other.kill();
    await other.restart();
    const { BrokerSummaries } = await other.mq.send(new ListBrokersCommand({}));
    const states = BrokerSummaries?.map(({ BrokerState }) => BrokerState);
    assert.deepEqual([stage, states], [stage, ['RUNNING']]);
    assert.equal(await other.stop(), 0);
    const { code, stderr } = await other.folder.check();
    assert.deepEqual([code, stderr], [0, '']);
  }
});

test('a second signal ends the service immediately, and nothing is lost', async () => {
  const client = await waxwing.connect();
  await client.publish('orders', ['one']);
  process.kill(waxwing.pid, 'SIGTERM');
  await waxwing.stop('SIGTERM');
  await waxwing.restart();
  const again = await waxwing.connect();
  assert.deepEqual(await again.take('orders'), ['one']);
  await again.close();
});

test('the leftover socket of a killed service does not count as a running service', async () => {
  await waxwing.kill();
  const { data } = waxwing.folder;
  assert.ok(statSync(join(data, 'service.sock')).isSocket());
  const { code, stdout, stderr } = await waxwing.folder.run(['env', '--data', data]);
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^waxwing: no service runs on [^\n]+\n$/);
  await waxwing.restart();
});

test('everything in a data folder is accessible only to its owner', async () => {
  const open: string[] = [];
  let fileCount = 0;
  const look = (path: string) => {
    // The service replaces files meanwhile.
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    fileCount++;
    if ((found.mode & 0o077) !== 0) open.push(`${path} ${(found.mode & 0o777).toString(8)}`);
    if (found.isDirectory()) for (const name of readdirSync(path)) look(join(path, name));
  };
  look(waxwing.folder.data);
  look(waxwing.folder.keys);
  assert.deepEqual(open, []);
  assert.ok(fileCount > 10, `${fileCount} files`);
});
