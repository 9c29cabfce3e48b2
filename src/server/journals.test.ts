import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { BareBroker, owner } from '../../tests/support/bare-broker.ts';
import { SeededRandom } from '../../tests/support/seeded-random.ts';
import { type ArchiveChange, ArchiveJournal } from '../audit/archive/archive-journal.ts';
import { Trail } from '../audit/trail.ts';
import type { SigningKeyRecord } from '../audit/trails/signing-keys.ts';
import type { TrailRecord } from '../audit/trails/trail-record.ts';
import { Trails, type TrailsChange } from '../audit/trails/trails.ts';
import type { Change } from '../broker/definitions.ts';
import { everything } from '../broker/users.ts';
import type { BrokerChange } from '../control/broker-record.ts';
import { Brokers } from '../control/brokers.ts';
import type { ConfigurationChange } from '../control/configurations/configuration-record.ts';
import { Configurations } from '../control/configurations/configurations.ts';
import { Hosts } from '../hosts/hosts.ts';
import type { HostsChange } from '../hosts/records.ts';
import { IamJournal } from '../identity/accounts/iam-journal.ts';
import type { IamChange } from '../identity/accounts/records.ts';
import { Identity, type IdentityChange } from '../identity/identity.ts';
import { SignInJournal } from '../identity/sso/sign-in-journal.ts';
import type { SsoChange } from '../identity/sso/sign-in-record.ts';
import { KmsJournal } from '../kms/kms-journal.ts';
import type { KmsChange } from '../kms/records.ts';
import type { Journal } from '../storage/journal.ts';

// A state is written while it changes: what was written, and then the changes since, give it back.

const seedMax = 60;

/** What a journal holds, in no order. */
function stateOf(journal: Journal<never>): string[] {
  return [...journal.snapshot()].map((change) => JSON.stringify(change)).sort();
}

/**
 * Takes a snapshot step by step while changes are made, and requires a journal that gets it, and then
 * the changes since an earlier moment, to hold the same.
 */
function requireSame<C extends object>(
  random: SeededRandom,
  make: () => Journal<C>,
  changes: readonly C[],
): void {
  const journal = make();
  const count = random.below(changes.length);
  const began = random.below(count + 1);
  for (const change of changes.slice(0, count)) journal.apply(change);
  const written: C[] = [];
  const steps = journal.snapshot()[Symbol.iterator]();
  let next = count;
  for (let step = steps.next(); step.done !== true; step = steps.next()) {
    written.push(structuredClone(step.value));
    for (let left = random.below(3); left > 0 && next < changes.length; left--) {
      journal.apply(changes[next++] as C);
    }
  }
  const other = make();
  for (const change of [...written, ...changes.slice(began, next)]) {
    other.apply(structuredClone(change));
  }
  const [expected, found] = [journal, other].map((each) => stateOf(each as Journal<never>));
  assert.deepEqual(found, expected);
}

function eachSeed(run: (random: SeededRandom) => void | Promise<void>): () => Promise<void> {
  return async () => {
    for (let seed = 1; seed <= seedMax; seed++) await run(new SeededRandom(seed));
  };
}

/** Puts and deletes of a few keys, with aliases that move and grants that come and go. */
function kmsChanges(random: SeededRandom): KmsChange[] {
  const keyIds = ['k1', 'k2', 'k3', 'k4'];
  const there = new Set<string>();
  const changes: KmsChange[] = [];
  for (let i = 0; i < 60; i++) {
    const keyId = random.pick(keyIds);
    const what = random.below(10);
    const accountId = '1';
    if (!there.has(keyId) || what < 2) {
      // Only what the journal looks at.
      const key = { id: keyId, accountId, owner: 'customer', materials: [], description: `${i}` };
      changes.push({ put: 'key', key } as unknown as KmsChange);
      there.add(keyId);
    } else if (what < 3) {
      changes.push({ delete: 'key', keyId });
      there.delete(keyId);
    } else if (what < 6) {
      const alias = { name: `alias/${random.below(3)}`, accountId, keyId, updatedMs: i };
      changes.push({ put: 'alias', alias } as unknown as KmsChange);
    } else if (what < 7) {
      changes.push({ delete: 'alias', accountId, name: `alias/${random.below(3)}` });
    } else {
      const grant = { id: `g${i}`, keyId, grantee: `u${i % 3}` };
      changes.push({ put: 'grant', grant } as unknown as KmsChange);
      if (random.oneIn(2)) changes.push({ delete: 'grant', keyId, grantId: `g${i}` });
    }
  }
  return changes;
}

