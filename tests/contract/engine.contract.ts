// The contract of engines.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { WaxwingError } from '../../src/base/errors.ts';
import type { PortRecord } from '../../src/control/broker-record.ts';
import type {
  BrokerSpec,
  Engine,
  EngineEvents,
  NewVolumeKey,
  RunningBroker,
} from '../../src/control/engine.ts';
import { Engines } from '../../src/control/engines.ts';
import type { BrokerKind } from '../../src/control/offers/offer.ts';
import { offerOf } from '../../src/control/offers/offers.ts';
import { volumeIdPrefix } from '../../src/control/offers/storage-types.ts';
import { until } from '../support/processes.ts';

/** An engine under test, and what a test can do to it from outside. */
export interface EngineSubject {
  readonly engine: Engine;
  /** Whether a client can connect to a port of a broker. */
  isReachable(brokerId: string, port: number): Promise<boolean>;
  /** Ends a broker's processes as a crash does. */
  crash(brokerId: string): Promise<void>;
  /** Logs in with a wrong password; undefined if the engine has no log-in. */
  readonly failLogin?: (ports: readonly PortRecord[], password: string) => Promise<void>;
  /** Occupies a port like another program; undefined if the engine opens no ports. */
  readonly occupy?: (port: number) => Promise<() => Promise<void>>;
  /** Whether running brokers measure something. */
  readonly hasMetrics: boolean;
  close(): Promise<void>;
}

/** The reports of an engine, one line each. */
class Reports implements EngineEvents {
  /** Without the general log of a broker, which tells of its connections and its start. */
  readonly lines: string[] = [];
  /** With the general log. */
  readonly all: string[] = [];

  crashed(brokerId: string): void {
    this.lines.push(`${brokerId} crashed`);
  }

  failed(brokerId: string, code: string): void {
    this.lines.push(`${brokerId} failed ${code}`);
  }

  async upgrading(brokerId: string, number: number, version: string): Promise<void> {
    this.lines.push(`${brokerId} upgrades ${number} to ${version}`);
  }

  needsKeys(brokerId: string): void {
    this.lines.push(`${brokerId} needs keys`);
  }

  log(brokerId: string, level: string, text: string): void {
    const line = `${brokerId} ${level} ${text}`;
    this.all.push(line);
    if (!/ \| (INFO|WARN) +\| /.test(text)) this.lines.push(line);
  }

  loginFailed(brokerId: string, failure: object | undefined, count: number): void {
    this.lines.push(`${brokerId} login ${JSON.stringify(failure)} ${count}`);
  }

  accessed(): void {
    // Reports of ordinary log-ins.
  }

  resealed(brokerId: string): void {
    this.lines.push(`${brokerId} resealed`);
  }

  answering(brokerId: string, isAnswering: boolean): void {
    this.lines.push(`${brokerId} ${isAnswering ? 'answers' : 'does not answer'}`);
  }

  alarmed(): void {
    // The disk of the machine decides.
  }
}

/** A broker as control has it: its record's spec, and its keys. */
class TestBroker {
  spec: BrokerSpec;
  readonly #keys: readonly { readonly volumeId: string; readonly bytes: Buffer }[];
  readonly #engine: Engine;

  constructor(engine: Engine, kind: BrokerKind, number: number) {
    const { engineType, deploymentMode, engineVersions, ...offer } = offerOf(kind);
    const [hostInstance] = offer.instanceTypes;
    const [storageType = 'EBS'] = offer.storageTypes;
    const count = offer.isVolumeShared ? 1 : offer.instanceCount;
    const volumes = Array.from({ length: count }, (_, i) => {
      const digits = `${number}${i}`.padStart(17, '0');
      return { id: `${volumeIdPrefix(storageType)}${digits}`, epoch: 0, epochMin: 0 };
    });
    this.#engine = engine;
    this.#keys = volumes.map(({ id }) => ({ volumeId: id, bytes: randomBytes(32) }));
    this.spec = {
      id: `b-${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`,
      name: `contract-${number}`,
      engineType,
      deploymentMode,
      engineVersion: engineVersions[0] ?? '',
      hostInstanceType: hostInstance?.name ?? '',
      authenticationStrategy: 'SIMPLE',
      ldap: null,
      configuration: null,
      logs: { general: false, audit: false },
      listeners: new Engines([engine]).listenersOf(kind),
      volumes,
      instances: Array.from({ length: offer.instanceCount }, (_, i) => ({
        number: i + 1,
        volumeId: volumes[i % count]?.id ?? '',
      })),
      ports: [],
      portsOfOthers: [],
      users: [{ username: 'admin', passwordHash: 'none' }],
    };
  }

