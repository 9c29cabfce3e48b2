// What the service asks a host to do with its nodes.

import { createSecretKey } from 'node:crypto';
import { totalmem } from 'node:os';
import { systemClock, type Timer } from '../base/clock.ts';
import type { LocalHost } from '../engines/rabbitmq/hosts/local-host.ts';
import {
  eventTextMax,
  type NodeId,
  nodeIdFields,
  readBroker,
  readChangedFiles,
  readCommand,
  readFiles,
  readNode,
  readNodeId,
  readPort,
} from '../engines/rabbitmq/hosts/messages.ts';
import type { LocalNode } from '../engines/rabbitmq/nodes/local-node.ts';
import { address, type Fields, whole } from '../hosts/channel/fields.ts';
import { HostError } from '../hosts/errors.ts';
import type { Lease } from '../hosts/lease.ts';
import { AgentError } from './errors.ts';

/** Interval of the examinations of volumes, milliseconds. */
const probeMs = 16_000;
const keyBytes = 32;
const portCountMax = 9;
/** Part of the memory of this machine that all nodes of a cluster may use here. */
const memoryShare = 0.4;

/** Tells the service about a node. */
export type TellService = (op: 'line' | 'ended' | 'volume-lost', fields: object) => void;

/** A node of this machine, and the request that is being carried out. */
interface Held extends NodeId {
  readonly node: LocalNode;
  last: Promise<unknown>;
}

/** Carries out requests. Without a lease, nothing can be started. */
export class NodeRequests {
  readonly #host: LocalHost;
  readonly #lease: Lease;
  readonly #tell: TellService;
  readonly #held = new Map<string, Held>();
  readonly #probes: Timer;
  #isClosing = false;

  constructor(host: LocalHost, lease: Lease, tell: TellService) {
    this.#host = host;
    this.#lease = lease;
    this.#tell = tell;
    this.#probes = systemClock.setInterval(() => this.#probe(), probeMs).unref();
  }

  /** What this machine has. */
  async volumes(): Promise<object[]> {
    const found: object[] = [];
    for (const brokerId of await this.#host.brokers()) {
      for (const volumeId of await this.#host.volumesOf(brokerId)) {
        const { node } = await this.#holding({ brokerId, volumeId });
        const [state, { isRunning }] = [await node.state(), node];
        found.push({ ...nodeIdFields({ brokerId, volumeId }), state, isRunning });
      }
    }
    return found;
  }

  /** Carries out a request. @throws {HostError} `message-invalid` */
  async perform(op: string, fields: Fields, body: Buffer): Promise<object> {
    switch (op) {
      case 'ports':
        return { ports: await this.#freePorts(fields) };
      case 'port':
        return { isFree: await this.#host.isPortFree(this.#own(fields), readPort(fields)) };
      case 'start-epmd':
        this.#requireLease();
        await this.#host.startEpmd(readBroker(fields), this.#own(fields), readPort(fields));
        return {};
      case 'stop-epmd':
        await this.#host.stopEpmd(readBroker(fields));
        return {};
      case 'remove':
        return this.#remove(readBroker(fields));
      case 'size': {
        const { brokerId, volumeId } = readNodeId(fields);
        return { bytes: await this.#host.volumeBytes(brokerId, volumeId) };
      }
      case 'command':
        return this.#command(fields);
      default:
        return this.#inTurn(await this.#holding(readNodeId(fields)), (node) =>
          this.#ofNode(op, node, fields, body),
        );
    }
  }

  async #ofNode(op: string, node: LocalNode, fields: Fields, body: Buffer): Promise<object> {
    switch (op) {
      case 'state':
        return { state: await node.state() };
      case 'create':
      case 'unlock':
        await this.#withKey(op, node, body);
        return {};
      case 'count':
        this.#requireLease();
        await node.count({
          epoch: wholeNumber(fields, 'epoch'),
          epochMin: wholeNumber(fields, 'epochMin'),
        });
        return {};
      case 'write':
        this.#requireLease();
        await node.write(withinMemory(readFiles(fields)));
        return {};
      case 'change':
        await node.change(withinMemory(readChangedFiles(fields)));
        return {};
      case 'start':
        this.#requireLease();
        this.#requireOwn(readNode(fields, 'node').address);
        node.start(readNode(fields, 'node'), readPort(fields));
        return {};
      case 'last-seen':
        return node.lastSeen(readNode(fields, 'node'));
      case 'stop':
        await node.stop();
        return {};
      case 'lock':
        await node.lock();
        return {};
      case 'destroy':
        await node.destroy();
        return {};
      default:
        throw new HostError('message-invalid', `there is no request '${op}'`);
    }
  }

  async #withKey(op: 'create' | 'unlock', node: LocalNode, body: Buffer): Promise<void> {
    this.#requireLease();
    if (body.length !== keyBytes) {
      throw new HostError(
        'message-invalid',
        `a data key of ${body.length} bytes; expected ${keyBytes}`,
      );
    }
    const key = createSecretKey(body);
    // The wrapped key is with the service only.
    if (op === 'create') await node.create(key, Buffer.alloc(0));
    else await node.unlock(key);
    // The lease may have ended meanwhile.
    if (!this.#lease.isValid) {
      await node.lock();
      this.#requireLease();
    }
  }

