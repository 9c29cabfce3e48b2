import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer } from 'node:tls';
import type { DrillResult } from '../../src/cli/drill/drill.ts';
import { authoritiesOf } from '../../src/cli/drill/drills/impostor.ts';
import { headOf } from '../../src/cli/drill/drills/older-folder.ts';
import { promotedReplica } from '../../src/cli/drill/drills/promoted-replica.ts';
import { frequentDelivery } from '../../src/cli/drill/drills/removed-digest.ts';
import { drills } from '../../src/cli/drill/drills.ts';
import type { Break, Lab } from '../../src/cli/drill/lab.ts';
import { perform } from '../../src/cli/drill/perform.ts';
import { Place } from '../../src/cli/drill/service/place.ts';
import type { PreparedBroker } from '../../src/cli/drill/service/prepared.ts';
import { ServiceProcess } from '../../src/cli/drill/service/service-process.ts';
import { keysFolder } from '../../src/server/system-volume.ts';
import { planeCertificates } from '../support/certificates.ts';
import { isLong } from '../support/proof.ts';

// Each drill passes, and fails if the promise that it checks is broken on purpose. The drills share
// services here, because each start takes a second; the command starts new ones for each drill.

let root = '';
let own: ServiceProcess;
let other: ServiceProcess;
/** A service that keeps few promises. */
let careless: ServiceProcess;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'waxwing-drills-'));
  const args = [...frequentDelivery, '--log-level', 'info'];
  own = await ServiceProcess.start(await Place.create(root), { args, env: withoutActiveMq() });
  other = await ServiceProcess.start(await Place.create(root));
});
after(async () => {
  for (const service of [own, other, careless]) await service?.stop();
  await rm(root, { recursive: true, force: true, maxRetries: 20 });
});

/** The drill of pairs has a test of its own. */
const withoutActiveMq = () => ({ WAXWING_ACTIVEMQ_HOME: join(root, 'nothing') });
const noPairs = /^pairs: WAXWING_ACTIVEMQ_HOME names .*nothing, which is not the absolute path/;

/** A service with a secret in its environment, and keys whose loss has no effect. */
async function startCareless(): Promise<ServiceProcess> {
  const place = await Place.create(root);
  const first = await ServiceProcess.start(place);
  const LEAK = first.environment.AWS_SECRET_ACCESS_KEY ?? '';
  await first.stop();
  const args = ['--key-effect-delay', '3600'];
  return ServiceProcess.start(place, { args, env: { LEAK } });
}

