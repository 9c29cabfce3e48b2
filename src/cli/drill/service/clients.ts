// The official AWS clients, and amqplib, against a throw-away service. stompjs is in `queue-client.ts`.

import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { CloudTrail } from '@aws-sdk/client-cloudtrail';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { IAM } from '@aws-sdk/client-iam';
import { KMS } from '@aws-sdk/client-kms';
import { Mq } from '@aws-sdk/client-mq';
import { STS } from '@aws-sdk/client-sts';
import { type ChannelModel, connect } from 'amqplib';
import type { Environment } from '../../../server/environment.ts';

/** The packages whose clients drills use. They are development dependencies. */
export const clientPackages = [
  '@aws-sdk/client-cloudtrail',
  '@aws-sdk/client-cloudwatch-logs',
  '@aws-sdk/client-iam',
  '@aws-sdk/client-kms',
  '@aws-sdk/client-mq',
  '@aws-sdk/client-sts',
  '@stomp/stompjs',
  'amqplib',
] as const;

/** Credentials of a caller. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The official clients of one caller. */
export class AwsClients {
  readonly mq: Mq;
  readonly kms: KMS;
  readonly trail: CloudTrail;
  readonly iam: IAM;
  readonly sts: STS;
  readonly logs: CloudWatchLogs;
  readonly #agent: Agent;

  /**
   * @param endpoint the URL of the API
   * @param ca the authorities to trust, PEM
   */
  constructor(endpoint: string, region: string, ca: string, credentials: Credentials) {
    this.#agent = new Agent({ ca, keepAlive: true });
    const requestHandler = { httpsAgent: this.#agent };
    const options = { endpoint, region, credentials, requestHandler, maxAttempts: 1 };
    this.mq = new Mq(options);
    this.kms = new KMS(options);
    this.trail = new CloudTrail(options);
    this.iam = new IAM(options);
    this.sts = new STS(options);
    this.logs = new CloudWatchLogs(options);
  }

  /** Closes all connections. */
  close(): void {
    const { mq, kms, trail, iam, sts, logs } = this;
    for (const client of [mq, kms, trail, iam, sts, logs]) client.destroy();
    this.#agent.destroy();
  }
}

/** Creates the clients of a caller; the root user by default. */
export async function clientsOf(
  environment: Environment,
  credentials?: Credentials,
  endpoint = environment.AWS_ENDPOINT_URL ?? '',
): Promise<AwsClients> {
  const ca = await readFile(environment.AWS_CA_BUNDLE ?? '', 'utf8');
  const root = {
    accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
  };
  return new AwsClients(endpoint, environment.AWS_REGION ?? '', ca, credentials ?? root);
}

/** A connection of amqplib, whose end is noticed. */
export class AmqpConnection {
  readonly model: ChannelModel;
  /** Resolves when the connection has ended, with the reason that the broker gave. */
  readonly ended: Promise<string>;

  private constructor(model: ChannelModel) {
    this.model = model;
    this.ended = new Promise((resolve) => {
      let reason = '';
      model.on('error', (error: Error) => {
        reason = error.message;
      });
      model.on('close', (error?: Error) => resolve(error?.message ?? reason));
    });
  }

  /** @param ca the authorities to trust, PEM */
  static async open(url: string, ca: string): Promise<AmqpConnection> {
    return new AmqpConnection(await connect(url, { ca: [ca], noDelay: true }));
  }

  /** Publishes persistent messages to a durable queue, and waits until they are confirmed. */
  async publish(queue: string, bodies: readonly string[]): Promise<void> {
    const channel = await this.model.createConfirmChannel();
    await channel.assertQueue(queue, { durable: true });
    for (const body of bodies) {
      channel.sendToQueue(queue, Buffer.from(body), { persistent: true });
    }
    await channel.waitForConfirms();
    await channel.close();
  }

  /** Takes all messages of a queue. */
  async take(queue: string): Promise<string[]> {
    const channel = await this.model.createChannel();
    const bodies: string[] = [];
    for (;;) {
      const message = await channel.get(queue);
      if (message === false) break;
      bodies.push(message.content.toString());
      channel.ack(message);
    }
    await channel.close();
    return bodies;
  }

  async close(): Promise<void> {
    await this.model.close();
  }
}