  get id(): string {
    return this.spec.id;
  }

  /** The keys, as buffers that may be overwritten. */
  keys(): NewVolumeKey[] {
    return this.#keys.map(({ volumeId, bytes }) => ({
      volumeId,
      dataKey: Buffer.from(bytes),
      wrappedKey: Buffer.from(`wrapped for ${volumeId}`),
    }));
  }

  /** Makes its volumes, as new ones. */
  create(): Promise<void> {
    const volumes = this.spec.volumes.map((volume) => ({ ...volume, epochMin: 0 }));
    this.spec = { ...this.spec, volumes };
    return this.#engine.create(this.spec, this.keys());
  }

  /** Starts it as control does: under a new mount number, and with the ports that it had. */
  async start(keys = this.keys()): Promise<RunningBroker> {
    const volumes = this.spec.volumes.map((volume) => ({ ...volume, epoch: volume.epoch + 1 }));
    this.spec = { ...this.spec, volumes };
    const running = await this.#engine.start(this.spec, keys);
    this.spec = {
      ...this.spec,
      volumes: volumes.map((volume) => ({ ...volume, epochMin: volume.epoch })),
      ports: running.ports,
    };
    return running;
  }
}

/**
 * What every engine promises: registers the tests of one engine and one kind of broker.
 *
 * @param name begins the titles of the tests
 * @param isBrief leaves out what does not depend on the kind, for an engine that is tested with
 *   another kind, too
 */
