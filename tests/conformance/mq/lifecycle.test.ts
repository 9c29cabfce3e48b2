import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ListGrantsCommand } from '@aws-sdk/client-kms';
import {
  CreateTagsCommand,
  DeleteBrokerCommand,
  ListBrokersCommand,
  ListTagsCommand,
  RebootBrokerCommand,
  UpdateBrokerCommand,
} from '@aws-sdk/client-mq';
import { WaxwingError } from '../../../src/base/errors.ts';
import {
  brokerRequest,
  createBroker,
  createKey,
  describeBroker,
  underKey,
} from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { killAtEachStep } from '../../support/kill-at-each-step.ts';
import { eventsNamed } from '../../support/trail-events.ts';

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

async function stateOf(BrokerId: string, on = plane): Promise<string | undefined> {
  return (await describeBroker(on, BrokerId)).BrokerState;
}

test('a reboot starts before the response and ends with the broker running', async () => {
  const BrokerId = await createBroker(plane);
  const { ports } = plane.control.brokers.require(BrokerId);
  const { epoch } = plane.volumeOf(BrokerId);
  const release = plane.engine.hold('start');
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  assert.equal(await stateOf(BrokerId), 'REBOOT_IN_PROGRESS');
  release();
  await plane.settled();
  assert.equal(await stateOf(BrokerId), 'RUNNING');
  assert.deepEqual(plane.control.brokers.require(BrokerId).ports, ports);
  assert.equal(plane.volumeOf(BrokerId).epoch, epoch + 1);
});

test('a deletion starts before the response and leaves nothing behind', async () => {
  const KeyId = await createKey(plane);
  const BrokerId = await createBroker(plane, underKey(KeyId));
  const release = plane.engine.hold('remove');
  const answer = await plane.mq.send(new DeleteBrokerCommand({ BrokerId }));
  assert.equal(answer.BrokerId, BrokerId);
  assert.equal(await stateOf(BrokerId), 'DELETION_IN_PROGRESS');
  await assert.rejects(plane.mq.send(new RebootBrokerCommand({ BrokerId })), {
    name: 'BadRequestException',
    message: `Broker [${BrokerId}] cannot be rebooted in state DELETION_IN_PROGRESS, it must be RUNNING.`,
  });
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId }));
  // Its tags are there as long as it is.
  const { BrokerArn: ResourceArn } = await describeBroker(plane, BrokerId);
  await plane.mq.send(new CreateTagsCommand({ ResourceArn, Tags: { a: 'b' } }));
  const { Tags } = await plane.mq.send(new ListTagsCommand({ ResourceArn }));
  assert.deepEqual(Tags, { a: 'b' });
  release();
  await plane.settled();
  const gone = {
    name: 'NotFoundException',
    ErrorAttribute: 'broker-id',
    message: `Can't find requested broker [${BrokerId}]. Make sure your broker exists.`,
  };
  await assert.rejects(describeBroker(plane, BrokerId), gone);
  await assert.rejects(plane.mq.send(new DeleteBrokerCommand({ BrokerId })), gone);
  assert.equal(plane.machine.folders.has(BrokerId), false);
  const { Grants } = await plane.kms.send(new ListGrantsCommand({ KeyId }));
  assert.deepEqual(Grants, []);
});

test('a RabbitMQ broker with an alarm is critical, and not rebooted while it is low on memory', async () => {
  const BrokerId = await createBroker(plane);
  const stateOf = async () => {
    const { BrokerState, ActionsRequired = [] } = await describeBroker(plane, BrokerId);
    return [BrokerState, ...ActionsRequired.map(({ ActionRequiredCode }) => ActionRequiredCode)];
  };
  plane.engine.alarm(BrokerId, ['memory', 'disk']);
  assert.deepEqual(await stateOf(), [
    'CRITICAL_ACTION_REQUIRED',
    'RABBITMQ_MEMORY_ALARM',
    'RABBITMQ_DISK_ALARM',
  ]);
  await assert.rejects(plane.mq.send(new RebootBrokerCommand({ BrokerId })), {
    name: 'BadRequestException',
    message: /RABBITMQ_MEMORY_ALARM/,
  });
  plane.engine.alarm(BrokerId, ['disk']);
  assert.deepEqual(await stateOf(), ['CRITICAL_ACTION_REQUIRED', 'RABBITMQ_DISK_ALARM']);
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  plane.engine.alarm(BrokerId, []);
  await plane.settled();
  assert.deepEqual(await stateOf(), ['RUNNING']);
});

