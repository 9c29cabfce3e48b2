import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateGrantCommand, CreateKeyCommand, DescribeKeyCommand } from '@aws-sdk/client-kms';
import { isLong, writeProof } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

// Many keys, grants, queues and bindings: more state than a segment of the log holds.

// An account may have 100,000 keys; those that measurements make are among them.
const count = isLong ? 95_000 : 100;
const sampleCount = isLong ? 1000 : 5;
const body = Buffer.alloc(100, 'x');

let waxwing: Waxwing;
before(async () => {
  waxwing = await Waxwing.start();
});
after(() => waxwing.remove());

interface Latency {
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** Does something again and again, one after the other, and says how long it took. */
async function latencyOf(act: () => Promise<unknown>): Promise<Latency> {
  const times: number[] = [];
  for (let i = 0; i < sampleCount; i++) {
    const beganMs = performance.now();
    await act();
    times.push(performance.now() - beganMs);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(3));
  return { medianMs: at(0.5), p99Ms: at(0.99) };
}

async function createKey(): Promise<string> {
  const { KeyMetadata } = await waxwing.kms.send(new CreateKeyCommand({}));
  return KeyMetadata?.Arn ?? '';
}

function createGrant(arn: string): Promise<unknown> {
  const [, , , , account] = arn.split(':');
  const GranteePrincipal = `arn:aws:iam::${account}:root`;
  const grant = { KeyId: arn, GranteePrincipal, Operations: ['Decrypt' as const] };
  return waxwing.kms.send(new CreateGrantCommand(grant));
}

/** How long a confirm takes and what calls of the API do. */
async function measure(): Promise<Record<string, Latency>> {
  const client = await waxwing.connect();
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue('measured', { durable: true });
  const confirm = await latencyOf(async () => {
    channel.sendToQueue('measured', body, { persistent: true });
    await channel.waitForConfirms();
  });
  const declare = await latencyOf(() => channel.assertQueue('measured', { durable: true }));
  await channel.purgeQueue('measured');
  await client.close();
  const arn = await createKey();
  const create = await latencyOf(createKey);
  const grant = await latencyOf(() => createGrant(arn));
  const describe = await latencyOf(() => waxwing.kms.send(new DescribeKeyCommand({ KeyId: arn })));
  return { confirm, declare, createKey: create, createGrant: grant, describeKey: describe };
}

/** Does something this many times, some of them at a time. */
async function many(act: (i: number) => Promise<unknown>, atOnce: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < count; i = next++) await act(i);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function fillBroker(): Promise<void> {
  const client = await waxwing.connect();
  const channels = await Promise.all(
    Array.from({ length: 100 }, () => client.model.createChannel()),
  );
  await channels[0]?.assertExchange('many', 'direct', { durable: true });
  await many(async (i) => {
    const channel = channels[i % channels.length];
    await channel?.assertQueue(`many-${i}`, { durable: true });
    await channel?.bindQueue(`many-${i}`, 'many', `key-${i}`);
  }, 100);
  await client.close();
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await act();
  return Number(((performance.now() - beganMs) / 1000).toFixed(3));
}

/** Every part of what was made is there: the last of each kind works. */
async function requireAll(arns: readonly string[]): Promise<void> {
  const client = await waxwing.connect();
  const channel = await client.model.createConfirmChannel();
  for (const i of [0, Math.floor(count / 2), count - 1]) {
    channel.publish('many', `key-${i}`, body, { persistent: true });
    await channel.waitForConfirms();
    assert.equal((await client.take(`many-${i}`)).length, 1);
    const { KeyMetadata } = await waxwing.kms.send(new DescribeKeyCommand({ KeyId: arns[i] }));
    assert.equal(KeyMetadata?.KeyState, 'Enabled');
  }
  await client.close();
}

test(`${count} keys, grants, queues and bindings survive a stop and a kill`, async (t) => {
  const empty = await measure();
  const arns: string[] = [];
  const fillSeconds = {
    keys: await timed(() => many(async (i) => (arns[i] = await createKey()), 32)),
    grants: await timed(() => many((i) => createGrant(arns[i] ?? ''), 32)),
    queues: await timed(fillBroker),
  };
  await requireAll(arns);
  const filled = await measure();
  assert.equal(await waxwing.stop(), 0);
  const restartSeconds = await timed(async () => {
    await waxwing.restart();
    await (await waxwing.connect()).close();
  });
  await requireAll(arns);
  const restarted = await measure();
  await waxwing.kill();
  const recoverySeconds = await timed(async () => {
    await waxwing.restart();
    await (await waxwing.connect()).close();
  });
  await requireAll(arns);
  const { code, stdout } = await stoppedAndChecked();
  assert.equal(code, 0, stdout);
  const figures = { count, empty, filled, restarted, fillSeconds, restartSeconds, recoverySeconds };
  t.diagnostic(JSON.stringify(figures));
  if (isLong) writeProof('large-state', figures);
});

async function stoppedAndChecked() {
  assert.equal(await waxwing.stop(), 0);
  return waxwing.folder.check();
}
