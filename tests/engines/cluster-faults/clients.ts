// Publishers with confirms and a consumer of one quorum queue, which connect again after every failure.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ConfirmChannel } from 'amqplib';
import { AmqpClient } from '../../support/amqp-client.ts';
import type { FaultLedger } from './ledger.ts';

/** The queue of all clients. */
export const faultQueue = 'faults';

/** Where clients connect. */
export interface ClientPlace {
  /** User and password included. */
  readonly url: string;
  readonly ca: string;
  readonly caFile: string;
}

const source = fileURLToPath(new URL('../../../../tests/engines/cluster-faults', import.meta.url));
const batch = 10;
const confirmMs = 10_000;
const pauseMs = 100;
const retryMs = 200;
/** Time without messages after which the consumer connects again, milliseconds. */
const stallMs = 20_000;

/** Clients that publish and consume all the time. */
export class FaultClients {
  /** The prefixes of the publishers' messages. */
  readonly prefixes = ['amqplib', 'java', 'pika'] as const;
  readonly #place: ClientPlace;
  readonly #ledger: FaultLedger;
  readonly #folder = mkdtempSync(join(tmpdir(), 'waxwing-faults-'));
  readonly #children: ChildProcess[] = [];
  readonly #open = new Set<AmqpClient>();
  readonly #loops: Promise<void>[] = [];
  #isEnding = false;
  /** How often the consumer got nothing for long, and connected again. */
  stallCount = 0;
  #next = 0;
  /** What went wrong with messages that nobody has published. */
  readonly problems: string[] = [];

  constructor(place: ClientPlace, ledger: FaultLedger) {
    this.#place = place;
    this.#ledger = ledger;
  }

  /** Declares the queue and starts all clients. */
  async start(): Promise<void> {
    const client = await AmqpClient.connect(this.#place.url, this.#place.ca);
    const channel = await client.model.createChannel();
    const type = { 'x-queue-type': 'quorum' };
    await channel.assertQueue(faultQueue, { durable: true, arguments: type });
    await client.close();
    this.#loops.push(this.#keep('publisher', (each) => this.#publish(each)));
    this.#loops.push(this.#keep('consumer', (each) => this.#consume(each)));
    this.#startJava();
    this.#run('pika', '/usr/bin/python3', [join(source, 'confirming_client.py')], {});
  }

  async #keep(what: string, use: (client: AmqpClient) => Promise<unknown>): Promise<void> {
    while (!this.#isEnding) {
      try {
        const connecting = AmqpClient.connect(this.#place.url, this.#place.ca);
        // A node that does not answer must not hold the client up.
        const client = await within(connecting, confirmMs, () =>
          connecting.then((late) => late.close()).catch(() => {}),
        );
        this.#open.add(client);
        try {
          await Promise.race([client.ended, use(client)]);
        } finally {
          this.#open.delete(client);
          void client.close().catch(() => {});
        }
      } catch (error) {
        if (error instanceof RangeError) this.problems.push(`${what}: ${error.message}`);
      }
      await delay(retryMs);
    }
  }

  async #publish(client: AmqpClient): Promise<void> {
    const channel = await within(client.model.createConfirmChannel(), confirmMs);
    channel.on('error', () => {});
    while (!this.#isEnding) {
      const numbers = Array.from({ length: batch }, () => this.#next++);
      await within(Promise.all(numbers.map((number) => publishOne(channel, number))), confirmMs);
      this.#ledger.confirmed('amqplib', numbers[0] ?? 0, numbers.at(-1) ?? -1);
      await delay(pauseMs);
    }
  }

  async #consume(client: AmqpClient): Promise<void> {
    const channel = await within(client.model.createChannel(), confirmMs);
    channel.on('error', () => {});
    await channel.prefetch(500);
    await new Promise<void>((resolve, reject) => {
      const consuming = channel.consume(faultQueue, (message) => {
        if (message === null) return resolve();
        try {
          this.#ledger.received(message.content);
        } catch (error) {
          reject(error);
        }
        channel.ack(message);
      });
      within(consuming, confirmMs).catch(reject);
      channel.once('close', resolve);
      void this.#watch(client, resolve);
    });
  }

  /** Connects the consumer again if it gets nothing although publishers get confirms. */
  async #watch(client: AmqpClient, over: () => void): Promise<void> {
    while (this.#open.has(client)) {
      const { receivedCount, confirmedCount } = this.#ledger;
      await delay(stallMs);
      if (!this.#open.has(client) || this.#ledger.receivedCount > receivedCount) continue;
      if (this.#ledger.confirmedCount === confirmedCount) continue;
      this.stallCount++;
      over();
      return;
    }
  }

  #startJava(): void {
    const jars = ['amqp-client.jar', 'slf4j-api.jar', 'slf4j-nop.jar'];
    const path = [this.#folder, ...jars.map((jar) => `/usr/share/java/${jar}`)].join(':');
    const file = join(source, 'ConfirmingClient.java');
    execFileSync('javac', ['-d', this.#folder, '-cp', path, file]);
    const store = join(this.#folder, 'trust.p12');
    const trust = ['-keystore', store, '-storepass', 'changeit', '-storetype', 'PKCS12'];
    execFileSync('keytool', ['-importcert', '-noprompt', '-file', this.#place.caFile, ...trust], {
      stdio: 'ignore',
    });
    const options = ['-Xmx128m', '-XX:+UseSerialGC', '-cp', path, 'ConfirmingClient'];
    this.#run('java', 'java', options, { TRUST_STORE: store });
  }

  #run(prefix: string, program: string, args: readonly string[], more: Record<string, string>) {
    const { url, caFile } = this.#place;
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        URL: url,
        CA_FILE: caFile,
        PREFIX: prefix,
        QUEUE: faultQueue,
        ...more,
      },
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, first, last] = /^confirmed (\d+) (\d+)$/.exec(line) ?? [];
      if (first !== undefined) this.#ledger.confirmed(prefix, Number(first), Number(last));
    });
    this.#children.push(child);
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    this.#isEnding = true;
    for (const child of this.#children) child.kill('SIGKILL');
    for (const client of this.#open) void client.close().catch(() => {});
    await Promise.race([Promise.all(this.#loops), delay(2 * confirmMs)]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function publishOne(channel: ConfirmChannel, number: number): Promise<void> {
  const body = Buffer.from(`amqplib ${number} `.padEnd(210));
  return new Promise((resolve, reject) => {
    const options = { persistent: true, mandatory: true };
    channel.sendToQueue(faultQueue, body, options, (error) => (error ? reject(error) : resolve()));
  });
}

/** Rejects if a promise takes longer than permitted. */
async function within<T>(promise: Promise<T>, ms: number, late?: () => unknown): Promise<T> {
  const clock = new AbortController();
  const over = delay(ms, undefined, { signal: clock.signal }).then(() => {
    late?.();
    throw new Error(`no answer within ${ms} ms`);
  });
  over.catch(() => {});
  try {
    return await Promise.race([promise, over]);
  } finally {
    clock.abort();
  }
}
