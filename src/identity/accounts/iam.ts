// Identity and access management: the accounts of people and programs.

import type { KeyObject } from 'node:crypto';
import type { Random } from '../../base/random.ts';
import type { PasswordChecker } from '../../crypto/password.ts';
import { AuthorizationMessages } from '../authorization-messages.ts';
import { OidcProviders } from '../federation/providers.ts';
import { WebIdentityTokens } from '../federation/web-identity-tokens.ts';
import { AccessKeys } from './access-keys.ts';
import { AccountSettings } from './account-settings.ts';
import { iamArn } from './arns.ts';
import { Groups } from './groups.ts';
import { IamJournal } from './iam-journal.ts';
import { MfaDevices } from './mfa/devices.ts';
import { Passwords } from './passwords/passwords.ts';
import { AccountPrincipals } from './policies/account-principals.ts';
import { Attachments } from './policies/attachments.ts';
import { InlinePolicies } from './policies/inline-policies.ts';
import { ManagedPolicies } from './policies/managed-policies.ts';
import { PoliciesOfCallers } from './policies/policies-of-callers.ts';
import type { EntityKind, EntityRecord } from './records.ts';
import { Roles } from './roles.ts';
import { Callers, type SigningKey } from './sessions/callers.ts';
import { SessionIssuing } from './sessions/session-issuing.ts';
import { SessionTokens } from './sessions/session-tokens.ts';
import { Users } from './users.ts';

/** The parts that IAM needs. */
export interface IamOptions {
  /** 256 bits, for secrets of access keys and MFA devices, and keys of web identity tokens. */
  readonly sealingKey: KeyObject;
  /** 256 bits, for session tokens. */
  readonly sessionKey: KeyObject;
  readonly random: Random;
  /** Returns the account id, 12 digits. */
  readonly accountId: () => string;
  /** Returns the active access key of the root user with this id. */
  readonly rootKey: (accessKeyId: string) => SigningKey | undefined;
  readonly hashPassword: (password: string) => Promise<string>;
  readonly passwordChecker: Pick<PasswordChecker, 'verify'>;
}

/**
 * The users, groups, roles, policies and credentials of the account, stored in one journal. As in
 * the key service, operations only read the state; their results contain the changes, which must be
 * committed in the same turn of the event loop.
 */
export class Iam {
  readonly journal = new IamJournal();
  readonly managed: ManagedPolicies;
  readonly inline: InlinePolicies;
  readonly attachments: Attachments;
  readonly users: Users;
  readonly groups: Groups;
  readonly roles: Roles;
  readonly accessKeys: AccessKeys;
  readonly devices: MfaDevices;
  readonly passwords: Passwords;
  readonly settings: AccountSettings;
  readonly issuing: SessionIssuing;
  readonly callers: Callers;
  readonly providers: OidcProviders;
  readonly webIdentities: WebIdentityTokens;
  readonly messages: AuthorizationMessages;
  readonly policies: PoliciesOfCallers;
  readonly principals: AccountPrincipals;
  readonly accountId: () => string;
  readonly #rootKey: IamOptions['rootKey'];

  constructor(options: IamOptions) {
    const { journal } = this;
    const { sealingKey, random, accountId } = options;
    this.accountId = accountId;
    this.managed = new ManagedPolicies({ journal, accountId, random });
    this.inline = new InlinePolicies(journal);
    this.attachments = new Attachments(journal, this.managed);
    this.users = new Users({ journal, policies: this.managed, random });
    this.groups = new Groups({ journal, random });
    this.principals = new AccountPrincipals(journal, accountId);
    const ofRoles = { journal, policies: this.managed, principals: this.principals, random };
    this.roles = new Roles(ofRoles);
    this.accessKeys = new AccessKeys(journal, sealingKey, random);
    this.devices = new MfaDevices({ journal, accountId, sealingKey, random });
    const { hashPassword: hash, passwordChecker: checker } = options;
    this.passwords = new Passwords({ journal, hash, checker, random });
    this.settings = new AccountSettings(journal);
    this.providers = new OidcProviders(journal, accountId);
    this.webIdentities = new WebIdentityTokens(journal, sealingKey, random);
    this.messages = new AuthorizationMessages(options.sessionKey, random);
    const tokens = new SessionTokens(options.sessionKey, random);
    this.issuing = new SessionIssuing({ tokens, policies: this.managed, random });
    const { rootKey } = options;
    this.#rootKey = rootKey;
    this.callers = new Callers({
      journal,
      accountId,
      accessKeys: this.accessKeys,
      tokens,
      rootKey,
    });
    this.policies = new PoliciesOfCallers(journal, this.managed);
  }

  /** Whether an access key is one of a user, or an active one of the root user. */
  hasAccessKey(accessKeyId: string): boolean {
    return (
      this.journal.accessKey(accessKeyId) !== undefined || this.#rootKey(accessKeyId) !== undefined
    );
  }

  /** The ARN of an entity. */
  arnOf(kind: EntityKind, entity: Pick<EntityRecord, 'path' | 'name'>): string {
    return iamArn(this.accountId(), kind, entity);
  }

  /**
   * The ARN of the entity with a name, for the check of permissions. For one that does not exist,
   * the ARN that it would have.
   */
  arnNamed(kind: EntityKind, name: string, path = '/'): string {
    return this.arnOf(kind, this.journal.entities(kind).named(name) ?? { name, path });
  }
}
