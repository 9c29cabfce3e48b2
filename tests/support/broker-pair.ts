// A primary and its replica in a real service, with STOMP clients.

import { setTimeout as pause } from 'node:timers/promises';
import {
  CreateBrokerCommand,
  type CreateBrokerCommandInput,
  PromoteCommand,
  RebootBrokerCommand,
} from '@aws-sdk/client-mq';
import { describeBroker, password } from './broker-requests.ts';
import { until } from './processes.ts';
import { isLong } from './proof.ts';
import { serviceMetric } from './service-metric.ts';
import { StompTlsClient } from './stomp-tls-client.ts';
import type { Waxwing } from './waxwing.ts';

/** The pause after a confirmed message, so that a publisher does not occupy a processor; milliseconds. */
const pauseMs = isLong ? 0 : 5;

/** The users that brokers of a pair must have. */
export const pairUsers: NonNullable<CreateBrokerCommandInput['Users']> = [
  { Username: 'admin', Password: password },
  { Username: 'replicator', Password: password, ReplicationUser: true },
];

/** The request for a broker that can be part of a pair. */
export function pairRequest(
  BrokerName: string,
  changes: Partial<CreateBrokerCommandInput> = {},
): CreateBrokerCommand {
  return new CreateBrokerCommand({
    BrokerName,
    EngineType: 'ACTIVEMQ',
    DeploymentMode: 'SINGLE_INSTANCE',
    HostInstanceType: 'mq.m5.large',
    PubliclyAccessible: false,
    Users: pairUsers,
    ...changes,
  });
}

/** A primary and its replica. */
export class BrokerPair {
  readonly waxwing: Waxwing;
  primary: string;
  replica: string;
  /** The bodies that were confirmed, in order. */
  readonly confirmed: string[] = [];
  /** When each of them was confirmed, monotonic milliseconds. */
  readonly confirmedMs = new Map<string, number>();
  /** Milliseconds for a change of a state: ActiveMQ starts slowly. */
  readonly #patienceMs: number;
  #isPublishing = false;
  #published: Promise<void> = Promise.resolve();

  private constructor(waxwing: Waxwing, primary: string, replica: string, patienceMs: number) {
    this.waxwing = waxwing;
    this.#patienceMs = patienceMs;
    this.primary = primary;
    this.replica = replica;
  }