  async #command(fields: Fields): Promise<object> {
    this.#requireLease();
    const { node } = await this.#holding(readNodeId(fields));
    const of = [readNode(fields, 'node'), readPort(fields), readCommand(fields)] as const;
    this.#requireOwn(of[0].address);
    const problem = await node.command(...of);
    return problem === undefined ? {} : { problem: problem.slice(0, eventTextMax) };
  }

  async #remove(brokerId: string): Promise<object> {
    for (const [volumeId, held] of this.#held) {
      if (held.brokerId !== brokerId) continue;
      await this.#inTurn(held, (node) => node.lock());
      this.#held.delete(volumeId);
    }
    await this.#host.remove(brokerId);
    return {};
  }

  #freePorts(fields: Fields): Promise<number[]> {
    return this.#host.freePorts(
      this.#own(fields),
      whole(fields, 'count', 1, portCountMax),
      () => false,
    );
  }

  /** Nodes listen on the address only that this machine has stated. */
  #own(fields: Fields): string {
    return this.#requireOwn(address(fields, 'address'));
  }

  #requireOwn(found: string): string {
    if (found === this.#host.address) return found;
    const text = `the address ${found}; this host has ${this.#host.address}`;
    throw new HostError('message-invalid', text);
  }

  #requireLease(): void {
    if (!this.#lease.isValid) throw new AgentError('lease-ended', 'this host has no lease');
  }

  async #holding(id: NodeId): Promise<Held> {
    const known = this.#held.get(id.volumeId);
    if (known !== undefined) {
      if (known.brokerId === id.brokerId) return known;
      throw new HostError('message-invalid', `${id.volumeId} belongs to another broker`);
    }
    const tell = (op: Parameters<TellService>[0]) => (detail: string) =>
      this.#tell(op, { ...nodeIdFields(id), text: detail.slice(0, eventTextMax) });
    const events = { line: tell('line'), ended: tell('ended'), volumeLost: tell('volume-lost') };
    const node = await this.#host.node(id.brokerId, id.volumeId, events);
    const held = this.#held.get(id.volumeId) ?? { ...id, node, last: Promise.resolve() };
    this.#held.set(id.volumeId, held);
    return held;
  }

  /** Requests about one node are carried out one after the other. */
  #inTurn<T>(held: Held, act: (node: LocalNode) => Promise<T>): Promise<T> {
    const done = held.last.then(() => act(held.node));
    held.last = done.catch(() => {});
    return done;
  }

  #probe(): void {
    for (const held of this.#held.values()) {
      if (held.node.isRunning) void this.#inTurn(held, (node) => node.probe());
    }
  }

  /**
   * Ends all nodes and forgets their keys. The keys go first: a node that does not end can read nothing
   * from then on.
   *
   * @throws if a process does not end, or a volume cannot be unmounted
   */
  async fence(): Promise<void> {
    const all = [...this.#held.values()];
    const running = all.filter(({ node }) => node.isRunning);
    await Promise.all(all.map(({ node }) => node.volume.fence()));
    const ends = await Promise.allSettled(
      all.map((held) => this.#inTurn(held, (node) => node.lock())),
    );
    await Promise.all(
      [...new Set(all.map((held) => held.brokerId))].map((id) => this.#host.stopEpmd(id)),
    );
    // A lease can end while there is a connection: the service would believe that they run.
    for (const id of this.#isClosing ? [] : running) {
      this.#tell('volume-lost', { ...nodeIdFields(id), text: 'the lease of its host has ended' });
    }
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Removes everything: the host no longer belongs to the service. */
  async removeAll(): Promise<void> {
    for (const brokerId of await this.#host.brokers()) await this.#remove(brokerId);
  }

  /** Ends all nodes cleanly. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#probes.clear();
    const all = [...this.#held.values()];
    await Promise.allSettled(all.map((held) => this.#inTurn(held, (node) => node.stop())));
    await this.fence();
  }
}

/** The service states the memory of its own machine. */
function withinMemory<T extends { readonly settings: { readonly memoryBytesMax: number } }>(
  files: T,
): T {
  const memoryBytesMax = Math.min(
    files.settings.memoryBytesMax,
    Math.floor(totalmem() * memoryShare),
  );
  return { ...files, settings: { ...files.settings, memoryBytesMax } };
}

/** @throws {HostError} `message-invalid` */
function wholeNumber(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new HostError('message-invalid', `'${name}' is no whole number`);
}
