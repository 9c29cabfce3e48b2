import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type CreateBrokerCommandInput,
  CreateUserCommand,
  DeleteBrokerCommand,
  DeleteUserCommand,
  DescribeUserCommand,
  ListUsersCommand,
  RebootBrokerCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-mq';
import { allOffers } from '../../../src/control/offers/offers.ts';
import { createBroker, describeBroker, password } from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// Users of ActiveMQ brokers: every change waits for a reboot.

let plane: ControlPlane;
/** A broker that no test changes for good. */
let shared = '';
before(async () => {
  plane = await ControlPlane.start(new Machine(allOffers));
  shared = await createBroker(plane, activeMq);
});
after(() => plane.close());

const other = 'another-horse-staple';
const activeMq: Partial<CreateBrokerCommandInput> = {
  EngineType: 'ACTIVEMQ',
  HostInstanceType: 'mq.m5.large',
  Users: [{ Username: 'admin', Password: password, ConsoleAccess: true, Groups: ['ops'] }],
};

const create = (BrokerId: string, Username: string, more: object = {}) =>
  plane.mq.send(new CreateUserCommand({ BrokerId, Username, Password: other, ...more }));
const update = (BrokerId: string, Username: string, changes: object) =>
  plane.mq.send(new UpdateUserCommand({ BrokerId, Username, ...changes }));
const remove = (BrokerId: string, Username: string) =>
  plane.mq.send(new DeleteUserCommand({ BrokerId, Username }));
const describe = async (BrokerId: string, Username: string) => {
  const { $metadata: _, ...user } = await plane.mq.send(
    new DescribeUserCommand({ BrokerId, Username }),
  );
  return user;
};
const list = async (BrokerId: string) => {
  const { Users = [] } = await plane.mq.send(new ListUsersCommand({ BrokerId }));
  return Object.fromEntries(Users.map(({ Username, PendingChange }) => [Username, PendingChange]));
};
const reboot = async (BrokerId: string) => {
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  await plane.settled();
};

test('user changes are pending until a reboot passes them to the engine', async () => {
  const BrokerId = await createBroker(plane, activeMq);
  const shown = { BrokerId, Username: 'admin', ConsoleAccess: true, Groups: ['ops'] };
  assert.deepEqual(await describe(BrokerId, 'admin'), { ...shown, ReplicationUser: false });
  await create(BrokerId, 'worker~1', { Groups: ['work'], ReplicationUser: true });
  await update(BrokerId, 'admin', { Groups: ['ops', 'audit'], ConsoleAccess: false });
  assert.deepEqual(await list(BrokerId), { admin: 'UPDATE', 'worker~1': 'CREATE' });
  assert.deepEqual((await describeBroker(plane, BrokerId)).Users, [
    { Username: 'admin', PendingChange: 'UPDATE' },
    { Username: 'worker~1', PendingChange: 'CREATE' },
  ]);
  assert.deepEqual(await describe(BrokerId, 'admin'), {
    ...shown,
    ReplicationUser: false,
    Pending: { PendingChange: 'UPDATE', ConsoleAccess: false, Groups: ['ops', 'audit'] },
  });
  assert.deepEqual(await describe(BrokerId, 'worker~1'), {
    BrokerId,
    Username: 'worker~1',
    ConsoleAccess: false,
    Groups: [],
    ReplicationUser: true,
    Pending: { PendingChange: 'CREATE', ConsoleAccess: false, Groups: ['work'] },
  });
  const usersOfEngine = () =>
    plane.engine.running.get(BrokerId)?.users.map(({ username, groups }) => [username, groups]);
  assert.deepEqual(usersOfEngine(), [['admin', ['ops']]]);
  await reboot(BrokerId);
  assert.deepEqual(usersOfEngine(), [
    ['admin', ['ops', 'audit']],
    ['worker~1', ['work']],
  ]);
  assert.deepEqual(await list(BrokerId), { admin: undefined, 'worker~1': undefined });
  await remove(BrokerId, 'worker~1');
  assert.deepEqual((await describe(BrokerId, 'worker~1')).Pending, { PendingChange: 'DELETE' });
  await remove(BrokerId, 'worker~1');
  await assert.rejects(update(BrokerId, 'worker~1', { Groups: ['ops'] }), {
    name: 'ConflictException',
    ErrorAttribute: 'username',
  });
  await assert.rejects(create(BrokerId, 'worker~1'), { name: 'ConflictException' });
  await reboot(BrokerId);
  assert.deepEqual(await list(BrokerId), { admin: undefined });
  assert.deepEqual(usersOfEngine(), [['admin', ['ops', 'audit']]]);
  await assert.rejects(describe(BrokerId, 'worker~1'), { name: 'NotFoundException' });
});