  /** Creates both brokers, and waits until the replica has a copy. */
  static async create(
    waxwing: Waxwing,
    name: string,
    ofPrimary: Partial<CreateBrokerCommandInput> = {},
    ofReplica: Partial<CreateBrokerCommandInput> = {},
    patienceMs = 30_000,
  ): Promise<BrokerPair> {
    const { BrokerId: primary = '', BrokerArn } = await waxwing.mq.send(
      pairRequest(`${name}-1`, ofPrimary),
    );
    await waxwing.brokerIs(primary, 'RUNNING', patienceMs);
    const asked = {
      DataReplicationMode: 'CRDR',
      DataReplicationPrimaryBrokerArn: BrokerArn,
      ...ofReplica,
    } as const;
    const { BrokerId: replica = '' } = await waxwing.mq.send(pairRequest(`${name}-2`, asked));
    await waxwing.brokerIs(replica, 'RUNNING', patienceMs);
    await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: primary }));
    const hasRole = async () => {
      const { DataReplicationMode } = await describeBroker(waxwing, primary);
      return DataReplicationMode === 'CRDR';
    };
    await until('the primary has its role', hasRole, patienceMs);
    const pair = new BrokerPair(waxwing, primary, replica, patienceMs);
    await waxwing.brokerIs(primary, 'RUNNING', patienceMs);
    await waxwing.brokerIs(replica, 'REPLICA', patienceMs);
    return pair;
  }

  /**
   * Promotes the replica, as soon as that is possible, and waits until it accepts connections.
   *
   * @param former the state that the former primary gets
   */
  async promote(Mode: 'SWITCHOVER' | 'FAILOVER', former = 'REPLICA'): Promise<void> {
    const asked = async () => {
      try {
        return await this.waxwing.mq.send(new PromoteCommand({ BrokerId: this.replica, Mode }));
      } catch (error) {
        if (!(error instanceof Error && /no complete copy|not running|REBOOT/.test(error.message)))
          throw error;
        return undefined;
      }
    };
    await until(`a ${Mode}`, asked, this.#patienceMs);
    [this.primary, this.replica] = [this.replica, this.primary];
    await this.waxwing.brokerIs(this.primary, 'RUNNING', this.#patienceMs);
    await this.waxwing.brokerIs(this.replica, former, this.#patienceMs);
  }

  /**
   * The time of the copy that the replica has, as the lag says: it has everything that was confirmed before.
   * Undefined if it has none of the present primary.
   */
  async copiedMs(): Promise<number | undefined> {
    const askedMs = performance.now();
    const seconds = await serviceMetric(this.waxwing, 'waxwing_replication_lag_seconds');
    return Number.isNaN(seconds) ? undefined : askedMs - seconds * 1000;
  }

  /** Waits until the replica has everything that was confirmed before. */
  async copied(): Promise<void> {
    const nowMs = performance.now();
    const isCopied = async () => ((await this.copiedMs()) ?? 0) > nowMs;
    await until('a copy', isCopied, this.#patienceMs);
  }

  /** The ports of STOMP of a broker, one for each of its instances. */
  async ports(brokerId: string): Promise<number[]> {
    const { BrokerInstances = [] } = await describeBroker(this.waxwing, brokerId);
    return BrokerInstances.flatMap(({ Endpoints = [] }) => Endpoints)
      .filter((text) => text.startsWith('stomp+ssl:'))
      .map((text) => Number(text.split(':').at(-1)));
  }

  /** Connects to the primary, where it has one instance or a second one is active. */
  async connect(headers: Readonly<Record<string, string>> = {}): Promise<StompTlsClient> {
    const [first = 0, second] = await this.ports(this.primary);
    const { ca } = this.waxwing;
    const to = (port: number) => StompTlsClient.connect({ port, ca }, 'admin', password, headers);
    const client = await to(first).catch((error: unknown) => {
      if (second === undefined) throw error;
      return to(second);
    });
    const [frame] = await client.frames(1);
    if (frame?.command !== 'CONNECTED') throw new Error(`log-in: ${frame?.command}`);
    return client;
  }

  /** Sends messages one after another, until a failure or a number of them is confirmed. */
  async publish(queue: string, countMax = Infinity): Promise<number> {
    const client = await this.connect();
    let count = 0;
    try {
      for (; count < countMax && (countMax !== Infinity || this.#isPublishing); count++) {
        const body = `message ${this.confirmed.length} ${this.primary}`;
        client.send(
          'SEND',
          { destination: `/queue/${queue}`, persistent: 'true', receipt: '1' },
          body,
        );
        const [frame] = await client.frames(1);
        if (frame?.command !== 'RECEIPT') throw new Error(`${frame?.command}`);
        this.confirmed.push(body);
        this.confirmedMs.set(body, performance.now());
        if (countMax === Infinity) await pause(pauseMs);
      }
    } finally {
      client.destroy();
    }
    return count;
  }

  /** Publishes to whichever broker is the primary, until {@link stop}. */
  begin(queue: string): void {
    this.#isPublishing = true;
    this.#published = (async () => {
      while (this.#isPublishing) {
        await this.publish(queue).catch(() => pause(50));
      }
    })();
  }

  /** Ends what {@link begin} began. */
  async stop(): Promise<void> {
    this.#isPublishing = false;
    await this.#published;
  }

  /** Takes all messages of a queue, until there is none for a time. */
  async drain(queue: string): Promise<string[]> {
    const client = await this.connect();
    client.send('SUBSCRIBE', { id: 's', destination: `/queue/${queue}`, ack: 'auto' });
    const bodies: string[] = [];
    const end = 'the end of the queue';
    client.send('SEND', { destination: `/queue/${queue}`, persistent: 'true' }, end);
    while (bodies.at(-1) !== end) {
      for (const { command, body } of await client.frames(1)) {
        if (command === 'MESSAGE') bodies.push(body);
      }
    }
    client.destroy();
    return bodies.slice(0, -1);
  }
}
