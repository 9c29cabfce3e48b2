// Permissions on ActiveMQ destinations.

import type { Address } from '../../conversion/properties.ts';
import { BrokerError } from '../../errors.ts';
import type { Access } from '../../users.ts';
import { isQueue, isTemporary, qualifiedName } from '../destination.ts';
import type { Authorisation } from './authorisation.ts';
import { AuthorisationMap, type DestinationRight } from './authorisation-map.ts';

/** What a user asks to do with a destination. */
export type DestinationAction = 'read' | 'write' | 'create' | 'remove';

/** The permission for each action, and the action in the error text. */
const actions: Readonly<Record<DestinationAction, readonly [DestinationRight, string]>> = {
  read: ['read', 'read from'],
  write: ['write', 'write to'],
  create: ['admin', 'create'],
  remove: ['admin', 'remove'],
};

/** The permissions of the users of a broker, for all protocols. */
export class Rights {
  #map: AuthorisationMap | undefined;
  readonly #refused: (access: Pick<Access, 'user'>, text: string) => void;

  /**
   * @param authorisation undefined if every user has all permissions
   * @param refused called for each action that is not permitted
   */
  constructor(
    authorisation: Authorisation | undefined,
    refused: (access: Pick<Access, 'user'>, text: string) => void = () => {},
  ) {
    this.#refused = refused;
    this.#map = authorisation && new AuthorisationMap(authorisation);
  }

  /**
   * Replaces the permissions. Uses of destinations that were checked before are not checked again
   * until the version of the virtual host changes.
   */
  replace(authorisation: Authorisation): void {
    this.#map = new AuthorisationMap(authorisation);
  }

  /** Whether there are permissions to check. */
  get areRestricted(): boolean {
    return this.#map !== undefined;
  }

  /** Whether a user has the permission for an action. */
  permits(
    { user, groups }: Pick<Access, 'user' | 'groups'>,
    action: DestinationAction,
    address: Address,
  ): boolean {
    const map = this.#map;
    if (map === undefined) return true;
    const [right] = actions[action];
    return isTemporary(address)
      ? map.permitsTemporary(user, right, groups)
      : map.permits(user, right, isQueue(address) ? 'queue' : 'topic', address.name, groups);
  }

  /**
   * Requires the permission for an action. A name with wildcards stands for all names that they
   * match.
   *
   * @param shown the destination for the error text, if it is part of a list
   * @throws {BrokerError} `access-refused`, with ActiveMQ's text
   */
  require(
    access: Pick<Access, 'user' | 'groups'>,
    action: DestinationAction,
    address: Address,
    shown: string = qualifiedName(address),
  ): void {
    if (this.permits(access, action, address)) return;
    const { user } = access;
    const [, verb] = actions[action];
    const text = `User ${user} is not authorized to ${verb}: ${shown}`;
    this.#refused(access, text);
    throw new BrokerError('access-refused', text);
  }
}
