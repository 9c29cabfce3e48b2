// The key service.

import type { KeyObject } from 'node:crypto';
import type { Random } from '../base/random.ts';
import { noPrincipalNames, type PrincipalNames } from '../identity/policies/principal-ids.ts';
import type { PrincipalPolicySource } from '../identity/policies/principal-policies.ts';
import type { ErasableSecrets } from '../storage/erasable/erasable-secrets.ts';
import { Authoriser } from './access/authoriser.ts';
import { KeyUses } from './access/key-uses.ts';
import { Aliases } from './aliases.ts';
import { KeyPairs } from './asymmetric/key-pairs.ts';
import { Signatures } from './asymmetric/signatures.ts';
import { Ciphers } from './ciphers/ciphers.ts';
import { DataKeys } from './ciphers/data-keys.ts';
import { Materials } from './ciphers/materials.ts';
import { Sealing } from './ciphers/sealing.ts';
import { GrantTokens } from './grants/grant-tokens.ts';
import { Grants } from './grants/grants.ts';
import { ImportTokens } from './imports/import-tokens.ts';
import { Imports } from './imports/imports.ts';
import { KeyCreation } from './key-creation.ts';
import { KeyFinder } from './key-finder.ts';
import { Keys } from './keys.ts';
import { KmsJournal } from './kms-journal.ts';
import { LastUses } from './last-uses.ts';
import { Macs } from './macs.ts';
import type { KeyRecord } from './records.ts';
import type { Result, ServiceStep } from './result.ts';
import { Rotations } from './rotations.ts';

/** Called with the ARN of a key that may have become usable or unusable, after the change. */
export type KeyListener = (keyArn: string) => void;

/** The parts that the key service needs. */
export interface KmsOptions {
  /** 256 bits, derived from the data key of the system volume. */
  readonly wrappingKey: KeyObject;
  /** Seals key materials. Open it before a key is created or used. */
  readonly secrets: ErasableSecrets;
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
  readonly dataKeys: DataKeys;
  readonly signatures: Signatures;
  readonly macs: Macs;
  readonly rotations: Rotations;
  readonly imports: Imports;
  readonly materials: Materials;
  readonly lastUses: LastUses;
  readonly #onKey: KeyListener[] = [];

  constructor({ wrappingKey, secrets, random, principals, names = noPrincipalNames }: KmsOptions) {
    const { journal } = this;
    const finder = new KeyFinder(journal);
    const authoriser = new Authoriser(journal, principals);
    const materials = new Materials({ wrappingKey, secrets, random });
    const tokens = new GrantTokens(wrappingKey, random);
    const uses = new KeyUses({ finder, authoriser, tokens });
    const pairs = new KeyPairs();
    const sealing = new Sealing({ materials, random });
    const creation = new KeyCreation({ journal, authoriser, materials, pairs, random, names });
    this.materials = materials;
    this.keys = new Keys({ journal, finder, authoriser, creation, tokens, names });
    this.lastUses = new LastUses({ journal, finder, authoriser });
    this.aliases = new Aliases({ journal, finder, authoriser });
    this.grants = new Grants({ journal, finder, authoriser, tokens, random, names });
    this.ciphers = new Ciphers({ finder, uses, materials, sealing });
    this.dataKeys = new DataKeys({ uses, sealing, pairs, random });
    this.signatures = new Signatures({ uses, materials, random });
    this.macs = new Macs({ uses, materials });
    this.rotations = new Rotations({ keys: this.keys, materials });
    const importTokens = new ImportTokens(wrappingKey);
    this.imports = new Imports({ keys: this.keys, materials, pairs, tokens: importTokens });
  }

  /** Registers a listener for changes of keys: state, policy, grants, deletion. */
  onKeyChanged(listener: KeyListener): void {
    this.#onKey.push(listener);
  }

  /**
   * Notifies the listeners of changes, and destroys the materials that they removed. Call it after
   * the changes are synced.
   *
   * @returns a promise that resolves once the materials are destroyed; undefined if there are none
   */
  announce({
    changes,
    keys,
  }: Pick<Result<unknown>, 'changes' | 'keys'>): Promise<void> | undefined {
    const concernsKeys = changes.some((change) => {
      return ('put' in change ? change.put : change.delete) !== 'alias';
    });
    if (!concernsKeys) return undefined;
    for (const key of keys) for (const listener of this.#onKey) listener(key.arn);
    // After a failure, the next tick tries again and reports it.
    return this.materials.destroyRemoved(changes, keys).catch(() => {});
  }

  /**
   * Yields the deletions, expiries and rotations of keys that are due. The caller commits each one with its
   * audit record, announces it, and only then advances the generator. Each is determined from the
   * current state of the key, so a deletion that was cancelled in the meantime is not performed.
   *
   * @param ids the keys to examine: some of {@link KmsJournal.idsWithSteps}, or all
   */
  *tick(
    nowMs: number,
    ids: readonly string[] = this.journal.idsWithSteps(),
  ): Generator<ServiceStep, void> {
    const { keys, rotations, imports } = this;
    for (const id of ids) {
      for (const due of [
        (key: KeyRecord) => keys.dueDeletion(key, nowMs),
        (key: KeyRecord) => imports.dueExpiry(key, nowMs),
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
