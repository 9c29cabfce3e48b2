// The key service.

import type { KeyObject } from 'node:crypto';
import type { Random } from '../base/random.ts';
import { noPrincipalNames, type PrincipalNames } from '../identity/policies/principal-ids.ts';
import type { PrincipalPolicySource } from '../identity/policies/principal-policies.ts';
import { Authoriser } from './access/authoriser.ts';
import { Aliases } from './aliases.ts';
import { Ciphers } from './ciphers/ciphers.ts';
import { Materials } from './ciphers/materials.ts';
import { GrantTokens } from './grants/grant-tokens.ts';
import { Grants } from './grants/grants.ts';
import { KeyCreation } from './key-creation.ts';
import { KeyFinder } from './key-finder.ts';
import { Keys } from './keys.ts';
import { KmsJournal } from './kms-journal.ts';
import type { KeyRecord } from './records.ts';
import type { Result, ServiceStep } from './result.ts';
import { Rotations } from './rotations.ts';

/** Called with the ARN of a key that may have become usable or unusable, after the change. */
export type KeyListener = (keyArn: string) => void;

/** The parts that the key service needs. */
export interface KmsOptions {
  /** 256 bits, derived from the data key of the system volume. */
  readonly wrappingKey: KeyObject;
  readonly random: Random;
  /** Finds the policies of callers. */
  readonly principals: PrincipalPolicySource;
  /** Finds the unique ids of the principals that policies and grants name. */
  readonly names?: PrincipalNames;
}

/**
 * The key service: keys, aliases, grants and ciphertexts, stored in one journal. Operations only
 * read the state. Their {@link Result} contains the changes, which must be committed in the same
 * turn of the event loop, so that all checks still hold, and announced afterwards.
 */
export class Kms {
  readonly journal = new KmsJournal();
  readonly keys: Keys;
  readonly aliases: Aliases;
  readonly grants: Grants;
  readonly ciphers: Ciphers;
  readonly rotations: Rotations;
  readonly #onKey: KeyListener[] = [];

  constructor({ wrappingKey, random, principals, names = noPrincipalNames }: KmsOptions) {
    const { journal } = this;
    const finder = new KeyFinder(journal);
    const authoriser = new Authoriser(journal, principals);
    const materials = new Materials(wrappingKey, random);
    const tokens = new GrantTokens(wrappingKey, random);
    const creation = new KeyCreation({ journal, authoriser, materials, random, names });
    this.keys = new Keys({ journal, finder, authoriser, creation, tokens, names });
    this.aliases = new Aliases({ journal, finder, authoriser });
    this.grants = new Grants({ journal, finder, authoriser, tokens, random, names });
    this.ciphers = new Ciphers({ finder, authoriser, materials, tokens, random });
    this.rotations = new Rotations({ keys: this.keys, materials });
  }

  /** Registers a listener for changes of keys: state, policy, grants, deletion. */
  onKeyChanged(listener: KeyListener): void {
    this.#onKey.push(listener);
  }

  /** Notifies the listeners of changes. Call it after the changes are synced. */
  announce({ changes, keys }: Pick<Result<unknown>, 'changes' | 'keys'>): void {
    const concernsKeys = changes.some((change) => {
      return ('put' in change ? change.put : change.delete) !== 'alias';
    });
    if (!concernsKeys) return;
    for (const key of keys) for (const listener of this.#onKey) listener(key.arn);
  }

  /**
   * Yields the deletions and rotations of keys that are due. The caller commits each one with its
   * audit record, announces it, and only then advances the generator. Each is determined from the
   * current state of the key, so a deletion that was cancelled in the meantime is not performed.
   *
   * @param ids the keys to examine: some of {@link KmsJournal.idsWithSteps}, or all
   */
  *tick(
    nowMs: number,
    ids: readonly string[] = this.journal.idsWithSteps(),
  ): Generator<ServiceStep, void> {
    const { keys, rotations } = this;
    for (const id of ids) {
      for (const due of [
        (key: KeyRecord) => keys.dueDeletion(key, nowMs),
        (key: KeyRecord) => rotations.dueOnDemand(key, nowMs),
        (key: KeyRecord) => rotations.dueAutomatic(key, nowMs),
      ]) {
        const key = this.journal.key(id);
        const step = key && due(key);
        if (step) yield step;
      }
    }
  }
}
