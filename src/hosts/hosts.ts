// The hosts of nodes, the tokens with which machines join, and the places of nodes.

import type { Journal } from '../storage/journal.ts';
import type {
  AuthorityRecord,
  HostRecord,
  HostsChange,
  PlacementRecord,
  TokenRecord,
} from './records.ts';

/** Maximum number of hosts, and of tokens that are not used. */
export const hostCountMax = 64;
/** See {@link hostCountMax}. */
export const tokenCountMax = 32;

/** The state of the hosts. */
export class Hosts implements Journal<HostsChange> {
  readonly name = 'hosts';
  #authority: AuthorityRecord | undefined = undefined;
  readonly #hosts = new Map<string, HostRecord>();
  readonly #tokens = new Map<string, TokenRecord>();
  readonly #placements = new Map<string, PlacementRecord>();

  apply(change: HostsChange): void {
    if ('put' in change) {
      if (change.put === 'authority') this.#authority = change.authority;
      else if (change.put === 'host') this.#hosts.set(change.host.id, change.host);
      else if (change.put === 'token') this.#tokens.set(change.token.digest, change.token);
      else this.#placements.set(change.placement.volumeId, change.placement);
    } else if (change.delete === 'host') this.#hosts.delete(change.hostId);
    else if (change.delete === 'token') this.#tokens.delete(change.digest);
    else this.#placements.delete(change.volumeId);
  }

  *snapshot(): Iterable<HostsChange> {
    if (this.#authority !== undefined) yield { put: 'authority', authority: this.#authority };
    for (const host of this.#hosts.values()) yield { put: 'host', host };
    for (const token of this.#tokens.values()) yield { put: 'token', token };
    for (const placement of this.#placements.values()) yield { put: 'placement', placement };
  }

  get authority(): AuthorityRecord | undefined {
    return this.#authority;
  }

  host(id: string): HostRecord | undefined {
    return this.#hosts.get(id);
  }

  get all(): readonly HostRecord[] {
    return [...this.#hosts.values()];
  }

  get tokens(): readonly TokenRecord[] {
    return [...this.#tokens.values()];
  }

  token(digest: string): TokenRecord | undefined {
    return this.#tokens.get(digest);
  }

  placement(volumeId: string): PlacementRecord | undefined {
    return this.#placements.get(volumeId);
  }

  placementsOf(brokerId: string): PlacementRecord[] {
    return [...this.#placements.values()].filter((each) => each.brokerId === brokerId);
  }

  placementsOn(hostId: string): PlacementRecord[] {
    return [...this.#placements.values()].filter((each) => each.hostId === hostId);
  }
}

/** The change of a journal entry. */
export function entryOf(change: HostsChange): {
  readonly journal: string;
  readonly change: object;
} {
  return { journal: 'hosts', change };
}