export function testEngine(
  name: string,
  kind: BrokerKind,
  make: () => Promise<EngineSubject>,
  isBrief = false,
): void {
  let number = 0;

  type Run = (broker: TestBroker, subject: EngineSubject, reports: Reports) => Promise<void>;

  /** Registers a test that depends on the kind of the broker: on its listeners, or its programs. */
  const onKind = (title: string, run: Run) => onNewBroker(title, run);

  /** Registers a test that does not depend on the kind of the broker. */
  const onBroker = (title: string, run: Run) => {
    if (!isBrief) onNewBroker(title, run);
  };

  /** Runs a test on an engine of its own and one broker, which is made and started. */
  function onNewBroker(title: string, run: Run): void {
    test(`${name}: ${title}`, async () => {
      const subject = await make();
      const reports = new Reports();
      subject.engine.observe(reports);
      number += 1;
      const broker = new TestBroker(subject.engine, kind, number);
      try {
        await broker.create();
        await broker.start();
        await run(broker, subject, reports);
      } finally {
        await subject.engine.remove(broker.id);
        await subject.close();
      }
    });
  }

  const portNumbers = ({ spec }: TestBroker) => spec.ports.map(({ port }) => port);
  const reachable = ({ id }: TestBroker, { isReachable }: EngineSubject, ports: number[]) =>
    Promise.all(ports.map((port) => isReachable(id, port)));

  onKind('a started broker accepts connections on the ports of its listeners', async (...of) => {
    const [broker, subject, reports] = of;
    const wanted = broker.spec.listeners
      .filter(({ isOptional }) => isOptional !== true)
      .map(({ name: listener, endpoint }) => `${listener} ${endpoint}`);
    assert.ok(wanted.length > 0);
    const found = broker.spec.ports.map(({ listener, endpoint }) => `${listener} ${endpoint}`);
    assert.deepEqual(found.sort(), wanted.sort());
    const open = await reachable(broker, subject, portNumbers(broker));
    assert.deepEqual(new Set(open), new Set([true]));
    assert.deepEqual(reports.lines, []);
  });

  onBroker('a start of a broker that runs gives the same answer', async (broker, subject) => {
    const { ports } = broker.spec;
    const again = await subject.engine.start(broker.spec, broker.keys());
    assert.deepEqual(again.ports, ports);
  });

  onBroker('data keys are overwritten once they are handed over', async (broker, { engine }) => {
    await engine.stop(broker.id, 'to start again');
    for (let round = 0; round < 2; round++) {
      const keys = broker.keys();
      await broker.start(keys);
      for (const { dataKey } of keys) assert.deepEqual(dataKey, Buffer.alloc(32));
    }
  });

  onKind('a stopped broker is not reachable, and nothing is reported', async (...of) => {
    const [broker, subject, reports] = of;
    await subject.engine.stop(broker.id, 'the reason');
    await subject.engine.stop(broker.id, 'again');
    const open = await reachable(broker, subject, portNumbers(broker));
    assert.deepEqual(new Set(open), new Set([false]));
    assert.deepEqual(reports.lines, []);
  });

  onBroker('a broker returns to its ports after a stop', async (broker, subject) => {
    const { ports } = broker.spec;
    await subject.engine.stop(broker.id, 'to start again');
    assert.deepEqual((await broker.start()).ports, ports);
  });

  onBroker('wrapped keys are kept beside the volumes', async (broker, { engine }) => {
    for (const { volumeId, wrappedKey } of broker.keys()) {
      const found = await engine.wrappedKeys(broker.id, volumeId);
      assert.deepEqual(found, [{ generation: 0, wrappedKey }]);
    }
    await assert.rejects(engine.wrappedKeys('b-none', 'vol-none'), WaxwingError);
  });

  onBroker('data keys are wrapped again while the broker runs', async (broker, { engine }) => {
    for (const { volumeId } of broker.keys()) {
      const anew = [{ generation: 0, wrappedKey: Buffer.from('wrapped anew') }];
      assert.equal(await engine.volumes.rewrap(broker.id, volumeId, anew), true);
      assert.deepEqual(await engine.wrappedKeys(broker.id, volumeId), anew);
      const other = [{ generation: 1, wrappedKey: Buffer.from('of no key') }];
      await assert.rejects(engine.volumes.rewrap(broker.id, volumeId, other), {
        code: 'key-invalid',
      });
    }
    await engine.stop(broker.id, 'to start again');
    await broker.start();
  });

  onBroker('a data key is added, and the older one is dropped once it is unused', async (...of) => {
    const [broker, { engine }, reports] = of;
    const keys = broker.keys().map((key) => ({
      ...key,
      dataKey: randomBytes(32),
      wrappedKey: Buffer.from('the second key'),
    }));
    const copies = keys.map((key) => ({ ...key, dataKey: Buffer.from(key.dataKey) }));
    for (const key of copies) assert.equal(await engine.volumes.addDataKey(broker.id, key), 1);
    await until('everything is sealed again', () =>
      reports.lines.includes(`${broker.id} resealed`),
    );
    for (const { volumeId, wrappedKey } of keys) {
      const found = await engine.wrappedKeys(broker.id, volumeId);
      assert.deepEqual(found, [{ generation: 1, wrappedKey }]);
      const state = await engine.volumes.state(broker.id, volumeId);
      assert.equal(state?.generation, 1);
      assert.deepEqual(state?.olderGenerations, []);
      assert.equal(state?.olderBytes, 0);
    }
    await engine.stop(broker.id, 'to start again');
    await assert.rejects(broker.start(), WaxwingError);
    await broker.start(keys);
  });

  onBroker('calls to the volume of a stopped broker are not answered', async (broker, subject) => {
    const { volumes } = subject.engine;
    await subject.engine.stop(broker.id, 'the reason');
    for (const key of broker.keys()) {
      assert.equal(await volumes.state(broker.id, key.volumeId), undefined);
      assert.equal(await volumes.rewrap(broker.id, key.volumeId, []), undefined);
      assert.equal(await volumes.addDataKey(broker.id, key), undefined);
    }
  });

  onBroker('a broker does not start with another key', async (broker, subject, reports) => {
    await subject.engine.stop(broker.id, 'to start again');
    const keys = broker.keys().map((key) => ({ ...key, dataKey: randomBytes(32) }));
    await assert.rejects(broker.start(keys), WaxwingError);
    const open = await reachable(broker, subject, portNumbers(broker));
    assert.deepEqual(new Set(open), new Set([false]));
    assert.deepEqual(reports.lines, [], 'who asked was told by the rejection');
    await broker.start();
  });

  onBroker('a mount number is not used twice', async (broker, { engine }) => {
    await engine.stop(broker.id, 'to start again');
    await assert.rejects(engine.start(broker.spec, broker.keys()), WaxwingError);
  });

  onKind('a crash is reported once, and the broker can be started again', async (...of) => {
    const [broker, subject, reports] = of;
    await subject.crash(broker.id);
    await until('the crash is reported', () => reports.lines.length > 0);
    assert.deepEqual(reports.lines, [`${broker.id} crashed`]);
    await broker.start();
    const open = await reachable(broker, subject, portNumbers(broker));
    assert.deepEqual(new Set(open), new Set([true]));
    await subject.engine.stop(broker.id, 'over');
    assert.equal(reports.lines.length, 1);
  });

  onBroker('a second creation begins again', async (broker, { engine }) => {
    await engine.stop(broker.id, 'to begin again');
    await broker.create();
    await broker.start();
  });

  onKind('a removed broker leaves nothing', async (broker, subject) => {
    const [volume] = broker.spec.volumes;
    await subject.engine.remove(broker.id);
    await subject.engine.remove(broker.id);
    await assert.rejects(subject.engine.wrappedKeys(broker.id, volume?.id ?? ''), WaxwingError);
    const open = await reachable(broker, subject, portNumbers(broker));
    assert.deepEqual(new Set(open), new Set([false]));
  });

  onBroker('a running broker renews its certificates', async (broker, subject) => {
    await subject.engine.renewCertificates();
    const open = await reachable(broker, subject, portNumbers(broker));
    assert.deepEqual(new Set(open), new Set([true]));
  });

  onKind('metrics are of running brokers, by their names', async (broker, subject) => {
    const names = async () => {
      const metrics = (await subject.engine.metrics()).flat();
      const labels = metrics.flatMap(({ values }) => values.map((value) => value.labels));
      return [...new Set(labels.map((label) => String(label['broker'])))];
    };
    if (subject.hasMetrics) {
      // A broker begins to measure itself some time after its start.
      await until('there are metrics', async () => (await names()).length > 0);
      assert.deepEqual(await names(), [broker.spec.name]);
    }
    await subject.engine.stop(broker.id, 'over');
    assert.deepEqual(await names(), []);
  });

  onKind('a failed log-in is reported without the password', async (...of) => {
    const [broker, { failLogin }, reports] = of;
    if (failLogin === undefined) return;
    await failLogin(broker.spec.ports, 'secret-canary');
    await until('the log-in is reported', () => reports.lines.length > 0);
    assert.match(reports.lines.join(), new RegExp(`^${broker.id} login .*127\\.0\\.0\\.1.* 1$`));
    assert.doesNotMatch([...reports.lines, ...reports.all].join(), /canary/);
  });

  onKind('another port is taken where one is in use, until it is free', async (...of) => {
    const [broker, { engine, occupy }, reports] = of;
    if (occupy === undefined) return;
    const [before] = broker.spec.ports;
    await engine.stop(broker.id, 'to start again');
    const release = await occupy(before?.port ?? 0);
    const [other] = (await broker.start()).ports;
    assert.notEqual(other?.port, before?.port);
    assert.equal(other?.wantedPort, before?.port);
    assert.match(reports.lines.join(), new RegExp(`warn port ${before?.port} .* in use`));
    await engine.stop(broker.id, 'to start again');
    await release();
    assert.deepEqual((await broker.start()).ports[0], before);
  });
}
