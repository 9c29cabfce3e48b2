import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import {
  DeleteBrokerCommand,
  PromoteCommand,
  RebootBrokerCommand,
  UpdateBrokerCommand,
} from '@aws-sdk/client-mq';
import { BrokerPair } from '../support/broker-pair.ts';
import { describeBroker, underKey } from '../support/broker-requests.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

// Data replication between two brokers of the real service.

/** Changes of roles under load. */
const switchovers = isLong ? 20 : 1;
const failovers = isLong ? 10 : 1;

let waxwing: Waxwing;
let keys: readonly string[] = [];
let pair: BrokerPair;

before(async () => {
  waxwing = await Waxwing.start({ args: ['--no-default-broker', '--key-effect-delay', '0'] });
  const made = [1, 2].map(() => waxwing.kms.send(new CreateKeyCommand({})));
  keys = (await Promise.all(made)).map(({ KeyMetadata }) => KeyMetadata?.Arn ?? '');
  const [first = '', second = ''] = keys;
  pair = await BrokerPair.create(waxwing, 'pair', underKey(first), underKey(second));
});

after(() => waxwing.remove());

const folderOf = (id: string) => join(waxwing.folder.data, 'brokers', id);

/** What one of both lists has and the other has not, and what is there twice. */
function differences(confirmed: readonly string[], found: readonly string[]) {
  const have = new Set(found);
  return {
    lost: confirmed.filter((body) => !have.has(body)),
    twice: found.length - have.size,
  };
}

test('a replica has no process and no header, and nothing listens at its endpoints', async () => {
  const { BrokerInstances, DataReplicationMode, DataReplicationMetadata } = await describeBroker(
    waxwing,
    pair.replica,
  );
  const [endpoint = ''] = BrokerInstances?.[0]?.Endpoints ?? [];
  const port = Number(endpoint.split(':').at(-1));
  const socket = connect(port, '127.0.0.1');
  const [error] = await once(socket, 'error');
  assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED');
  await pair.copied();
  assert.equal(DataReplicationMode, 'CRDR');
  assert.equal(DataReplicationMetadata?.DataReplicationRole, 'REPLICA');
  assert.equal(DataReplicationMetadata.DataReplicationCounterpart?.BrokerId, pair.primary);
  assert.equal(existsSync(join(folderOf(pair.replica), 'volume')), false);
});

test('switchovers under load lose no confirmed message, and deliver none twice', async () => {
  pair.begin('switchovers');
  for (let i = 0; i < switchovers; i++) {
    const from = pair.confirmed.length;
    await until('some are confirmed', () => pair.confirmed.length > from + 50);
    await pair.promote('SWITCHOVER');
  }
  await pair.stop();
  const found = await pair.drain('switchovers');
  const { lost, twice } = differences(pair.confirmed, found);
  assert.deepEqual({ lost, twice }, { lost: [], twice: 0 });
});

test('a failover after a kill loses nothing that was confirmed before the lag', async () => {
  for (let i = 0; i < failovers; i++) {
    const queue = `failovers-${i}`;
    await waxwing.brokerIs(pair.replica, 'REPLICA');
    pair.confirmed.length = 0;
    pair.begin(queue);
    await until('some are confirmed', () => pair.confirmed.length > 50);
    await pair.copied();
    const copiedMs = (await pair.copiedMs()) ?? 0;
    process.kill(waxwing.brokerPid(pair.primary), 'SIGKILL');
    await pair.promote('FAILOVER');
    await pair.stop();
    const found = await pair.drain(queue);
    const { lost, twice } = differences(pair.confirmed, found);
    assert.equal(twice, 0);
    const isCopied = (body: string) => (pair.confirmedMs.get(body) ?? 0) < copiedMs;
    assert.deepEqual(lost.filter(isCopied), []);
    assert.ok(pair.confirmed.some(isCopied));
  }
});

