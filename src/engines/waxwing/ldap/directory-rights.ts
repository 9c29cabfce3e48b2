// Permissions of a broker that a directory contains.

import { type Clock, systemClock, type Timer } from '../../../base/clock.ts';
import type {
  Authorisation,
  AuthorisationEntry,
  DirectoryRights,
  GroupsByRight,
} from '../../../broker/activemq/rights/authorisation.ts';
import type { Directory } from '../../../ldap/directory.ts';
import { LdapError } from '../../../ldap/errors.ts';
import { type FoundPermission, findPermissions } from '../../../ldap/permissions.ts';

/** The parts that are needed to follow the permissions of a directory. */
export interface RightsParts {
  readonly directory: Pick<Directory, 'withConnection'>;
  readonly rights: DirectoryRights;
  /** Called with the permissions that were found, if they differ from those before. */
  readonly changed: (authorisation: Authorisation) => void;
  readonly report: (text: string) => void;
  readonly clock?: Clock;
}

/**
 * Follows the permissions of a directory: they are searched at the start, and regularly afterwards. If
 * a search fails, those of the last one stay; before the first one, nothing is permitted.
 */
export class FollowedRights {
  readonly #parts: RightsParts;
  readonly #clock: Clock;
  #timer: Timer | undefined = undefined;
  #last = '';
  #isClosed = false;

  constructor(parts: RightsParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
  }

  /** Searches the permissions. Resolves when the first search has ended, in whatever way. */
  async start(): Promise<void> {
    await this.#search();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.clear();
  }

  async #search(): Promise<void> {
    const { directory, rights, report } = this.#parts;
    try {
      const found = await directory.withConnection((connection) =>
        findPermissions(connection, rights),
      );
      this.#apply(found);
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      report(`the permissions cannot be read: ${error.message}`);
    }
    if (this.#isClosed) return;
    const again = () => void this.#search();
    this.#timer = this.#clock.setTimeout(again, rights.refreshMs).unref();
  }

  #apply(found: readonly FoundPermission[]): void {
    const text = JSON.stringify(found);
    if (this.#isClosed || text === this.#last) return;
    this.#last = text;
    this.#parts.changed(authorisationOf(found, this.#parts.rights));
  }
}

/** Converts permissions to an authorisation map. */
export function authorisationOf(
  found: readonly FoundPermission[],
  { temporary }: Pick<DirectoryRights, 'temporary'>,
): Authorisation {
  const entries = found.flatMap((permission): AuthorisationEntry[] => {
    const { kind, name } = permission;
    return kind === 'temporary' ? [] : [{ kind, name, ...permitted([permission]) }];
  });
  const ofTemporary = found.filter(({ kind }) => kind === 'temporary');
  return {
    entries,
    temporary: temporary === undefined ? undefined : permitted(ofTemporary),
    users: [],
  };
}

function permitted(found: readonly FoundPermission[]): GroupsByRight & { users: GroupsByRight } {
  const all = (list: 'groups' | 'users'): GroupsByRight => {
    const of = (right: FoundPermission['right']) =>
      found.filter((permission) => permission.right === right).flatMap((each) => each[list]);
    return { read: of('read'), write: of('write'), admin: of('admin') };
  };
  return { ...all('groups'), users: all('users') };
}
