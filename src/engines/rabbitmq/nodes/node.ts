// A node of a cluster: where it runs, and what is known of its health.

import { systemClock } from '../../../base/clock.ts';
import { WaxwingError } from '../../../base/errors.ts';
import type { HostedNode, NodeHost } from '../hosts/node-host.ts';
import { type NodeAccess, NodeApi, type NodeView } from './node-api.ts';
import type { NodeAddress } from './node-place.ts';

/** Events of a node. */
export interface NodeEvents {
  /** A line of its log. */
  line(node: Node, text: string): void;
  /** Its process ended although nobody stopped it. */
  ended(node: Node, detail: string): void;
  /** Its volume is gone: the node was ended, and needs its data key to run again. */
  volumeLost(node: Node, detail: string): void;
}

/** A node of a cluster. */
export class Node {
  readonly number: number;
  readonly volumeId: string;
  readonly #brokerId: string;
  readonly #events: NodeEvents;
  #host: NodeHost;
  #hosted: HostedNode | undefined = undefined;
  #place: Omit<NodeAddress, 'version'> | undefined = undefined;
  #api: NodeApi | undefined = undefined;
  #access: NodeAccess | undefined = undefined;
  #forgottenCount = 0;
  /** Whether it has never been in the cluster: its volume is created when its key is there. */
  isNew: boolean;
  /** The last answer about the cluster; undefined unless the node answers. */
  view: readonly NodeView[] | undefined = undefined;
  /** Whether it has answered since its process started. */
  hasAnswered = false;
  /** Whether nothing listens at its management port, although its process runs. */
  isClosed = false;
  /** Whether the node refuses the user of the service, which somebody has deleted or changed. */
  isRefusing = false;
  /** The version of its RabbitMQ: `3.10`. */
  version: string;
  /** Whether it must not be started by itself: it does not run with the version of an upgrade. */
  isHeld = false;
  /** Whether no new clients are given to it, because it is about to end. */
  isDrained = false;
  /** Whether its files are those of this start of the cluster. */
  isWritten = false;
  /** Ended processes since the node last ran steadily. */
  crashCount = 0;
  startedMs = 0;

  constructor(
    { brokerId, number, volumeId, host, version, isNew }: NodeOptions,
    events: NodeEvents,
  ) {
    this.#brokerId = brokerId;
    this.number = number;
    this.volumeId = volumeId;
    this.#host = host;
    this.version = version;
    this.isNew = isNew;
    this.#events = events;
  }

  get host(): NodeHost {
    return this.#host;
  }

  /** Its volume and its process. */
  async hosted(): Promise<HostedNode> {
    const host = this.#host;
    const isHere = () => this.#host === host;
    this.#hosted ??= await host.node(this.#brokerId, this.volumeId, {
      line: (text) => isHere() && this.#events.line(this, text),
      ended: (detail) => isHere() && this.#ended(detail),
      volumeLost: (detail) => {
        if (!isHere()) return;
        this.view = undefined;
        this.#events.volumeLost(this, detail);
      },
    });
    return this.#hosted;
  }

  #ended(detail: string): void {
    this.view = undefined;
    this.#events.ended(this, detail);
  }

  /** Makes another machine the place of the node, where it begins with an empty volume. */
  moveTo(host: NodeHost): void {
    this.#host = host;
    this.#hosted = undefined;
    this.isNew = true;
    this.isWritten = false;
    this.view = undefined;
    this.crashCount = 0;
  }

  /** Its addresses; known once its ports were chosen. */
  get place(): NodeAddress {
    if (this.#place === undefined) throw new Error(`node ${this.number} has no place yet`);
    return { ...this.#place, version: this.version };
  }

  /** Whether it has a place. */
  get isSettled(): boolean {
    return this.#place !== undefined;
  }

  /** The management API of the node. */
  get api(): NodeApi {
    if (this.#api === undefined) throw new Error(`node ${this.number} has no place yet`);
    return this.#api;
  }

  /** How the service logs in. */
  get access(): NodeAccess {
    if (this.#access === undefined) throw new Error(`node ${this.number} has no place yet`);
    return this.#access;
  }

  /** Whether it is asked for confirms: clients are given to it, and no alarm lets publishers wait. */
  get isChecked(): boolean {
    const hasAlarm = this.view?.some(({ alarms }) => alarms.memory || alarms.disk) === true;
    return this.isRunning && !this.isDrained && !hasAlarm && this.sees(2);
  }

  get isRunning(): boolean {
    return this.#hosted?.isRunning === true;
  }

  /** Forgets what it answered, and does not accept an answer that was asked for before. */
  forgetView(): void {
    this.view = undefined;
    this.#forgottenCount++;
  }

  /** Gives the node its name and ports. */
  settle(place: Omit<NodeAddress, 'version'>, access: NodeAccess): void {
    this.#api?.close();
    this.#place = place;
    this.#access = access;
    this.#api = new NodeApi(place.address, place.ports.management, access);
  }

  /** Starts its process. The volume must be mounted. */
  start(epmdPort: number): void {
    this.view = undefined;
    this.hasAnswered = false;
    this.isClosed = false;
    this.isRefusing = false;
    this.isDrained = false;
    this.startedMs = systemClock.monotonicMs();
    this.#hosted?.start(this.place, epmdPort);
  }

  /** Ends the process: it is asked to, and killed after a time. Its end is no event. */
  async stop(): Promise<void> {
    this.view = undefined;
    await this.#hosted?.stop();
  }

  /** Unmounts the volume. */
  async lock(): Promise<void> {
    await this.#hosted?.lock();
  }

  /**
   * Asks the node about the cluster. A node that refuses the user of the service runs, and serves clients
   * as it did at the last look.
   */
  async look(): Promise<void> {
    if (!this.isRunning) return;
    const { api } = this;
    const forgotten = this.#forgottenCount;
    const answer = await api.nodes().catch((error: unknown) => {
      if (isRefusal(error)) return 'refused' as const;
      return isClosedPort(error) ? ('closed' as const) : undefined;
    });
    if (this.#api !== api || !this.isRunning || this.#forgottenCount !== forgotten) return;
    this.isRefusing = answer === 'refused';
    this.isClosed = answer === 'closed';
    if (answer !== undefined && answer !== 'closed') this.hasAnswered = true;
    if (answer !== 'refused') this.view = answer === 'closed' ? undefined : answer;
  }

  /** Whether the node serves clients, and sees at least this many running nodes. */
  sees(count: number): boolean {
    const { view } = this;
    if (view === undefined) return false;
    const own = view.find(({ name }) => name === this.place.name);
    const running = view.filter(({ isRunning }) => isRunning).length;
    return own?.isRunning === true && own.partitions.length === 0 && running >= count;
  }

  /** The names of the nodes that this one was separated from, although it reaches them. */
  get partitions(): readonly string[] {
    return this.view?.find(({ name }) => name === this.place.name)?.partitions ?? [];
  }

  /** Ends what is left of the node's connections. */
  close(): void {
    this.#api?.close();
  }
}

/** Which node of which broker, and where. */
export interface NodeOptions {
  readonly brokerId: string;
  /** From 1. */
  readonly number: number;
  readonly volumeId: string;
  readonly host: NodeHost;
  /** The version of its RabbitMQ: `3.10`. */
  readonly version: string;
  readonly isNew: boolean;
}

function isRefusal(error: unknown): boolean {
  return error instanceof WaxwingError && error.code === 'login-refused';
}

function isClosedPort(error: unknown): boolean {
  const { cause } = error instanceof WaxwingError ? error : {};
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
