// A cluster that gets another version of RabbitMQ while clients publish and consume, for tests.

import assert from 'node:assert/strict';
import { RebootBrokerCommand, UpdateBrokerCommand } from '@aws-sdk/client-mq';
import type { EventRecord } from '../../src/audit/record.ts';
import { systemClock } from '../../src/base/clock.ts';
import { HttpsClient } from '../../src/net/http/https-client.ts';
import { AmqpClient } from './amqp-client.ts';
import { describeBroker, password } from './broker-requests.ts';
import { clusterMs, isComplete, nodePids } from './cluster-machine.ts';
import { ConfirmedPublisher } from './confirmed-publisher.ts';
import { until } from './processes.ts';
import { trailEvents } from './trail-events.ts';
import type { Waxwing } from './waxwing.ts';

/** The versions as the service knows them; see `TwoRabbitMqs`. */
export const [olderVersion, newerVersion] = ['3.9', '3.10'] as const;
/** Milliseconds within which an upgrade must be complete. */
export const upgradeMs = 3 * clusterMs;
const queue = 'ledger';

/** Where a cluster is. */
export interface UpgradedPlace {
  readonly waxwing: Waxwing;
  readonly brokerId: string;
  /** The folders of the cluster, one for each machine that may have nodes of it. */
  readonly folders: readonly string[];
}

/** A cluster that is upgraded, and its clients. */
export class UpgradedCluster {
  readonly waxwing: Waxwing;
  readonly brokerId: string;
  readonly #folders: readonly string[];

  constructor({ waxwing, brokerId, folders }: UpgradedPlace) {
    this.waxwing = waxwing;
    this.brokerId = brokerId;
    this.#folders = folders;
  }

  /** The numbers of the nodes that run. */
  get runningNodes(): number[] {
    return this.#folders.flatMap((folder) => [...nodePids(folder).keys()]).toSorted();
  }

  async complete(): Promise<void> {
    const isWhole = () => isComplete(this.waxwing, 3).catch(() => false);
    await until('the cluster is complete', isWhole, clusterMs);
  }

  /**
   * Declares the queue of the clients, while all nodes have one version: one that is declared later may have no
   * member on a node of the other version.
   */
  async declareQueue(): Promise<void> {
    const url = await this.#url();
    const connect = () => AmqpClient.connect(url, this.waxwing.ca).catch(() => undefined);
    const client = await until('a client is connected', connect, clusterMs);
    const channel = await client.model.createChannel();
    const type = { 'x-queue-type': 'quorum' };
    await channel.assertQueue(queue, { durable: true, arguments: type });
    await client.close();
    await this.hasMembersEverywhere();
  }

  /** Proves that the queue has a member on each node. */
  async hasMembersEverywhere(): Promise<void> {
    const found = await this.#asked('/queues/%2F');
    const members = found.map(({ name, members: of }) => [name, (of as string[]).length]);
    assert.deepEqual(members, [[queue, 3]]);
  }

  /** Asks for the upgrade, which begins then. */
  async ask(): Promise<void> {
    const { brokerId: BrokerId } = this;
    await this.waxwing.mq.send(new UpdateBrokerCommand({ BrokerId, EngineVersion: newerVersion }));
    await this.reboot();
  }

  /** Lets the upgrade begin, or go on. */
  async reboot(): Promise<void> {
    await this.waxwing.mq.send(new RebootBrokerCommand({ BrokerId: this.brokerId }));
  }

  /** The upgrade in the trail: which node got which version. */
  async events(): Promise<string[]> {
    const names = ['UpgradeNode', 'StopUpgrade', 'CompleteUpgrade'];
    const all = await trailEvents(this.waxwing);
    return all
      .filter(({ eventName }) => names.includes(eventName))
      .map(({ eventName, serviceEventDetails }: EventRecord) => {
        const { node = '' } = (serviceEventDetails ?? {}) as { node?: number };
        return `${eventName} ${node}`.trim();
      });
  }

  /** Resolves when so many nodes have the newer version, or begin to. */
  async areTaken(count: number): Promise<void> {
    const isTaken = async () => (await this.events().catch(() => [])).length >= count;
    await until(`${count} nodes are taken`, isTaken, upgradeMs);
  }

  /** Proves that all nodes run the newer version, with everything that it has. */
  async isUpgraded(): Promise<void> {
    const found = await describeBroker(this.waxwing, this.brokerId);
    assert.deepEqual(
      [found.EngineVersion, found.PendingEngineVersion, found.ActionsRequired],
      [newerVersion, undefined, []],
    );
    await this.complete();
    const nodes = await this.#asked('/nodes');
    const versions = nodes.map(({ applications }) =>
      (applications as { name: string; version: string }[])
        .filter(({ name }) => name === 'rabbit')
        .map(({ version }) => version),
    );
    assert.deepEqual(versions, [['3.10.8'], ['3.10.8'], ['3.10.8']]);
    const flags = await this.#asked('/feature-flags');
    assert.ok(
      flags.some(({ name }) => name === 'stream_queue'),
      'a flag of the newer version',
    );
    const isOff = ({ state, stability }: Record<string, unknown>) =>
      stability === 'stable' && state !== 'enabled';
    assert.deepEqual(flags.filter(isOff), []);
    await this.hasMembersEverywhere();
  }