test(
  'keys, aliases and grants are restored from a snapshot taken during changes',
  eachSeed((random) => requireSame(random, () => new KmsJournal(), kmsChanges(random))),
);

test('key and alias counts match the stored keys and aliases', () => {
  for (let seed = 1; seed <= seedMax; seed++) {
    const journal = new KmsJournal();
    for (const change of kmsChanges(new SeededRandom(seed))) {
      journal.apply(change);
      assert.equal(journal.customerKeyCount('1'), [...journal.keys()].length);
      for (const { id } of journal.keys()) {
        const aliases = [...journal.aliases()].filter(({ keyId }) => keyId === id);
        assert.equal(journal.aliasCountOf(id), aliases.length);
      }
      for (const grant of journal.grants()) {
        assert.equal(journal.grantById(grant.id), grant);
        assert.ok([...journal.grantsTo(grant.keyId, [grant.grantee])].includes(grant));
      }
      for (const keyId of ['k1', 'k2', 'k3', 'k4']) {
        const grants = [...journal.grantsTo(keyId, ['u0', 'u1', 'u2'])];
        assert.deepEqual(new Set(grants), new Set(journal.grantsOf(keyId)));
      }
    }
  }
});

/** What a change can be, of the object with an id; only what the journal looks at. */
const iamChangeMakers: readonly ((random: SeededRandom, id: string, i: number) => object)[] = [
  (random, id, i) => {
    const groups = [`g${random.below(3)}`];
    const record = { ...iamEntity(random, `u${id}`, i), groups, tags: [], boundary: 'arn0' };
    return { put: 'user', record };
  },
  (_, id) => ({ delete: 'user', id: `u${id}` }),
  (random, id, i) => ({ put: 'group', record: iamEntity(random, `g${id}`, i) }),
  (_, id) => ({ delete: 'group', id: `g${id}` }),
  (random, id, i) => ({ put: 'role', record: { ...iamEntity(random, `r${id}`, i), tags: [] } }),
  (_, id) => ({ delete: 'role', id: `r${id}` }),
  (random, id, i) => ({ put: 'policy', record: iamEntity(random, `p${id}`, i) }),
  (_, id) => ({ delete: 'policy', id: `p${id}` }),
  (random, id, i) => {
    const record = { number: random.below(3), document: `${i}` };
    return { put: 'version', id: `p${id}`, record };
  },
  (_, id) => ({ delete: 'version', id: `p${id}`, number: 1 }),
  (random, id, i) => {
    const record = { name: random.pick(['a', '__proto__']), document: `${i}` };
    return { put: 'inline', id: `u${id}`, record };
  },
  (_, id) => ({ delete: 'inline', id: `u${id}`, name: 'a' }),
  (_, id, i) => {
    const record = { accessKeyId: `k${id}`, userId: `u${id}`, createdMs: i };
    return { put: 'key', record };
  },
  // Of an access key of the root user. A key's id is never used again.
  (_, id, i) => ({ put: 'key-use', id: `root${id}`, record: { atMs: i } }),
  (_, id) => ({ delete: 'key', id: `root${id}` }),
  (_, id) => ({ delete: 'key', id: `k${id}` }),
  (_, id, i) => ({ put: 'role-use', id: `r${id}`, record: { atMs: i } }),
  (_, id, i) => ({ put: 'oidc-provider', record: { name: `o${id}`, createdMs: i } }),
  (_, id) => ({ delete: 'oidc-provider', id: `o${id}` }),
  (_, id, i) => ({ put: 'password', record: { userId: `u${id}`, hash: `${i}` } }),
  (_, id) => ({ delete: 'password', id: `u${id}` }),
  (random, id, i) => {
    const owner = random.oneIn(2) ? {} : { ownerId: `u${id}` };
    return { put: 'device', record: { name: `D${id}`, ...owner, lastStep: i } };
  },
  (_, id) => ({ delete: 'device', id: `D${id}` }),
  (_, _id, i) => ({ put: 'account', record: { alias: `${i}` } }),
];