test('a password change alone is pending, and a reverted change is not', async () => {
  const BrokerId = await createBroker(plane, activeMq);
  await update(BrokerId, 'admin', { Groups: ['a1'] });
  await update(BrokerId, 'admin', { Groups: ['ops'] });
  assert.deepEqual(await list(BrokerId), { admin: undefined });
  await create(BrokerId, 'short-lived');
  await update(BrokerId, 'short-lived', { Groups: ['a1'] });
  assert.equal((await list(BrokerId))['short-lived'], 'CREATE');
  await remove(BrokerId, 'short-lived');
  assert.deepEqual(await list(BrokerId), { admin: undefined });
  const before = plane.engine.running.get(BrokerId)?.users[0]?.passwordHash;
  await update(BrokerId, 'admin', { Password: other });
  assert.deepEqual(await list(BrokerId), { admin: 'UPDATE' });
  await reboot(BrokerId);
  assert.notEqual(plane.engine.running.get(BrokerId)?.users[0]?.passwordHash, before);
});

test('changes made during a reboot are pending until the next reboot', async () => {
  const BrokerId = await createBroker(plane, activeMq);
  await create(BrokerId, 'first');
  await create(BrokerId, 'second');
  const release = plane.engine.hold('start');
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  await remove(BrokerId, 'first');
  await update(BrokerId, 'second', { Groups: ['a1'] });
  await create(BrokerId, 'third');
  release();
  await plane.settled();
  const expected = { admin: undefined, first: 'DELETE', second: 'UPDATE', third: 'CREATE' };
  assert.deepEqual(await list(BrokerId), expected);
  await reboot(BrokerId);
  assert.deepEqual(await list(BrokerId), { admin: undefined, second: undefined, third: undefined });
});

test('users and their pending changes survive a restart', async () => {
  const machine = new Machine(allOffers);
  let own = await ControlPlane.start(machine);
  try {
    const BrokerId = await createBroker(own, activeMq);
    const command = new CreateUserCommand({ BrokerId, Username: 'later', Password: other });
    await own.mq.send(command);
    own = await own.restart();
    await own.settled();
    const { Users } = await own.mq.send(new ListUsersCommand({ BrokerId }));
    assert.deepEqual(Users, [
      { Username: 'admin' },
      { Username: 'later', PendingChange: 'CREATE' },
    ]);
    // A start that nobody asked for applies nothing.
    assert.equal(own.engine.running.get(BrokerId)?.users.length, 1);
  } finally {
    await own.close();
  }
});

