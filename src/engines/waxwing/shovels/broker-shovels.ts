// The shovels of a broker: starts and stops them as their parameters change, and knows their status.

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../../../base/clock.ts';
import { packageFolder } from '../../../base/package-folder.ts';
import type { Broker } from '../../../broker/broker.ts';
import { BrokerError } from '../../../broker/errors.ts';
import type { ParameterEntry } from '../../../broker/rabbitmq/model.ts';
import { shovelComponent } from '../../../broker/rabbitmq/parameters.ts';
import type { ShovelStatus, Shovels } from '../../../broker/rabbitmq/shovels/shovel-status.ts';
import type { Protocol } from '../../../protocols/protocol.ts';
import type {
  FromShovels,
  ShovelThreadData,
  ToShovels,
} from '../../../transfer/shovels/messages.ts';
import type { ShovelState } from '../../../transfer/shovels/shovel.ts';
import type { BrokerProtocols } from '../listener-specs.ts';
import type { StartMessage } from '../messages.ts';
import { PortTransport } from './port-transport.ts';

/** The bundle of `worker.ts`. */
const program = join(packageFolder, 'dist', 'bin', 'shovels.mjs');

/** The interval of ticks of connections, milliseconds. */
const tickMs = 500;
/** Pause before the thread is started again after it failed, milliseconds. */
const restartMs = 5000;
/** Maximum size of the JavaScript heap of the thread, MiB. Messages are outside of it. */
const heapMibMax = 256;

/** The parts that shovels need. */
interface BrokerShovelsOptions {
  readonly broker: Broker;
  /** AMQP 0-9-1 of the broker. */
  readonly protocol: Protocol;
  readonly thread: ShovelThreadData;
  readonly log: (level: 'info' | 'warn' | 'error', text: string) => void;
}

interface Kept {
  readonly id: number;
  readonly entry: ParameterEntry;
  status: ShovelStatus;
  /** The failure that was logged last, so that a repeated one is not logged again. */
  loggedReason: string | undefined;
}

const keyOf = (vhost: string, name: string): string => JSON.stringify([vhost, name]);

/** The shovels of a broker. The thread in which they run exists only if there are shovels. */
export class BrokerShovels implements Shovels {
  readonly #options: BrokerShovelsOptions;
  readonly #byKey = new Map<string, Kept>();
  readonly #byId = new Map<number, Kept>();
  readonly #transports = new Set<PortTransport>();
  #lastId = 0;
  #connectionCount = 0;
  #worker: Worker | undefined = undefined;
  #ticks: NodeJS.Timeout | undefined = undefined;
  #restart: NodeJS.Timeout | undefined = undefined;
  #isClosed = false;