test('a pair survives a kill of the service during a switchover', async () => {
  pair.confirmed.length = 0;
  await pair.publish('kills', 100);
  await until('the replica has a copy', async () => {
    const Mode = 'SWITCHOVER';
    return waxwing.mq.send(new PromoteCommand({ BrokerId: pair.replica, Mode })).then(
      () => true,
      () => false,
    );
  });
  await waxwing.stop('SIGKILL');
  await waxwing.restart();
  [pair.primary, pair.replica] = [pair.replica, pair.primary];
  await waxwing.brokerIs(pair.primary, 'RUNNING');
  await waxwing.brokerIs(pair.replica, 'REPLICA');
  const found = await pair.drain('kills');
  assert.deepEqual(differences(pair.confirmed, found), { lost: [], twice: 0 });
});

test('without its key a replica is not kept, and the primary goes on', async () => {
  const { EncryptionOptions } = await describeBroker(waxwing, pair.replica);
  const KeyId = EncryptionOptions?.KmsKeyId ?? '';
  await waxwing.kms.send(new DisableKeyCommand({ KeyId }));
  const { ActionsRequired } = await waxwing.brokerIs(pair.replica, 'CRITICAL_ACTION_REQUIRED');
  assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'BROKER_INVALID_KMS_KEY');
  await assert.rejects(
    waxwing.mq.send(new PromoteCommand({ BrokerId: pair.replica, Mode: 'FAILOVER' })),
    { name: 'BadRequestException', message: /must be in state REPLICA/ },
  );
  await pair.publish('keys', 10);
  await waxwing.kms.send(new EnableKeyCommand({ KeyId }));
  await waxwing.brokerIs(pair.replica, 'REPLICA');
});

test('a damaged copy is not started, not backed up, and replaced by the former primary', async () => {
  pair.confirmed.length = 0;
  await pair.publish('damaged', 20);
  await pair.copied();
  const folder = folderOf(pair.replica);
  for (const name of readdirSync(folder)) {
    if (name.startsWith('seg-')) truncateSync(join(folder, name), 4096);
  }
  const Mode = 'FAILOVER';
  await waxwing.mq.send(new PromoteCommand({ BrokerId: pair.replica, Mode }));
  await waxwing.brokerIs(pair.replica, 'CRITICAL_ACTION_REQUIRED');
  const file = join(waxwing.folder.root, 'everything.backup');
  const backup = await waxwing.folder.run(['backup', '--all', file, '--data', waxwing.folder.data]);
  assert.equal(backup.code, 1);
  assert.match(
    backup.stderr,
    new RegExp(`Broker \\[${pair.replica}\\], .* has no complete volume`),
  );
  await waxwing.stop();
  const check = await waxwing.folder.check();
  assert.equal(check.code, 1);
  assert.match(check.stdout, new RegExp(`${pair.replica}: not checked: a promoted replica, `));
  await waxwing.restart();
  await waxwing.brokerIs(pair.replica, 'CRITICAL_ACTION_REQUIRED');
  await waxwing.mq.send(new PromoteCommand({ BrokerId: pair.primary, Mode }));
  await waxwing.brokerIs(pair.primary, 'RUNNING');
  await waxwing.brokerIs(pair.replica, 'REPLICA');
  assert.deepEqual(await pair.drain('damaged'), pair.confirmed);
  await pair.copied();
});

test('after the pair has ended both brokers run on their own, and can be deleted', async () => {
  await assert.rejects(waxwing.mq.send(new DeleteBrokerCommand({ BrokerId: pair.primary })), {
    name: 'BadRequestException',
    message: /is part of a pair/,
  });
  pair.confirmed.length = 0;
  await pair.publish('apart', 20);
  const [BrokerId, DataReplicationMode] = [pair.primary, 'NONE'] as const;
  await pair.copied();
  await waxwing.mq.send(new UpdateBrokerCommand({ BrokerId, DataReplicationMode }));
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId }));
  await waxwing.brokerIs(pair.replica, 'RUNNING');
  await waxwing.brokerIs(pair.primary, 'RUNNING');
  for (const id of [pair.primary, pair.replica]) {
    pair.primary = id;
    assert.deepEqual(differences(pair.confirmed, await pair.drain('apart')).lost, []);
    const found = await describeBroker(waxwing, id);
    assert.equal(found.DataReplicationMode, 'NONE');
    await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId: id }));
  }
});
