// The principals of statements in resource and trust policies.

import type { Caller } from '../../calls/caller.ts';

/** The principals that a statement names. */
export interface Principals {
  /** `NotPrincipal`: all except those named. */
  readonly not: boolean;
  /** `*` */
  readonly anyone: boolean;
  /** ARNs, 12-digit account ids, and unique ids (see `principal-ids.ts`). */
  readonly aws: ReadonlySet<string>;
  /** `mq.amazonaws.com` */
  readonly services: ReadonlySet<string>;
  /** Identity providers: `arn:aws:iam::A:oidc-provider/HOST`, `accounts.google.com`. */
  readonly federated: ReadonlySet<string>;
}

/**
 * The caller in the forms in which policies name it. A session can be named itself, or by the role
 * or user that issued it.
 */
export interface PolicyPrincipal {
  /** 12 digits; empty for services, identity providers and anonymous callers. */
  readonly accountId: string;
  /** The ARN of the user, session or root user; empty for services and identity providers. */
  readonly arn: string;
  /** The unique id of the user (`AIDA…`) or of the session (`AROA…:NAME`). */
  readonly id?: string | undefined;
  /** The role of a session, or the user that created the session of a federated user. */
  readonly issuerArn?: string | undefined;
  /** The unique id of this role or user. */
  readonly issuerId?: string | undefined;
  /** The service principal, if a service calls for itself. */
  readonly service?: string | undefined;
  /** The identity provider that vouches for the caller (`AssumeRoleWithWebIdentity`). */
  readonly federated?: string | undefined;
  readonly isRoot: boolean;
}

/**
 * How a policy or grant names a principal, from the weakest to the strongest:
 * - `none`: not at all
 * - `account`: it names the account, whose identity policies decide
 * - `issuer`: it names everyone, or the role of the session: its boundary and session policies limit
 *   what it may do
 * - `direct`: it names this user or session, which needs nothing else
 */
export type Naming = 'none' | 'account' | 'issuer' | 'direct';

const ranks: Readonly<Record<Naming, number>> = { none: 0, account: 1, issuer: 2, direct: 3 };

/** The stronger of two. */
export function stronger(a: Naming, b: Naming): Naming {
  return ranks[a] >= ranks[b] ? a : b;
}

/** The principal that a caller is to policies. */
export function policyPrincipal(caller: Caller): PolicyPrincipal {
  switch (caller.type) {
    case 'service':
      return { accountId: '', arn: '', service: caller.arn, isRoot: false };
    case 'anonymous':
    case 'sso-user':
      return { accountId: '', arn: '', isRoot: false };
    case 'web-identity': {
      const federated = caller.webIdentity?.providerArn;
      return { accountId: '', arn: '', federated, isRoot: false };
    }
    case 'root':
    case 'user':
    case 'assumed-role':
    case 'federated-user': {
      const { accountId, arn, principalId, session, temporary, type } = caller;
      const issuerArn = session?.roleArn ?? temporary?.issuerArn;
      const issuerId = session?.roleId ?? temporary?.issuerId;
      return { accountId, arn, id: principalId, issuerArn, issuerId, isRoot: type === 'root' };
    }
  }
}

/** How the principals of a statement name the caller. */
export function namingOf(
  principals: Principals,
  effect: 'Allow' | 'Deny',
  principal: PolicyPrincipal,
): Naming {
  const naming = listedNaming(principals, principal);
  if (principals.not) return naming === 'none' ? 'issuer' : 'none';
  // A Deny of an account denies everyone in it. Only an Allow leaves the decision to others.
  return effect === 'Deny' && naming === 'account' ? 'issuer' : naming;
}

function listedNaming(principals: Principals, principal: PolicyPrincipal): Naming {
  const { anyone, aws, services, federated } = principals;
  const { service, federated: provider } = principal;
  if (service !== undefined) return anyone || services.has(service) ? 'direct' : 'none';
  if (provider !== undefined) return anyone || federated.has(provider) ? 'direct' : 'none';
  const { arn, id, issuerArn, issuerId } = principal;
  if (names(aws, arn) || names(aws, id)) return 'direct';
  if (anyone || names(aws, issuerArn) || names(aws, issuerId)) return 'issuer';
  return accountNaming(aws, principal);
}

function names(aws: ReadonlySet<string>, name: string | undefined): boolean {
  return name !== undefined && name !== '' && aws.has(name);
}

function accountNaming(
  aws: ReadonlySet<string>,
  { accountId, isRoot }: PolicyPrincipal,
): 'none' | 'account' | 'direct' {
  if (accountId === '' || !(aws.has(accountId) || aws.has(rootArn(accountId)))) return 'none';
  return isRoot ? 'direct' : 'account';
}

function rootArn(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}