test('a broker whose process does not answer is critical, and can be rebooted', async () => {
  const BrokerId = await createBroker(plane);
  const { BrokerName } = await describeBroker(plane, BrokerId);
  const stateOf = async () => {
    const { BrokerState, ActionsRequired = [] } = await describeBroker(plane, BrokerId);
    const { BrokerSummaries = [] } = await plane.mq.send(new ListBrokersCommand());
    const listed = BrokerSummaries.find((each) => each.BrokerId === BrokerId)?.BrokerState;
    return [BrokerState, listed, ...ActionsRequired.map((each) => each.ActionRequiredCode)];
  };
  const silence = () => plane.control.supervisor.silenceOf(BrokerId);
  assert.deepEqual(await stateOf(), ['RUNNING', 'RUNNING']);
  const silent = `process 7 of broker ${BrokerName} has not answered for 15 s`;
  plane.engine.tellAnswering(BrokerId, false, silent);
  const critical = 'CRITICAL_ACTION_REQUIRED';
  assert.deepEqual(await stateOf(), [critical, critical, 'BROKER_NOT_ANSWERING']);
  assert.deepEqual(silence(), { isSilent: true, count: 1 });
  const { level, text } = plane.reports.at(-1) ?? {};
  assert.deepEqual([level, text], ['error', silent]);
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  plane.engine.tellAnswering(BrokerId, true, 'it has ended');
  await plane.settled();
  assert.deepEqual(await stateOf(), ['RUNNING', 'RUNNING']);
  assert.deepEqual(silence(), { isSilent: false, count: 1 });
});

test('settings that need a reboot stay pending and can be reverted until then', async () => {
  const BrokerId = await createBroker(plane, { EngineVersion: '3.13' });
  const update = (changes: object) =>
    plane.mq.send(new UpdateBrokerCommand({ BrokerId, ...changes }));
  const skipping = { BrokerId, EngineVersion: '4.3', HostInstanceType: 'mq.m7g.large' };
  await assert.rejects(plane.mq.send(new UpdateBrokerCommand(skipping)), {
    message: /\[3\.13\] cannot be upgraded to \[4\.3\] directly; upgrade to \[4\.2\] first\.$/,
  });
  const asked = { EngineVersion: '4.2', HostInstanceType: 'mq.m7g.large', Logs: { General: true } };
  const { $metadata: _, ...answer } = await update(asked);
  assert.deepEqual(answer, { BrokerId, ...asked });
  const waiting = await describeBroker(plane, BrokerId);
  assert.deepEqual([waiting.EngineVersion, waiting.PendingEngineVersion], ['3.13', '4.2']);
  assert.deepEqual(
    [waiting.HostInstanceType, waiting.PendingHostInstanceType],
    ['mq.m7g.medium', 'mq.m7g.large'],
  );
  assert.deepEqual([waiting.Logs?.General, waiting.Logs?.Pending?.General], [false, true]);
  await update({ HostInstanceType: 'mq.m7g.medium' });
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  await plane.settled();
  const rebooted = await describeBroker(plane, BrokerId);
  assert.equal(rebooted.EngineVersion, '4.2');
  assert.equal(rebooted.HostInstanceType, 'mq.m7g.medium');
  assert.equal(rebooted.Logs?.General, true);
  assert.equal(rebooted.PendingEngineVersion, undefined);
  assert.equal(plane.engine.running.get(BrokerId)?.engineVersion, '4.2');
  await assert.rejects(update({ EngineVersion: '3.13' }), {
    name: 'BadRequestException',
    ErrorAttribute: 'engineVersion',
    message: 'Broker engine version [3.13] is older than [4.2]; downgrades are not supported.',
  });
});

test('settings that need no reboot take effect immediately', async () => {
  const BrokerId = await createBroker(plane);
  const MaintenanceWindowStartTime = {
    DayOfWeek: 'FRIDAY' as const,
    TimeOfDay: '23:30',
    TimeZone: 'Europe/Vienna',
  };
  await plane.mq.send(
    new UpdateBrokerCommand({ BrokerId, MaintenanceWindowStartTime, SecurityGroups: ['sg-1'] }),
  );
  const described = await describeBroker(plane, BrokerId);
  assert.deepEqual(described.MaintenanceWindowStartTime, MaintenanceWindowStartTime);
  assert.deepEqual(described.SecurityGroups, ['sg-1']);
});

test('a broker that cannot be created is CREATION_FAILED and can only be deleted', async () => {
  plane.engine.fail('create', new WaxwingError('disk-full', 'no space is left on the disk'));
  const BrokerId = await createBroker(plane);
  plane.engine.fail('create', undefined);
  assert.equal(await stateOf(BrokerId), 'CREATION_FAILED');
  await assert.rejects(plane.mq.send(new RebootBrokerCommand({ BrokerId })), {
    name: 'BadRequestException',
  });
  await assert.rejects(plane.mq.send(new UpdateBrokerCommand({ BrokerId })), {
    name: 'BadRequestException',
    ErrorAttribute: 'brokerState',
  });
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId }));
  await plane.settled();
  await assert.rejects(describeBroker(plane, BrokerId), { name: 'NotFoundException' });
});