function iamEntity(random: SeededRandom, id: string, createdMs: number) {
  const attached = [`arn${random.below(2)}`];
  return { id, name: `n${random.below(4)}`, path: '/', createdMs, attached };
}

/** Puts and deletes of a few users, groups, roles, policies and what belongs to them. */
function iamChanges(random: SeededRandom): IamChange[] {
  return Array.from({ length: 120 }, (_, i) => {
    const make = random.pick(iamChangeMakers);
    return make(random, `${random.below(3)}`, i) as IamChange;
  });
}

const idsOf = (records: Iterable<{ readonly id: string }>) =>
  [...records].map(({ id }) => id).sort();

function requireIndexes(journal: IamJournal): void {
  const { users, groups, roles } = journal;
  const all = [users, groups, roles].flatMap((records) => [...records.values()]);
  for (const arn of ['arn0', 'arn1']) {
    const holders = all.filter(({ attached }) => attached.includes(arn));
    assert.deepEqual([...journal.attachedTo(arn)].sort(), idsOf(holders));
  }
  for (const groupId of ['g0', 'g1', 'g2']) {
    const members = [...users.values()].filter((user) => user.groups.includes(groupId));
    assert.deepEqual([...journal.membersOf(groupId)].sort(), idsOf(members));
  }
  for (const device of journal.devices()) {
    const { ownerId } = device;
    assert.ok(ownerId === undefined || journal.devicesOf(ownerId).includes(device));
  }
}

test(
  'users, groups, roles and policies are restored from a snapshot taken during changes',
  eachSeed((random) => requireSame(random, () => new IamJournal(), iamChanges(random))),
);

test('references to users, policies and groups match the stored records', () => {
  for (let seed = 1; seed <= seedMax; seed++) {
    const journal = new IamJournal();
    for (const change of iamChanges(new SeededRandom(seed))) {
      journal.apply(change);
      requireIndexes(journal);
    }
  }
});

test(
  'the account and root access keys are restored from a snapshot taken during changes',
  eachSeed((random) => {
    const changes: IdentityChange[] = [];
    for (let i = 0; i < 30; i++) {
      const accessKeyId = `k${random.below(3)}`;
      const what = random.below(3);
      if (what === 0) {
        const created = { accessKeyId, sealedSecret: `${i}`, createdMs: i };
        changes.push({ type: 'root-access-key-created', ...created });
      } else if (what === 1) {
        changes.push({ type: 'root-access-key-status', accessKeyId, isActive: random.oneIn(2) });
      } else changes.push({ type: 'root-access-key-deleted', accessKeyId });
    }
    requireSame(random, () => new Identity(createSecretKey(Buffer.alloc(32))), changes);
  }),
);

test(
  'sign-ins are restored from a snapshot taken during changes',
  eachSeed((random) => {
    const changes: SsoChange[] = [];
    for (let i = 0; i < 40; i++) {
      const id = `s${i < 4 ? i : random.below(8)}`;
      const person = { type: 'user', userId: `u${random.below(2)}` } as const;
      // The id of a sign-in is never used again.
      const isNew = !changes.some((change) => 'put' in change && change.record.id === id);
      if (isNew) {
        changes.push({ put: 'sign-in', record: { id, person, createdMs: i, expiresMs: i + 1 } });
      } else changes.push({ delete: 'sign-in', id });
    }
    requireSame(random, () => new SignInJournal(), changes);
  }),
);

