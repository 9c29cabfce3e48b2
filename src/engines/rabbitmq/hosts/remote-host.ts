// Another machine as a place for nodes.

import { systemClock } from '../../../base/clock.ts';
import type { Answer, Channel } from '../../../hosts/channel/channel.ts';
import { anyText, type Fields, truth, whole } from '../../../hosts/channel/fields.ts';
import { HostError, HostUnreachable } from '../../../hosts/errors.ts';
import { installationFor } from '../installation.ts';
import type { JoinedHost } from './host-directory.ts';
import {
  eventTextMax,
  type HostReport,
  nodeIdFields,
  readNodeId,
  readPorts,
  readReport,
} from './messages.ts';
import type { HostedNode, HostedNodeEvents } from './node-host.ts';
import { asVolumeError, RemoteNode } from './remote-node.ts';

/** Sends a request to a host. */
export type HostRequest = (
  op: string,
  fields: object,
  body?: Uint8Array,
  timeoutMs?: number,
) => Promise<Answer>;

/** Lines of the logs of its nodes that a host may send in a second; the rest is dropped. */
const linesPerSecondMax = 1000;

/** Whether a volume of a host is one that the service has placed there. */
export type IsPlaced = (volumeId: string) => boolean;

/** A machine that has joined. It can be reached while its agent is connected. */
export class RemoteHost implements JoinedHost {
  readonly id: string;
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  readonly #isPlaced: IsPlaced;
  #channel: Channel | undefined = undefined;
  #isRemoved = false;
  #report: HostReport | undefined = undefined;
  readonly #nodes = new Map<string, RemoteNode>();
  #lines = { second: 0, count: 0 };

  constructor(
    { id, name, zone, address }: Pick<JoinedHost, 'id' | 'name' | 'zone' | 'address'>,
    isPlaced: IsPlaced,
  ) {
    this.id = id;
    this.name = name;
    this.zone = zone;
    this.address = address;
    this.#isPlaced = isPlaced;
  }

  get versions(): readonly string[] {
    return (this.#report?.installed ?? []).map(({ version }) => version);
  }

  pluginsOf(version: string): readonly string[] | undefined {
    return installationFor(this.#report?.installed ?? [], version)?.plugins;
  }

  get isReachable(): boolean {
    return this.#channel !== undefined;
  }

  /** The connection to its agent; undefined if there is none. */
  get channel(): Channel | undefined {
    return this.#channel;
  }

  /**
   * Its agent is connected, and has answered with what it has. What the service does not know is ended.
   *
   * @throws {HostError} `message-invalid`
   */
  async connected(channel: Channel, fields: Fields): Promise<void> {
    const report = readReport(fields);
    this.#report = report;
    for (const volume of report.volumes) {
      const node = this.#nodes.get(volume.volumeId);
      if (!this.#isPlaced(volume.volumeId)) {
        await channel.request('destroy', nodeIdFields(volume));
      } else if (node?.isRunning !== true && volume.state !== 'locked') {
        await channel.request('lock', nodeIdFields(volume));
      }
    }
    if (this.#isRemoved) throw new Error('it was removed');
    this.#channel = channel;
    for (const node of this.#nodes.values()) {
      node.reported(report.volumes.find(({ volumeId }) => volumeId === node.id.volumeId));
    }
  }

  disconnected(channel: Channel): void {
    if (this.#channel === channel) this.#channel = undefined;
  }

  /** It no longer belongs to the service: nothing is asked of it, and what it tells has no effect. */
  removed(): void {
    this.#isRemoved = true;
    this.#channel = undefined;
  }

  /** An event of its agent. Nodes that are not here are not concerned. */
  event(op: string, fields: Fields): void {
    if (!['line', 'ended', 'volume-lost'].includes(op)) {
      throw new HostError('message-invalid', `there is no event '${op}'`);
    }
    if (this.#isRemoved || (op === 'line' && !this.#admitsLine())) return;
    const { volumeId } = readNodeId(fields);
    const detail = anyText(fields, 'text', eventTextMax);
    if (this.#isPlaced(volumeId)) this.#nodes.get(volumeId)?.event(op, detail);
  }

  #admitsLine(): boolean {
    const second = Math.floor(systemClock.monotonicMs() / 1000);
    if (this.#lines.second !== second) this.#lines = { second, count: 0 };
    this.#lines.count++;
    return this.#lines.count <= linesPerSecondMax;
  }

  readonly #request: HostRequest = async (...of) => {
    if (this.#channel === undefined) {
      throw new HostUnreachable(`host '${this.name}' is not connected`);
    }
    try {
      return await this.#channel.request(...of);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      const text = `host '${this.name}': ${error.message}`;
      // Other refusals may be different at the next attempt.
      throw asVolumeError(error.message) ?? new Error(text, { cause: error });
    }
  };

  async freePorts(address: string, count: number): Promise<number[]> {
    const { result } = await this.#request('ports', { address, count });
    const ports = readPorts(result);
    if (ports.length === count) return ports;
    throw new Error(`host '${this.name}' has stated ${ports.length} ports instead of ${count}`);
  }

  async isPortFree(address: string, port: number): Promise<boolean> {
    return truth((await this.#request('port', { address, port })).result, 'isFree');
  }

  async node(brokerId: string, volumeId: string, events: HostedNodeEvents): Promise<HostedNode> {
    const node = new RemoteNode({ brokerId, volumeId }, this.#request, events);
    this.#nodes.set(volumeId, node);
    return node;
  }

  async volumeBytes(brokerId: string, volumeId: string): Promise<number> {
    if (!this.isReachable) return 0;
    const { result } = await this.#request('size', nodeIdFields({ brokerId, volumeId }));
    return whole(result, 'bytes', 0, Number.MAX_SAFE_INTEGER);
  }

  async startEpmd(brokerId: string, address: string, port: number): Promise<void> {
    await this.#request('start-epmd', { broker: brokerId, address, port });
  }

  async stopEpmd(brokerId: string): Promise<void> {
    await this.#unlessUnreachable('stop-epmd', { broker: brokerId });
  }

  /** Removes everything of a broker, at the latest when the host is connected again. */
  async remove(brokerId: string): Promise<void> {
    for (const [volumeId, { id }] of this.#nodes) {
      if (id.brokerId === brokerId) this.#nodes.delete(volumeId);
    }
    await this.#unlessUnreachable('remove', { broker: brokerId });
  }

  async #unlessUnreachable(op: string, fields: object): Promise<void> {
    await this.#request(op, fields).catch((error: unknown) => {
      if (!(error instanceof HostUnreachable)) throw error;
    });
  }
}