test('a broker that stops with an error reports the reason, and a reboot retries it', async () => {
  const BrokerId = await createBroker(plane);
  plane.engine.giveUp(BrokerId, 'damaged-volume', 'segment 3 does not open');
  await plane.settled();
  const { BrokerState, ActionsRequired } = await describeBroker(plane, BrokerId);
  assert.equal(BrokerState, 'CRITICAL_ACTION_REQUIRED');
  assert.deepEqual(ActionsRequired, [
    {
      ActionRequiredCode: 'BROKER_DAMAGED_VOLUME',
      ActionRequiredInfo: 'segment 3 does not open',
    },
  ]);
  await plane.advance(3_600_000);
  assert.equal(plane.engine.running.has(BrokerId), false, 'not tried again unasked');
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  await plane.settled();
  assert.equal(await stateOf(BrokerId), 'RUNNING');
});

test('a crashed broker restarts immediately, and with increasing delay if it keeps crashing', async () => {
  const BrokerId = await createBroker(plane);
  const runs = () => plane.engine.running.has(BrokerId);
  plane.engine.crash(BrokerId);
  await plane.settled();
  assert.equal(runs(), true);
  for (const pauseMs of [500, 1000, 2000]) {
    plane.engine.crash(BrokerId);
    await plane.advance(pauseMs - 1);
    assert.equal(runs(), false, `within ${pauseMs} ms`);
    await plane.advance(1);
    assert.equal(runs(), true, `after ${pauseMs} ms`);
  }
  await plane.advance(60_000);
  plane.engine.crash(BrokerId);
  await plane.settled();
  assert.equal(runs(), true, 'it had run steadily');
  assert.equal(await stateOf(BrokerId), 'RUNNING');
});

test('a broker that fails to start reports its state, is retried and recovers', async () => {
  const BrokerId = await createBroker(plane);
  plane.engine.fail('start', new Error('Map maximum size exceeded'));
  plane.engine.crash(BrokerId);
  await plane.settled();
  assert.equal(await stateOf(BrokerId), 'RUNNING', 'one failure may pass');
  await plane.advance(1000);
  await plane.advance(2000);
  await plane.settled();
  const broker = await describeBroker(plane, BrokerId);
  assert.equal(broker.BrokerState, 'CRITICAL_ACTION_REQUIRED');
  const [action] = broker.ActionsRequired ?? [];
  assert.equal(action?.ActionRequiredCode, 'BROKER_PROCESS_FAILED');
  assert.match(action?.ActionRequiredInfo ?? '', /3 times.*Map maximum size exceeded/);
  plane.engine.fail('start', undefined);
  await plane.advance(60_000);
  await plane.settled();
  assert.equal(await stateOf(BrokerId), 'RUNNING');
  assert.deepEqual((await describeBroker(plane, BrokerId)).ActionsRequired ?? [], []);
});

test('a process exit at any step of a creation leaves a running broker or no broker', async () => {
  let keyId = '';
  const outcomes = new Set<string>();
  const steps = await killAtEachStep(
    (own) => own.mq.send(brokerRequest({ BrokerName: 'orders', ...underKey(keyId) })),
    async (own) => {
      keyId = await createKey(own);
    },
    async (own, step) => {
      const brokers = [...own.control.brokers.all()];
      outcomes.add(brokers.map(({ state }) => state).join());
      assert.ok(brokers.length <= 1);
      assert.equal(own.machine.folders.size, brokers.length, `step ${step}`);
      const { Grants = [] } = await own.kms.send(new ListGrantsCommand({ KeyId: keyId }));
      const [broker] = brokers;
      const volumes = Grants.filter(({ Constraints }) => Constraints !== undefined);
      assert.equal(volumes.length, brokers.length, `grants for volumes at step ${step}`);
      const made = (await eventsNamed(own, 'CreateGrant')).length;
      if (broker === undefined) return;
      assert.equal(broker.state, 'RUNNING', `step ${step}`);
      assert.equal(own.engine.running.size, 1);
      assert.deepEqual([Grants.length, made], [2, 2], `step ${step}`);
      assert.deepEqual(own.reports, []);
    },
  );
  assert.ok(steps > 10, `${steps} steps`);
  assert.deepEqual(outcomes, new Set(['', 'RUNNING']));
});

test('a process exit at any step of a deletion leaves a running broker or no trace of it', async () => {
  let keyId = '';
  let brokerId = '';
  const outcomes = new Set<number>();
  const steps = await killAtEachStep(
    (own) => own.mq.send(new DeleteBrokerCommand({ BrokerId: brokerId })),
    async (own) => {
      keyId = await createKey(own);
      brokerId = await createBroker(own, underKey(keyId));
    },
    async (own, step) => {
      const brokers = [...own.control.brokers.all()];
      outcomes.add(brokers.length);
      const { Grants = [] } = await own.kms.send(new ListGrantsCommand({ KeyId: keyId }));
      assert.equal(Grants.length, brokers.length * 2, `step ${step}`);
      assert.equal(own.machine.folders.size, brokers.length, `step ${step}`);
      assert.equal(own.engine.running.size, brokers.length, `step ${step}`);
    },
  );
  assert.ok(steps > 5, `${steps} steps`);
  assert.deepEqual(outcomes, new Set([0, 1]));
});