test(
  'hosts, tokens and places of nodes are restored from a snapshot taken during changes',
  eachSeed((random) => {
    const changes: HostsChange[] = [];
    for (let i = 0; i < 60; i++) {
      const id = `${random.below(4)}`;
      const what = random.below(7);
      const host = {
        id,
        name: `${i}`,
        zone: 'a',
        address: '10.0.0.1',
        keyDigests: [],
        joinedMs: i,
      };
      const placement = { brokerId: 'b', volumeId: id, hostId: `${i}`, isNew: random.oneIn(2) };
      const authority = { certificate: `${i}`, sealedKey: '' };
      if (what === 0) changes.push({ put: 'host', host });
      else if (what === 1) changes.push({ delete: 'host', hostId: id });
      else if (what === 2) changes.push({ put: 'token', token: { digest: id, expiresMs: i } });
      else if (what === 3) changes.push({ delete: 'token', digest: id });
      else if (what === 4) changes.push({ put: 'placement', placement });
      else if (what === 5) changes.push({ delete: 'placement', volumeId: id });
      else changes.push({ put: 'authority', authority });
    }
    requireSame(random, () => new Hosts(), changes);
  }),
);

test(
  'brokers are restored from a snapshot taken during changes',
  eachSeed((random) => {
    const changes: BrokerChange[] = [];
    for (let i = 0; i < 40; i++) {
      const id = `b${random.below(4)}`;
      const what = random.below(4);
      if (what === 0) changes.push({ created: { id, name: `${i}` } } as unknown as BrokerChange);
      else if (what === 1) changes.push({ removed: id });
      else changes.push({ updated: id, set: { name: `${i}` } });
    }
    requireSame(random, () => new Brokers(), changes);
  }),
);

test(
  'configurations and revisions are restored from a snapshot taken during changes',
  eachSeed((random) => {
    const changes: ConfigurationChange[] = [];
    const revisions = new Map<string, number>();
    for (let i = 0; i < 60; i++) {
      const id = `c${random.below(4)}`;
      const revision = (revisions.get(id) ?? 0) + 1;
      const what = random.below(8);
      if (what === 0 || !revisions.has(id)) {
        // Only what the journal looks at.
        const created = { id, name: `${i}` };
        changes.push({ created } as unknown as ConfigurationChange);
        revisions.set(id, 0);
      } else if (what === 1) {
        changes.push({ removed: id });
        revisions.delete(id);
      } else if (what === 2) changes.push({ tagged: id, tags: { at: `${i}` } });
      else {
        const made = { revision, createdMs: i, description: '', text: `${i}` };
        changes.push({ revised: id, revision: made });
        revisions.set(id, revision);
      }
    }
    requireSame(random, () => new Configurations(), changes);
  }),
);

test(
  'the position of the trail chain is restored from a snapshot taken during changes',
  eachSeed((random) => {
    const changes = Array.from({ length: 20 }, (_, i) => ({ count: i + 1, hash: `${i}` }));
    requireSame(random, () => new Trail(), changes);
  }),
);

test(
  'trails, their signing keys and buckets are restored from a snapshot taken during changes',
  eachSeed((random) => {
    const changes: TrailsChange[] = [];
    for (let i = 0; i < 40; i++) {
      const name = `t${random.below(3)}`;
      const what = random.below(4);
      // Only what the journal looks at.
      const trail = { name, createdMs: i } as unknown as TrailRecord;
      const key = { fingerprint: `${random.below(3)}`, fromMs: i } as unknown as SigningKeyRecord;
      if (what === 0) changes.push({ put: 'trail', trail });
      else if (what === 1) changes.push({ delete: 'trail', name });
      else if (what === 2) changes.push({ put: 'key', key });
      else changes.push({ put: 'bucket', name: `b${random.below(3)}` });
    }
    requireSame(random, () => new Trails(), changes);
  }),
);