const refused: readonly (readonly [string, () => Promise<unknown>, object])[] = [
  [
    'a name that is taken',
    () => create(shared, 'admin'),
    { name: 'ConflictException', ErrorAttribute: 'username' },
  ],
  ['a short name', () => create(shared, 'a'), { ErrorAttribute: 'username' }],
  ['a long name', () => create(shared, 'a'.repeat(101)), { ErrorAttribute: 'username' }],
  ['a comma in the name', () => create(shared, 'a,b'), { ErrorAttribute: 'username' }],
  ['a slash in the name', () => create(shared, 'a/b'), { ErrorAttribute: 'username' }],
  [
    'a short password',
    () => create(shared, 'good', { Password: 'short' }),
    { ErrorAttribute: 'password', message: /has 5 characters; 12 to 250 are allowed\.$/ },
  ],
  [
    'a password with a comma',
    () => update(shared, 'admin', { Password: 'with,a,comma,in' }),
    { ErrorAttribute: 'password' },
  ],
  [
    'a password of three characters',
    () => update(shared, 'admin', { Password: 'abcabcabcabcabc' }),
    { ErrorAttribute: 'password' },
  ],
  [
    'a group with a space',
    () => update(shared, 'admin', { Groups: ['a b'] }),
    { ErrorAttribute: 'groups' },
  ],
  [
    'twenty-one groups',
    () => create(shared, 'good', { Groups: Array.from({ length: 21 }, (_, i) => `g${i}`) }),
    { ErrorAttribute: 'groups' },
  ],
  [
    'replication and the console',
    () => create(shared, 'good', { ConsoleAccess: true, ReplicationUser: true }),
    {
      ErrorAttribute: 'replicationUser',
      message:
        "Replication user couldn't have console access. [replicationUser] and [consoleAccess] are mutually exclusive parameters.",
    },
  ],
  [
    'replication for a user of the console',
    () => update(shared, 'admin', { ReplicationUser: true }),
    { ErrorAttribute: 'replicationUser' },
  ],
];
for (const [what, send, error] of refused) {
  test(`a user with ${what} is refused`, async () => {
    await assert.rejects(send(), { name: 'BadRequestException', ...error });
    assert.deepEqual(await list(shared), { admin: undefined });
  });
}

const ofUnknown: Readonly<Record<string, () => Promise<unknown>>> = {
  DescribeUser: () => describe(shared, 'nobody'),
  UpdateUser: () => update(shared, 'nobody', { Groups: [] }),
  DeleteUser: () => remove(shared, 'nobody'),
};
for (const [name, send] of Object.entries(ofUnknown)) {
  test(`${name} refuses the name of a missing user`, async () => {
    await assert.rejects(send(), {
      name: 'NotFoundException',
      ErrorAttribute: 'username',
      message: "Can't find requested user [nobody]. Make sure your user exists.",
    });
  });
}

test('a broker has at most 250 users, and pages list each once', async () => {
  const BrokerId = await createBroker(plane, activeMq);
  // Set directly, because each password hash takes long by design.
  const users = Array.from({ length: 249 }, (_, i) => {
    return { username: `user-${i}`, passwordHash: 'hash', groups: [], consoleAccess: false };
  });
  await plane.store.commit([plane.control.brokers.entry({ updated: BrokerId, set: { users } })]);
  await create(BrokerId, 'the-last');
  await assert.rejects(create(BrokerId, 'too-many'), {
    name: 'BadRequestException',
    message: `Broker [${BrokerId}] has 250 users, which is the most allowed.`,
  });
  const found: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await plane.mq.send(
      new ListUsersCommand({ BrokerId, MaxResults: 100, ...(NextToken && { NextToken }) }),
    );
    found.push(...(page.Users ?? []).map(({ Username }) => Username));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  assert.equal(new Set(found).size, 250);
  assert.equal(found.length, 250);
});

test('users of a broker in deletion cannot be changed', async () => {
  const BrokerId = await createBroker(plane, activeMq);
  const release = plane.engine.hold('remove');
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId }));
  await assert.rejects(create(BrokerId, 'late'), {
    name: 'BadRequestException',
    ErrorAttribute: 'brokerState',
  });
  release();
  await plane.settled();
});

test('the trail names the changed user, and no password is written anywhere', async () => {
  const secret = 'canary-9-password';
  await create(shared, 'traced', { Password: secret });
  await update(shared, 'traced', { Password: `${secret}2` });
  await describe(shared, 'traced');
  const [created] = (await eventsNamed(plane, 'CreateUser')).slice(-1);
  assert.deepEqual(created?.requestParameters, {
    brokerId: shared,
    username: 'traced',
    password: '***',
  });
  assert.match(created?.resources?.[0]?.ARN ?? '', new RegExp(`${shared}$`));
  const [changed] = (await eventsNamed(plane, 'UpdateUser')).slice(-1);
  assert.deepEqual(changed?.requestParameters, created?.requestParameters);
  const [read] = (await eventsNamed(plane, 'DescribeUser')).slice(-1);
  assert.equal(read?.responseElements, null);
  assert.equal(plane.written.includes('canary-9'), false);
  await remove(shared, 'traced');
});
