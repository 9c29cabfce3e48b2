// The roles that people get through single sign-on: those whose trust policies let them.

import type { Caller } from '../../calls/caller.ts';
import type { Iam } from '../accounts/iam.ts';
import type { RoleRecord } from '../accounts/records.ts';
import type { TemporaryKey } from '../accounts/sessions/session-issuing.ts';
import { claimValues } from '../federation/claim-values.ts';
import type { RoleTrust } from '../federation/role-trust.ts';
import type { CallFacts, NamedValues } from '../policies/call-values.ts';
import { type Person, personId, providerName, sessionName } from './person.ts';
import type { SignInRecord } from './sign-in-record.ts';

/** Roles that are examined in one turn of the event loop. */
const rolesPerTurn = 64;

/** The parts of a call that decisions depend on. */
type Call = Omit<CallFacts, 'caller'>;

/** Credentials of a role. */
export interface RoleCredentials {
  readonly key: TemporaryKey;
  readonly role: RoleRecord;
  readonly sessionArn: string;
}

/**
 * The roles of people. A user of the account gets the roles that AssumeRole would give, and a person of
 * an outside provider those of AssumeRoleWithWebIdentity.
 */
export class RoleAssignments {
  readonly #iam: Iam;
  readonly #trust: RoleTrust;

  constructor(iam: Iam, trust: RoleTrust) {
    this.#iam = iam;
    this.#trust = trust;
  }

  /** The name of a person, for the trail and for names of sessions. */
  nameOf(person: Person): string {
    if (person.type === 'provider') return providerName(person);
    return this.#iam.journal.users.byId(person.userId)?.name ?? person.userId;
  }

  /** The person as the caller of the portal's operations. */
  portalCaller({ person, id }: SignInRecord): Caller {
    return {
      type: 'sso-user',
      accountId: this.#iam.accountId(),
      arn: '',
      principalId: personId(person),
      userName: this.nameOf(person),
      signInId: id,
    };
  }

  /**
   * The roles that a person may use, sorted by name.
   *
   * @param nextTurn resolves in a later turn of the event loop
   */
  async rolesOf(
    { person }: Pick<SignInRecord, 'person'>,
    call: Call,
    nextTurn: () => Promise<void>,
  ): Promise<readonly RoleRecord[]> {
    const found: RoleRecord[] = [];
    let count = 0;
    for (const role of [...this.#iam.journal.roles.values()]) {
      if (role.service === undefined && this.#mayUse(person, role, call)) found.push(role);
      count += 1;
      if (count % rolesPerTurn === 0) await nextTurn();
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /**
   * Issues credentials of a role; undefined if the person may not use it, or it does not exist.
   *
   * @param console the time for which the credentials are wanted, if they are for the web console
   */
  credentials(
    { person }: Pick<SignInRecord, 'person'>,
    roleName: string,
    call: Call,
    console?: { readonly durationMs: number },
  ): RoleCredentials | undefined {
    const role = this.#iam.journal.roles.named(roleName);
    if (role === undefined || role.service !== undefined) return undefined;
    if (!this.#mayUse(person, role, call)) return undefined;
    const name = sessionName(this.nameOf(person));
    const key = this.#iam.issuing.issue({
      holder: { type: 'role', roleId: role.id, name },
      issuedMs: call.nowMs,
      expiresMs:
        call.nowMs + Math.min(role.maxSessionSeconds * 1000, console?.durationMs ?? Infinity),
      isFromConsole: console && true,
      mfaAtMs: person.type === 'user' ? person.mfaAtMs : undefined,
      ...(person.type === 'provider' && {
        federatedProvider: this.#iam.providers.arnOf(person.provider),
      }),
    });
    const sessionArn = `arn:aws:sts::${this.#iam.accountId()}:assumed-role/${role.name}/${name}`;
    return { key, role, sessionArn };
  }

  #mayUse(person: Person, role: RoleRecord, call: Call): boolean {
    const caller = this.#callerOf(person);
    if (caller === undefined) return false;
    const name = { 'sts:RoleSessionName': sessionName(this.nameOf(person)) };
    if (person.type === 'user') {
      return this.#trust.allows(role, ['sts:AssumeRole'], { ...call, caller }, name);
    }
    const { provider, claims, audience } = person;
    const values: NamedValues = { ...claimValues(provider, claims, audience), ...name };
    return this.#trust.allows(role, ['sts:AssumeRoleWithWebIdentity'], { ...call, caller }, values);
  }

  /** The person as the caller to whom a role is given; undefined for a user that no longer exists. */
  #callerOf(person: Person): Caller | undefined {
    if (person.type === 'user') return this.#iam.callers.signedIn(person.userId, person.mfaAtMs);
    const { provider, audience, subject } = person;
    const providerArn = this.#iam.providers.arnOf(provider);
    return {
      type: 'web-identity',
      accountId: '',
      arn: '',
      principalId: `${providerArn}:${audience}:${subject}`,
      userName: subject,
      webIdentity: { providerArn, audience, subject },
    };
  }
}