test(
  'archives of events are restored from a snapshot taken during changes',
  eachSeed((random) => {
    const changes: ArchiveChange[] = [];
    let last = 0;
    for (let i = 0; i < 30; i++) {
      if (last > 0 && random.oneIn(4)) {
        changes.push({ dropThrough: random.below(last / 10 + 1) * 10 });
        continue;
      }
      const times = { fromMs: i, toMs: i, previous: '', hash: `${i}`, fileBytes: 1 };
      changes.push({ put: { first: last + 1, last: last + 10, ...times } });
      last += 10;
    }
    requireSame(random, () => new ArchiveJournal(), changes);
  }),
);

/** Makes or deletes something in a virtual host. */
function step(broker: BareBroker['broker'], random: SeededRandom): void {
  const name = `v${random.below(2)}`;
  if (!broker.vhosts.has(name)) broker.createVhost(name);
  const vhost = broker.vhost(name);
  const [exchange, queue] = [`e${random.below(3)}`, `q${random.below(4)}`];
  const options = { durable: true, autoDelete: random.oneIn(2), arguments: {} };
  const what = random.below(12);
  if (what < 5) declare(vhost, what < 3 ? queue : undefined, exchange, options);
  else if (what < 8) bind(vhost, exchange, queue, `${random.below(2)}`, random.oneIn(3));
  else if (what === 8) vhost.deleteQueue(queue, owner, { ifUnused: false, ifEmpty: false });
  else if (what === 9) vhost.deleteExchange(exchange, { ifUnused: false });
  else if (what === 10) user(broker, random.below(8), name);
  else if (random.oneIn(3)) broker.deleteVhost(name);
}

/** What a broker writes while definitions of every kind are made and deleted. */
async function definitionsOf(random: SeededRandom): Promise<Change[]> {
  const { broker } = await BareBroker.open();
  const changes: Change[] = [];
  const { store } = broker;
  const define = store.define.bind(store);
  store.define = (change) => {
    changes.push(structuredClone(change) as Change); // only changes of definitions are given to it
    define(change);
  };
  for (let i = 0; i < 80; i++) step(broker, random);
  return changes;
}

type Vhost = ReturnType<BareBroker['broker']['vhost']>;

function declare(
  vhost: Vhost,
  queue: string | undefined,
  exchange: string,
  options: { durable: boolean; autoDelete: boolean; arguments: Record<string, never> },
): void {
  if (queue === undefined) {
    if (vhost.exchanges.has(exchange)) return;
    vhost.declareExchange(exchange, 'topic', { ...options, internal: false });
  } else if (!vhost.queues.has(queue)) {
    vhost.declareQueue(queue, { ...options, exclusive: false }, owner);
  }
}

function bind(vhost: Vhost, exchange: string, queue: string, key: string, isUndone: boolean): void {
  const [source, target] = [vhost.exchanges.get(exchange), vhost.queues.get(queue)];
  if (source === undefined || target === undefined) return;
  if (isUndone) vhost.unbind(source, target, key, {});
  else vhost.bind(source, target, key, {});
}

function user(broker: BareBroker['broker'], what: number, vhost: string): void {
  const name = `u${what % 2}`;
  if (broker.users.get(name) === undefined) broker.putUser(name, 'hash', []);
  else if (what < 2) broker.deleteUser(name);
  else if (what < 4) broker.clearPermission(name, vhost);
  else broker.setPermission(name, vhost, everything);
}

test(
  'broker definitions are restored from a snapshot taken during changes',
  eachSeed(async (random) => {
    const changes = await definitionsOf(random);
    const brokers = [(await BareBroker.open()).broker, (await BareBroker.open()).broker];
    for (const broker of brokers) broker.isRecovering = true;
    requireSame(random, () => brokers.shift() as Journal<Change>, changes);
  }),
);
