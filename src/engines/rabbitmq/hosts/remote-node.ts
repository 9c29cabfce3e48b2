// The volume and the process of a node on another machine.

import type { KeyObject } from 'node:crypto';
import { anyText } from '../../../hosts/channel/fields.ts';
import { HostUnreachable } from '../../../hosts/errors.ts';
import { VolumeError } from '../../../volumes/errors.ts';
import type { MountCount } from '../../volumes/volume-files.ts';
import type { NodeAddress } from '../nodes/node-place.ts';
import {
  eventTextMax,
  type NodeId,
  nodeIdFields,
  readLastSeen,
  readState,
  type VolumeReport,
} from './messages.ts';
import type {
  ChangedFiles,
  HostedNode,
  HostedNodeEvents,
  HostedVolumeState,
  LastSeen,
  NodeCommand,
  NodeFiles,
} from './node-host.ts';
import type { HostRequest } from './remote-host.ts';

/** Maximum time for a command, milliseconds. */
const commandMs = 70_000;

/**
 * The volume and the process of a node on another machine. What ends a node succeeds although its host
 * cannot be reached: the host ends it when its lease ends, or is told so when it is connected again.
 */
export class RemoteNode implements HostedNode {
  readonly id: NodeId;
  readonly #request: HostRequest;
  readonly #events: HostedNodeEvents;
  #isRunning = false;

  constructor(id: NodeId, request: HostRequest, events: HostedNodeEvents) {
    this.id = id;
    this.#request = request;
    this.#events = events;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  async create(dataKey: KeyObject): Promise<void> {
    await this.#withKey('create', dataKey);
  }

  async unlock(dataKey: KeyObject): Promise<void> {
    await this.#withKey('unlock', dataKey);
  }

  async count({ epoch, epochMin }: MountCount): Promise<void> {
    await this.#ask('count', { epoch, epochMin });
  }

  async #withKey(op: string, dataKey: KeyObject): Promise<void> {
    const key = dataKey.export();
    try {
      await this.#ask(op, {}, key);
    } finally {
      key.fill(0);
    }
  }

  async state(): Promise<HostedVolumeState> {
    try {
      return readState((await this.#ask('state')).result);
    } catch (error) {
      if (error instanceof HostUnreachable) return 'unreachable';
      throw error;
    }
  }

  async write(files: NodeFiles): Promise<void> {
    await this.#ask('write', files);
  }

  async change(files: ChangedFiles): Promise<void> {
    await this.#ask('change', files);
  }

  start(node: NodeAddress, epmdPort: number): void {
    this.#isRunning = true;
    this.#ask('start', { node, port: epmdPort }).catch((error: Error) => {
      // Whether it runs is known when the host is connected again.
      if (error instanceof HostUnreachable || !this.#isRunning) return;
      this.#isRunning = false;
      this.#events.ended(error.message);
    });
  }

  async command(
    node: NodeAddress,
    epmdPort: number,
    command: NodeCommand,
  ): Promise<string | undefined> {
    const fields = { node, port: epmdPort, command };
    const { result } = await this.#ask('command', fields, undefined, commandMs);
    return 'problem' in result ? anyText(result, 'problem', eventTextMax) : undefined;
  }

  async lastSeen(node: NodeAddress): Promise<LastSeen> {
    return readLastSeen((await this.#ask('last-seen', { node })).result);
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#end('stop');
  }

  /** Its host examines it. */
  async probe(): Promise<void> {}

  async lock(): Promise<void> {
    this.#isRunning = false;
    await this.#end('lock');
  }

  async destroy(): Promise<void> {
    this.#isRunning = false;
    await this.#end('destroy');
  }

  async #end(op: string): Promise<void> {
    await this.#ask(op).catch((error: unknown) => {
      if (!(error instanceof HostUnreachable)) throw error;
    });
  }

  #ask(op: string, fields: object = {}, body?: Uint8Array, timeoutMs?: number) {
    return this.#request(op, { ...nodeIdFields(this.id), ...fields }, body, timeoutMs);
  }

  /** An event of the host about this node. */
  event(op: string, detail: string): void {
    if (op === 'line') {
      this.#events.line(detail);
      return;
    }
    if (!this.#isRunning) return;
    this.#isRunning = false;
    if (op === 'ended') this.#events.ended(detail);
    else this.#events.volumeLost(detail);
  }

  /** The host is connected again, and knows this about the node; undefined for nothing. */
  reported(report: VolumeReport | undefined): void {
    if (!this.#isRunning || report?.isRunning === true) return;
    const detail = 'it ended while its host was not connected';
    this.event(report?.state === 'mounted' ? 'ended' : 'volume-lost', detail);
  }
}

/** A data key that a host has refused is wrong for good. */
export function asVolumeError(message: string): VolumeError | undefined {
  const [, code, text] =
    /^(volume-key-wrong|volume-damaged|volumes-unsupported): (.*)$/s.exec(message) ?? [];
  if (code === undefined) return undefined;
  return new VolumeError(code as 'volume-key-wrong', text ?? '');
}
