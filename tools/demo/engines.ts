// The kinds of brokers that the demo can show.

import { RheaClient } from '../../tests/support/rhea-client.ts';
import type { Waxwing } from '../../tests/support/waxwing.ts';

/** A client of a broker, which this project did not write. */
export interface DemoClient {
  /** Resolves when the connection is gone, with the reason that the broker gave. */
  readonly ended: Promise<string>;
  /** Resolves when all messages are confirmed. */
  publish(queue: string, bodies: readonly string[]): Promise<void>;
  /** Takes all messages of a queue. */
  take(queue: string): Promise<string[]>;
  close(): Promise<void>;
}

/** A kind of broker. */
export interface DemoEngine {
  readonly type: 'RABBITMQ' | 'ACTIVEMQ';
  /** Options of `create-broker` besides those of every broker. */
  readonly options: { readonly StorageType?: 'EBS' };
  readonly instanceType: string;
  readonly clientName: string;
  /** The start of the endpoint that the client uses. */
  readonly scheme: string;
  /** The action that a broker requires whose key is lost. */
  readonly lostKeyAction: string;
  connect(waxwing: Waxwing, endpoint: URL): Promise<DemoClient>;
}

/** Both kinds, by the option of the demo. */
export const demoEngines = {
  rabbitmq: {
    type: 'RABBITMQ',
    options: {},
    instanceType: 'mq.m7g.medium',
    clientName: 'amqplib',
    scheme: 'amqps:',
    lostKeyAction: 'RABBITMQ_INVALID_KMS_KEY',
    connect: (waxwing, endpoint) => waxwing.connect(String(endpoint)),
  },
  activemq: {
    type: 'ACTIVEMQ',
    // With EFS, the default, a lost key takes effect later.
    options: { StorageType: 'EBS' },
    instanceType: 'mq.m5.large',
    clientName: 'rhea (AMQP 1.0)',
    scheme: 'amqp+ssl:',
    lostKeyAction: 'BROKER_INVALID_KMS_KEY',
    connect: ({ ca }, { port, username, password }) =>
      RheaClient.connect({ port: Number(port), ca }, { username, password }),
  },
} as const satisfies Readonly<Record<string, DemoEngine>>;