/** The port of a server with every version and suite of TLS. */
async function laxPort(lab: Lab): Promise<number> {
  const [ecdsa, rsa] = (await planeCertificates()).servers;
  const server = createServer({
    key: [ecdsa?.privateKey ?? '', rsa?.privateKey ?? ''],
    cert: [ecdsa?.certificate ?? '', rsa?.certificate ?? ''],
    ciphers: 'ALL:@SECLEVEL=0',
    minVersion: 'TLSv1',
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  lab.leaves(async () => server.close());
  return (server.address() as AddressInfo).port;
}

/** How a promise is broken, and what the drill must then see. */
interface Broken {
  readonly drill: string;
  readonly how: string;
  /** Steps that are replaced. */
  readonly breaks?: Readonly<Record<string, Break>>;
  /** Whether the drill runs on the careless service. */
  readonly isCareless?: boolean;
  /** Each observation that must fail, and no other. */
  readonly failing: RegExp;
  readonly failingCount: number;
  /** Whether the drill cannot go on to its end. */
  readonly hasError?: boolean;
}

const nothing: Break = async () => {};
const everything =
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';

/** Copies a folder before a step, so that somebody has it after the step. */
const kept = () => join(root, 'kept');
const keeping =
  (folder: (subject: unknown) => string): Break =>
  async (action, lab, subject) => {
    await rm(kept(), { recursive: true, force: true });
    await cp(folder(subject), kept(), { recursive: true });
    lab.leaves(() => rm(kept(), { recursive: true }));
    return action();
  };

let leaked = '';

const broken: readonly Broken[] = [
  {
    drill: 'stolen-folder',
    how: 'the root key is stolen, too',
    breaks: {
      copy: async (action) => {
        const copy = (await action()) as Place;
        await own.place.giveKey(copy);
        return copy;
      },
    },
    failing: /a service does not start|`waxwing check` opens nothing/,
    failingCount: 2,
  },
  {
    drill: 'stolen-folder',
    how: 'a message is on the disk in base64',
    breaks: {
      prepare: async (action, lab) => {
        const broker = (await action()) as PreparedBroker;
        const file = join(own.place.data, 'leak');
        await writeFile(file, Buffer.from(` ${broker.bodies[3]}`).toString('base64'));
        lab.leaves(() => rm(file));
        return broker;
      },
    },
    failing: /no message, name of a queue/,
    failingCount: 1,
  },
  {
    drill: 'foreign-folder',
    how: 'the root key is replaced, too, and the system volume remains',
    breaks: {
      replace: async (action, _, subject) => {
        await action();
        await other.place.giveKey(subject as Place);
      },
      'without system volume': nothing,
    },
    failing: /the service does not start|`waxwing check` refuses|no new account/,
    failingCount: 3,
  },
  {
    drill: 'open-permissions',
    how: 'the modes stay private',
    breaks: { 'open the folder': nothing, 'open the key': nothing },
    failing: /the service does not start on it|the service does not use the key/,
    failingCount: 2,
  },
  {
    drill: 'open-permissions',
    how: 'a file is open to others',
    breaks: {
      look: async (action, lab) => {
        const file = join(own.place.data, 'open');
        await writeFile(file, '', { mode: 0o604 });
        lab.leaves(() => rm(file));
        return action();
      },
    },
    failing: /no file, folder or socket/,
    failingCount: 1,
  },
  {
    drill: 'second-service',
    how: 'the first service does not run',
    breaks: { wait: () => own.stop() },
    failing: /a second service does not start|`waxwing check` does not open it/,
    failingCount: 2,
    hasError: true,
  },
  {
    drill: 'process-secrets',
    how: 'a secret is in the environment of the processes',
    isCareless: true,
    failing: /arguments and environments of the service/,
    failingCount: 1,
  },
  {
    drill: 'wire-tap',
    how: 'the ports permit weaker suites',
    breaks: {
      probe: async (_, lab) => {
        const port = await laxPort(lab);
        return { 'the API': port, 'the broker': port };
      },
    },
    failing: /refuses (TLS 1.1|suites without forward secrecy)/,
    failingCount: 4,
  },
  {
    drill: 'wire-tap',
    how: 'a message is sent in clear',
    breaks: {
      prepare: async (action) => {
        const broker = (await action()) as PreparedBroker;
        leaked = broker.bodies[0] ?? '';
        return broker;
      },
      listen: async (action) => {
        const tapped = (await action()) as { name: string; bytes: Buffer }[];
        const heard = { name: 'the broker', bytes: Buffer.from(`${'.'.repeat(2000)}${leaked}`) };
        return [...tapped, heard];
      },
    },
    failing: /nothing of it is readable/,
    failingCount: 1,
  },
  {
    drill: 'impostor',
    how: 'clients trust more than they should',
    breaks: {
      trust: async () => {
        const { all } = await authoritiesOf(own);
        return { all: `${all}${await other.authorities()}`, ofApi: all };
      },
    },
    failing: /refuses another service|refuses the broker in place of the API/,
    failingCount: 2,
  },
  {
    drill: 'curious-colleague',
    how: 'the user has all rights',
    breaks: {
      hire: async (action, _, subject) => {
        const credentials = await action();
        const UserName = String(subject);
        const rights = { UserName, PolicyName: 'all', PolicyDocument: everything };
        await own.aws.iam.putUserPolicy(rights);
        return credentials;
      },
    },
    failing: / is refused$|each refusal is in the trail/,
    failingCount: 14,
  },
  {
    drill: 'stolen-credentials',
    how: 'the key stays active, the token is not changed, and the user remains',
    breaks: {
      change: async (_, __, session) => session,
      deactivate: nothing,
      delete: nothing,
    },
    failing: /a changed session token|the deactivated key|the session of the deleted user/,
    failingCount: 3,
  },
  {
    drill: 'disabled-key',
    how: 'the key remains enabled',
    breaks: { disable: nothing },
    failing: /the broker stops|its client is disconnected|its process has ended/,
    failingCount: 3,
  },
  {
    drill: 'revoked-grant',
    how: 'the loss of a key has no effect',
    isCareless: true,
    failing:
      /the broker stops|its client is disconnected|its process has ended|does not bring it back|nobody can connect/,
    failingCount: 5,
  },
  {
    drill: 'deleted-key',
    how: 'the secrets are restored from a copy of before',
    breaks: {
      delete: keeping(() => keysFolder(own.place.data)),
      take: async (action) => {
        const copy = (await action()) as Place;
        await cp(kept(), keysFolder(copy.data), { recursive: true });
        return copy;
      },
    },
    failing: /the attack does not open the deleted material/,
    failingCount: 1,
  },
  {
    drill: 'deleted-broker',
    how: 'nothing is deleted',
    breaks: { delete: nothing },
    failing: /the header with the wrapped key|its folder is gone|no grant on its key/,
    failingCount: 3,
  },
  {
    drill: 'tampered-segment',
    how: 'nothing is changed',
    breaks: { 'change broker': nothing, 'change system': nothing, 'change more': nothing },
    failing: /`waxwing check` names|the service starts, and the broker|the service does not start/,
    failingCount: 4,
  },
  {
    drill: 'older-copy',
    how: 'the files are current',
    breaks: { 'put back': nothing },
    failing: /`waxwing check` names the broker|the service starts, and the broker does not/,
    failingCount: 2,
  },
  {
    drill: 'older-folder',
    how: 'the head was replaced by one of the older folder',
    breaks: {
      keep: async (_, __, older) => headOfStopped(older as Place),
    },
    failing: /the trail has fewer events/,
    failingCount: 1,
  },
  {
    drill: 'removed-digest',
    how: 'the files stay as they are',
    breaks: {
      'removed a log file': nothing,
      'changed a log file': nothing,
      'removed a digest': nothing,
      'exchanged a digest for another one': nothing,
      'removed the newest digest': nothing,
      add: nothing,
    },
    failing: /^it is found: /,
    failingCount: 6,
  },
  {
    drill: 'restored-backup',
    how: 'the backup stays as it is, and its key remains enabled',
    breaks: { changed: nothing, 'cut off': nothing, disable: nothing },
    failing: /a backup that was (changed|cut off) is refused|without its KMS key/,
    failingCount: 3,
  },
  {
    drill: 'promoted-replica',
    how: 'a message is missing after each promotion',
    breaks: { take: async (action) => ((await action()) as string[]).slice(1) },
    failing: /^single instances: every (confirmed message|message from before the lag) is there$/,
    failingCount: 2,
  },
];

/** The head of the trail of a service that does not run. */
async function headOfStopped(place: Place) {
  const service = await ServiceProcess.start(place);
  const head = await headOf(place);
  await service.stop();
  return head;
}

test('every drill is broken in a test', () => {
  const names = new Set(broken.map((each) => each.drill));
  assert.deepEqual(
    drills.map(({ name }) => name).filter((name) => !names.has(name)),
    [],
  );
});

/**
 * The drills that short runs perform unbroken. Of the others, they see only that everything is as
 * promised that was not broken.
 */
const quick = ['impostor', 'stolen-credentials', 'deleted-broker'];

for (const drill of drills.filter(({ name }) => isLong || quick.includes(name))) {
  test(`the drill ${drill.name} passes`, async () => {
    const result = await perform(drill, { services: { own, other } });
    const { error, observations, hasPassed, notTried = [] } = result;
    assert.deepEqual(
      observations.filter(({ isAsPromised }) => !isAsPromised),
      [],
    );
    assert.equal(error, undefined);
    assert.equal(hasPassed, true);
    if (drill === promotedReplica) assert.match(notTried.join(), noPairs);
    else assert.deepEqual(notTried, []);
  });
}

test('the drill promoted-replica says why pairs are not tried', async () => {
  const prepare: Break = async (action, _, name) => (name === 'pairs' ? action() : 'not here');
  const services = { own, other };
  const {
    error,
    notTried = [],
    hasPassed,
  } = await perform(promotedReplica, {
    services,
    breaks: { prepare },
  });
  assert.equal(error, undefined);
  const [singles, pairs = ''] = notTried;
  assert.equal(singles, 'single instances: not here');
  assert.match(pairs, noPairs);
  assert.equal(hasPassed, false, 'it saw nothing');
});

/** The short suite breaks every sixth promise. A start of the careless service takes seconds. */
const performed = broken.filter(
  ({ isCareless }, i) => isLong || (i % 6 === 0 && isCareless !== true),
);

for (const each of performed) {
  const { drill: name, how, breaks, isCareless, failing, failingCount, hasError } = each;
  test(`the drill ${name} fails if ${how}`, async () => {
    const drill = drills.find((each) => each.name === name);
    assert.ok(drill);
    if (isCareless) careless ??= await startCareless();
    const services = { own: isCareless ? careless : own, other };
    const result = await perform(drill, {
      services,
      effectMs: 1500,
      ...(breaks !== undefined && { breaks }),
    });
    if (!own.isStarted) await own.start();
    failed(result, failing, failingCount);
    assert.equal(result.error !== undefined, hasError === true, result.error);
  });
}

test('the command runs drills, writes a report once, and its exit code is the result', async () => {
  const place = await Place.create(root);
  const report = join(place.root, 'report.md');
  const done = await place.run(['drill', 'open-permissions', '--report', report]);
  assert.equal(done.code, 0, done.stdout + done.stderr);
  assert.match(done.stdout, /^passed {2}open-permissions .*✓.*1 of 1 drills passed\n$/s);
  const lines = (await readFile(report, 'utf8')).split('\n');
  const [last = ''] = lines.splice(-2, 1);
  const hash = createHash('sha256').update(lines.join('\n')).digest('hex');
  assert.equal(last, `SHA-256 of the lines above: ${hash}`);
  assert.match(lines.join('\n'), /## open-permissions: passed\n/);
  const again = await place.run(['drill', 'open-permissions', '--report', report]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /report\.md exists already/);
});

test('the command says which drills were tried in part', { skip: !isLong }, async () => {
  const place = await Place.create(root);
  const { code, stdout, stderr } = await place.run(
    ['drill', 'promoted-replica'],
    withoutActiveMq(),
  );
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^ {2}– not tried: pairs: WAXWING_ACTIVEMQ_HOME names /m);
  assert.match(stdout, /^1 of 1 drills passed; tried in part: promoted-replica$/m);
});

test('the command lists drills, and refuses unknown ones and unknown formats', async () => {
  const place = await Place.create(root);
  const listed = await place.run(['drill']);
  assert.equal(listed.code, 0);
  for (const { name } of drills) assert.match(listed.stdout, new RegExp(`^${name} `, 'm'));
  const unknown = await place.run(['drill', 'wire-tap', 'flood']);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /there is no drill 'flood'; there are stolen-folder, /);
  const format = await place.run(['drill', '--all', '--report', 'report.txt']);
  assert.equal(format.code, 1);
  assert.match(format.stderr, /must end with \.json or \.md/);
});

/** Exactly what was broken was found, and everything else is as promised. */
function failed(result: DrillResult, failing: RegExp, count: number): void {
  const found = result.observations.filter(({ isAsPromised }) => !isAsPromised);
  assert.deepEqual(
    found.filter(({ what }) => !failing.test(what)),
    [],
  );
  assert.equal(found.length, count, JSON.stringify(found, null, 1));
  assert.equal(result.hasPassed, false);
}
