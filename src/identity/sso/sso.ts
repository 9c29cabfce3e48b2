// Single sign-on: people sign in on a page, and clients get credentials of roles for them.

import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { TokenBuckets } from '../../base/token-buckets.ts';
import type { Iam } from '../accounts/iam.ts';
import type { RoleTrust } from '../federation/role-trust.ts';
import { SealedTexts } from '../sealed-texts.ts';
import { AuthorizationCodes } from './authorization-codes.ts';
import { Clients, clientIdCharactersMax } from './clients.ts';
import { DeviceAuthorizations } from './device-authorizations.ts';
import { RoleAssignments } from './role-assignments.ts';
import type { SignInJournal } from './sign-in-journal.ts';
import { SignIns } from './sign-ins.ts';
import { SignInTokens } from './tokens.ts';

/**
 * Requests that nobody has authenticated: registrations and new codes. A source is refused above its
 * rate. Above the rate of all, requests are not recorded.
 */
const unauthenticatedRate = {
  ofSource: { atOnceMax: 20, perSecond: 0.2 },
  ofAll: { atOnceMax: 200, perSecond: 5 },
  sourceCountMax: 4096,
};

/** The parts that single sign-on needs. */
export interface SsoOptions {
  readonly journal: SignInJournal;
  /** 256 bits. */
  readonly key: KeyObject;
  readonly iam: Iam;
  readonly trust: RoleTrust;
  readonly random: Random;
  readonly clock: Clock;
}

/** The parts of single sign-on. */
export class Sso {
  readonly tokens: SignInTokens;
  readonly clients: Clients;
  readonly devices: DeviceAuthorizations;
  readonly codes: AuthorizationCodes;
  readonly signIns: SignIns;
  readonly assignments: RoleAssignments;
  /** Limits unauthenticated requests. */
  readonly unauthenticated: TokenBuckets;

  constructor({ journal, key, iam, trust, random, clock }: SsoOptions) {
    const purpose = 'waxwing sso: client registration';
    const texts = new SealedTexts(key, purpose, random, clientIdCharactersMax);
    this.tokens = new SignInTokens(key);
    this.clients = new Clients(texts, this.tokens, random);
    this.devices = new DeviceAuthorizations(random);
    this.codes = new AuthorizationCodes(random);
    this.signIns = new SignIns({ journal, accounts: iam.journal, tokens: this.tokens, random });
    this.assignments = new RoleAssignments(iam, trust);
    this.unauthenticated = new TokenBuckets(unauthenticatedRate, clock);
  }
}
