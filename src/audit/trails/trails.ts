// The trails of the account: their records and their signing keys.

import type { Entry, Journal } from '../../storage/journal.ts';
import { AuditError } from '../errors.ts';
import type { EventRecord } from '../record.ts';
import { isSelected } from './event-selectors.ts';
import type { SigningKeyRecord } from './signing-keys.ts';
import type { DeliveryState, TrailRecord } from './trail-record.ts';

/** A change of the trails. */
export type TrailsChange =
  | { readonly put: 'trail'; readonly trail: TrailRecord }
  | { readonly delete: 'trail'; readonly name: string }
  | { readonly put: 'key'; readonly key: SigningKeyRecord }
  | { readonly put: 'bucket'; readonly name: string };

/** The account and region of the trails. */
export interface TrailsPlace {
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
}

const arnPattern = /^arn:aws:cloudtrail:([a-z0-9-]+):(\d{12}):trail\/(.+)$/;

/** The trails, as a journal. */
export class Trails implements Journal<TrailsChange> {
  readonly name = 'trails';
  readonly #trails = new Map<string, TrailRecord>();
  readonly #keys = new Map<string, SigningKeyRecord>();
  readonly #buckets = new Set<string>();

  apply(change: TrailsChange): void {
    if ('delete' in change) this.#trails.delete(change.name);
    else if (change.put === 'trail') this.#trails.set(change.trail.name, change.trail);
    else if (change.put === 'key') this.#keys.set(change.key.fingerprint, change.key);
    else this.#buckets.add(change.name);
  }

  *snapshot(): Iterable<TrailsChange> {
    for (const name of [...this.#buckets]) yield { put: 'bucket', name };
    for (const key of [...this.#keys.values()]) yield { put: 'key', key };
    for (const name of [...this.#trails.keys()]) {
      const trail = this.#trails.get(name);
      if (trail !== undefined) yield { put: 'trail', trail };
    }
  }

  /** The trails by name. */
  all(): TrailRecord[] {
    return [...this.#trails.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Whether a trail that is logging delivers an event. */
  isWanted(event: EventRecord): boolean {
    return this.all().some((trail) => trail.isLogging && isSelected(trail, event));
  }

  get(name: string): TrailRecord | undefined {
    return this.#trails.get(name);
  }

  /** All signing keys, oldest first. Public keys are never removed. */
  keys(): SigningKeyRecord[] {
    return [...this.#keys.values()].sort((a, b) => a.fromMs - b.fromMs);
  }

  /** The buckets to which a trail delivers or has delivered. */
  buckets(): readonly string[] {
    return [...this.#buckets].sort();
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name);
  }

  /**
   * The trail with a name or ARN.
   *
   * @throws {AuditError} `trail-not-found`, `invalid-trail-name`, `invalid-trail-arn`
   */
  require(nameOrArn: string, place: TrailsPlace): TrailRecord {
    const trail = this.get(nameOf(nameOrArn, place) ?? '');
    if (trail !== undefined) return trail;
    const text = `Unknown trail: ${nameOrArn} for the user: ${place.accountId}`;
    throw new AuditError('trail-not-found', text);
  }

  /** The entry that stores a change. */
  entry(change: TrailsChange): Entry {
    return { journal: this.name, change };
  }

  /** The entry that stores the state of a trail's delivery. */
  delivered(trail: TrailRecord, delivery: DeliveryState): Entry {
    return this.entry({ put: 'trail', trail: { ...trail, delivery } });
  }
}

/** The ARN of a trail. */
export function trailArn({ region, accountId }: TrailsPlace, name: string): string {
  return `arn:aws:cloudtrail:${region}:${accountId}:trail/${name}`;
}

/**
 * The name in a name or ARN; undefined for the ARN of another account or region.
 *
 * @throws {AuditError} `invalid-trail-name`, `invalid-trail-arn`
 */
export function nameOf(nameOrArn: string, { region, accountId }: TrailsPlace): string | undefined {
  if (!nameOrArn.startsWith('arn:')) {
    checkTrailName(nameOrArn);
    return nameOrArn;
  }
  const [, ofRegion, ofAccount, name] = arnPattern.exec(nameOrArn) ?? [];
  if (name === undefined) {
    const text = `The trail ARN ${nameOrArn} is not valid; expected arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME.`;
    throw new AuditError('invalid-trail-arn', text);
  }
  return ofRegion === region && ofAccount === accountId ? name : undefined;
}

/**
 * Checks the name of a trail.
 *
 * @throws {AuditError} `invalid-trail-name`
 */
export function checkTrailName(name: string): void {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new AuditError('invalid-trail-name', problem);
}

function nameProblem(name: string): string | undefined {
  if (name.length < 3) return 'Trail name too short. Minimum allowed length: 3 characters.';
  if (name.length > 128) return 'Trail name too long. Maximum allowed length: 128 characters.';
  if (!/^[A-Za-z0-9._-]+$/.test(name)) {
    return 'Trail name can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).';
  }
  if (!/^[A-Za-z0-9]/.test(name)) return 'Trail name must start with a letter or a number.';
  if (!/[A-Za-z0-9]$/.test(name)) return 'Trail name must end with a letter or a number.';
  if (/[._-]{2}/.test(name)) {
    return 'Trail name cannot have adjacent periods, underscores, or hyphens.';
  }
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(name)) return 'Trail name must not be an IP address.';
  return undefined;
}