  /** What the management API of the cluster answers to the user of the request. */
  async #asked(path: string): Promise<Record<string, unknown>[]> {
    const { BrokerInstances } = await describeBroker(this.waxwing, this.brokerId);
    const url = new URL(`/api${path}`, BrokerInstances?.[0]?.ConsoleURL);
    const api = new HttpsClient({ authorities: this.waxwing.ca, clock: systemClock });
    const Authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
    const headers = { Authorization };
    const { status, body } = await api.send(url, { method: 'GET', headers, body: undefined });
    assert.equal(status, 200, body.toString());
    return JSON.parse(body.toString());
  }

  #url(): Promise<string> {
    return this.waxwing.brokerUrl(this.brokerId);
  }

  /**
   * Publishes and consumes meanwhile. Proves that nothing is lost, and that two nodes always run.
   *
   * @param hasMajority false if more nodes end on purpose
   */
  async losesNothing(meanwhile: () => Promise<void>, hasMajority = true): Promise<void> {
    const place = { url: await this.#url(), ca: this.waxwing.ca, queue };
    const publishers = ['one', 'two'].map((name) => new ConfirmedPublisher(place, name));
    const confirmed = () => publishers.reduce((sum, each) => sum + each.confirmed.size, 0);
    const received = new Set<string>();
    const consumer = new Consumer(place, received);
    const seen = new Seen(() => this.runningNodes.length, confirmed);
    try {
      await until('messages are consumed', () => received.size > 500, clusterMs);
      await meanwhile();
      const before = received.size;
      await until('messages are consumed again', () => received.size > before + 500, clusterMs);
    } catch (error) {
      console.error(this.waxwing.output.slice(-8000));
      await consumer.end();
      throw error;
    } finally {
      seen.end();
      await Promise.all(publishers.map((publisher) => publisher.end()));
    }
    const isMissing = (body: string) => !received.has(body);
    const missing = () => publishers.flatMap((each) => [...each.confirmed].filter(isMissing));
    const all = () => missing().length === 0;
    const what = () => `${missing().length} of ${confirmed()} confirmed messages arrive`;
    await until(what, all, clusterMs).finally(() => consumer.end());
    console.log(`${confirmed()} confirmed, 0 lost; ${seen}`);
    if (hasMajority) assert.equal(seen.fewestNodes, 2);
  }
}

/** What was seen of a cluster while clients used it. */
class Seen {
  fewestNodes = 3;
  #longestMs = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(nodeCount: () => number, confirmed: () => number) {
    let last = { count: 0, atMs: performance.now() };
    this.#timer = setInterval(() => {
      this.fewestNodes = Math.min(this.fewestNodes, nodeCount());
      const nowMs = performance.now();
      this.#longestMs = Math.max(this.#longestMs, nowMs - last.atMs);
      if (confirmed() > last.count) last = { count: confirmed(), atMs: nowMs };
    }, 100);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  toString(): string {
    const seconds = (this.#longestMs / 1000).toFixed(1);
    return `fewest nodes ${this.fewestNodes}, longest time without a confirm ${seconds} s`;
  }
}

/** Consumes with acknowledgements, and connects again when its connection is lost. */
class Consumer {
  readonly #place: { readonly url: string; readonly ca: string };
  readonly #received: Set<string>;
  readonly #asked: Promise<void>;
  readonly #ended: Promise<void>;
  #isEnding = false;
  #end = () => {};

  constructor(place: { readonly url: string; readonly ca: string }, received: Set<string>) {
    this.#place = place;
    this.#received = received;
    this.#asked = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      await this.#once().catch(() => {}); // no node was there
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #once(): Promise<void> {
    const client = await AmqpClient.connect(this.#place.url, this.#place.ca);
    try {
      const channel = await client.model.createChannel();
      channel.on('error', () => {});
      await channel.prefetch(100);
      await channel.consume(queue, (message) => {
        if (message === null) return;
        this.#received.add(message.content.toString());
        channel.ack(message);
      });
      await Promise.race([client.ended, this.#asked]);
    } finally {
      await client.close().catch(() => {}); // it is closed already
    }
  }

  end(): Promise<void> {
    this.#isEnding = true;
    this.#end();
    return this.#ended;
  }
}