  /** Starts the shovels that the broker has. */
  constructor(options: BrokerShovelsOptions) {
    this.#options = options;
    const { parameters } = options.broker;
    for (const entry of parameters.all()) this.#put(entry);
    parameters.observer = {
      put: (entry) => this.#put(entry),
      deleted: (vhost, component, name) => {
        if (component === shovelComponent) this.#remove(vhost, name);
      },
      forgotten: (vhost) => {
        for (const { entry } of [...this.#byKey.values()]) {
          if (entry.vhost === vhost) this.#remove(vhost, entry.name);
        }
      },
    };
  }

  *statuses(): Generator<ShovelStatus> {
    for (const { status } of this.#byKey.values()) yield status;
  }

  status(vhost: string, name: string): ShovelStatus | undefined {
    return this.#byKey.get(keyOf(vhost, name))?.status;
  }

  restart(vhost: string, name: string): boolean {
    const kept = this.#byKey.get(keyOf(vhost, name));
    if (kept === undefined) return false;
    this.#put(kept.entry);
    return true;
  }

  /** Ends all shovels. Messages without a confirm remain at their sources. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#options.broker.parameters.observer = undefined;
    clearInterval(this.#ticks);
    clearTimeout(this.#restart);
    const worker = this.#worker;
    this.#worker = undefined;
    this.#byKey.clear();
    this.#byId.clear();
    for (const transport of [...this.#transports]) transport.cut();
    await worker?.terminate();
  }

  #put(entry: ParameterEntry): void {
    const { vhost, component, name } = entry;
    if (component !== shovelComponent) return;
    this.#remove(vhost, name);
    const id = ++this.#lastId;
    const status = {
      vhost,
      name,
      changedAtMs: systemClock.nowMs(),
      state: 'starting',
      reason: undefined,
      uris: undefined,
      movedCount: 0,
    } as const;
    const kept: Kept = { id, entry, status, loggedReason: undefined };
    this.#byKey.set(keyOf(vhost, name), kept);
    this.#byId.set(id, kept);
    if (this.#worker !== undefined) this.#start(kept);
    else this.#startThread();
  }

  #remove(vhost: string, name: string): void {
    const key = keyOf(vhost, name);
    const kept = this.#byKey.get(key);
    if (kept === undefined) return;
    this.#byKey.delete(key);
    this.#byId.delete(kept.id);
    this.#tell({ type: 'stop', id: kept.id });
  }

  #start({ id, entry: { vhost, name, value } }: Kept): void {
    this.#tell({ type: 'put', id, vhost, name, value });
  }

  #tell(message: ToShovels): void {
    this.#worker?.postMessage(message);
  }

  #startThread(): void {
    if (this.#restart !== undefined || this.#isClosed) return;
    const worker = new Worker(program, {
      workerData: this.#options.thread,
      resourceLimits: { maxOldGenerationSizeMb: heapMibMax },
      // The options of the process are for the heap of the broker.
      execArgv: [],
    });
    this.#worker = worker;
    let why: unknown = 'it ended';
    worker.on('message', (message: FromShovels) => this.#receive(message));
    worker.on('error', (error) => {
      why = error instanceof Error ? error.message : error;
    });
    worker.on('exit', () => this.#exited(worker, String(why)));
    this.#ticks ??= setInterval(() => this.#tick(), tickMs);
    for (const kept of this.#byKey.values()) this.#start(kept);
  }

  #tick(): void {
    const nowMs = systemClock.monotonicMs();
    for (const transport of this.#transports) transport.tick(nowMs);
  }

  #exited(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#options.log('error', `the thread of the shovels has failed: ${why}`);
    const reason = 'the thread of the shovels has failed';
    for (const kept of this.#byKey.values()) this.#change(kept, { name: 'terminated', reason });
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      if (this.#byKey.size > 0) this.#startThread();
    }, restartMs);
  }

  #receive(message: FromShovels): void {
    if (message.type === 'connect') {
      this.#accept(message);
      return;
    }
    // A message about a shovel that was replaced or deleted meanwhile.
    const kept = this.#byId.get(message.id);
    if (kept === undefined) return;
    if (message.type === 'state') this.#change(kept, message.state);
    else if (message.type === 'completed') this.#completed(kept);
    else kept.status = { ...kept.status, movedCount: kept.status.movedCount + message.count };
  }

  #accept({ vhost, port }: Extract<FromShovels, { type: 'connect' }>): void {
    const transport = new PortTransport(port, ++this.#connectionCount, vhost);
    const connection = this.#options.protocol.accept(transport);
    this.#transports.add(transport);
    transport.attach(connection, () => this.#transports.delete(transport));
  }

  #change(kept: Kept, state: ShovelState): void {
    const { status, entry } = kept;
    const what = `shovel '${entry.name}' in vhost '${entry.vhost}'`;
    const reason = state.name === 'terminated' ? state.reason : undefined;
    kept.status = {
      ...status,
      state: state.name,
      changedAtMs: systemClock.nowMs(),
      reason,
      uris:
        state.name === 'running'
          ? { source: state.sourceUri, destination: state.destinationUri }
          : undefined,
    };
    if (state.name === 'running') {
      kept.loggedReason = undefined;
      this.#options.log('info', `${what} runs: ${state.sourceUri} to ${state.destinationUri}`);
    } else if (reason !== undefined && reason !== kept.loggedReason) {
      kept.loggedReason = reason;
      this.#options.log('warn', `${what} does not run: ${reason}`);
    }
  }

  /** A shovel that has done its work deletes its parameter. */
  #completed({ entry: { vhost, component, name } }: Kept): void {
    const { broker, log } = this.#options;
    try {
      broker.parameters.delete(vhost, component, name);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
    }
    broker.pump();
    log('info', `shovel '${name}' in vhost '${vhost}' has moved its messages and was deleted`);
  }
}

/** Starts the shovels of a broker of RabbitMQ's type. */
export function shovelsOf(
  { activeMq, name, shovelAuthorities }: StartMessage,
  broker: Broker,
  protocols: BrokerProtocols,
  log: BrokerShovelsOptions['log'],
): BrokerShovels | undefined {
  const amqp = activeMq === undefined ? protocols.get('amqp091') : undefined;
  if (amqp === undefined) return undefined;
  const authorities = shovelAuthorities === undefined ? [] : [shovelAuthorities];
  const thread = { brokerName: name, authorities };
  return new BrokerShovels({ broker, protocol: amqp.protocol, thread, log });
}
