// The parts of the service that know the callers: the root user, and the accounts of IAM.

import type { KeyObject } from 'node:crypto';
import type { StsParts } from '../api/sts/parts.ts';
import { Authenticator } from '../aws/signing/authenticate.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { hashPassword, loginLimits, PasswordChecker } from '../crypto/password.ts';
import { Iam } from '../identity/accounts/iam.ts';
import { IdTokens } from '../identity/federation/id-tokens.ts';
import { type FetchJson, KeySets } from '../identity/federation/key-sets.ts';
import { RoleTrust } from '../identity/federation/role-trust.ts';
import { Identity } from '../identity/identity.ts';

/** The keys that seal what identifies callers, 256 bits each. */
export interface IdentityKeys {
  readonly secrets: KeyObject;
  readonly sessions: KeyObject;
}

/** The root user and the accounts of IAM. */
export interface IdentityParts {
  readonly identity: Identity;
  readonly iam: Iam;
}

/**
 * Connects the root user and the accounts.
 *
 * @param hash how new passwords are hashed
 */
export function identityParts(keys: IdentityKeys, hash = hashPassword): IdentityParts {
  const identity = new Identity(keys.secrets);
  const iam = new Iam({
    sealingKey: keys.secrets,
    sessionKey: keys.sessions,
    random: systemRandom,
    accountId: () => identity.accountId ?? '',
    rootKey: (accessKeyId) => identity.findAccessKey(accessKeyId),
    hashPassword: hash,
    passwordChecker: new PasswordChecker(loginLimits, systemClock),
  });
  return { identity, iam };
}

/** Connects the parts that issue credentials for the tokens of OIDC providers. */
export function stsParts(
  iam: Iam,
  fetchJson: FetchJson,
  clock: Clock,
  apiUrl: () => string,
): StsParts {
  const keySets = new KeySets(fetchJson, clock);
  const idTokens = new IdTokens({ providers: iam.providers, keySets, clock });
  return { iam, idTokens, trust: new RoleTrust(iam), apiUrl };
}

/** Services of AWS that are in one region, whose signatures may name it. */
export const globalRegion = { name: 'us-east-1', services: ['sts', 'iam'] };

/** Creates the check of signatures. */
export function authenticatorOf(iam: Iam, region: string, clock = systemClock): Authenticator {
  return new Authenticator({
    findAccessKey: (...of) => iam.callers.find(...of),
    region,
    globalRegion,
    clock,
  });
}
