// The decision about a request, from all policies that apply to it.

import type { CompiledPolicy, PolicySource, Position } from './compiled-policy.ts';
import { Evaluation } from './evaluation.ts';
import type { PrincipalPolicies } from './principal-policies.ts';
import { type Naming, type PolicyPrincipal, stronger } from './principals.ts';
import { type ContextValues, EvaluationLimit } from './scope.ts';

/** A request to decide about. */
export interface PolicyRequest {
  readonly principal: PolicyPrincipal;
  /** `kms:Decrypt` */
  readonly action: string;
  /** An ARN, or `*` for actions without resources. */
  readonly resource: string;
  readonly values: ContextValues;
  /** The values for the policy of the resource, if they differ. */
  readonly resourceValues?: ContextValues;
}

/** All policies that apply to a request. */
export interface ApplicablePolicies extends PrincipalPolicies {
  /** The policy of the resource: a key policy, or the trust policy of a role. */
  readonly resource?: CompiledPolicy | undefined;
  /** The account of the resource, if it may be another one than the caller's. */
  readonly resourceAccountId?: string | undefined;
  /**
   * Whether identity policies only count if the policy of the resource names the account, as for
   * keys and roles. Not even the root user has other rights on such a resource.
   */
  readonly isResourcePolicyRequired?: boolean;
  /** How a grant that allows the action names the caller. */
  readonly grant?: Naming;
}

/** What decided: a kind of policy, a grant, or that the caller is the root user. */
export type DecidedBy =
  | 'identity'
  | 'resource'
  | 'boundary'
  | 'session'
  | 'grant'
  | 'root'
  | 'limit';

/** A decision about a request. */
export interface Decision {
  readonly outcome: 'allowed' | 'explicitDeny' | 'implicitDeny';
  /**
   * What allowed or denied the request, or the first that should have allowed it. `limit`: the
   * evaluation was given up, because it needs too many comparisons.
   */
  readonly by: DecidedBy;
  /** The statements that caused the decision. */
  readonly matched: readonly MatchedStatement[];
}

/** A statement that matched a request. */
export interface MatchedStatement {
  readonly source: PolicySource;
  readonly sid: string | undefined;
  /** Position in the policy, from 0. */
  readonly index: number;
  readonly effect: 'Allow' | 'Deny';
  readonly start: Position;
  readonly end: Position;
}

/**
 * Decides about a request in the order of AWS: an explicit deny in any policy, then the policy of
 * the resource and grants, then identity policies, the permissions boundary, and session policies.
 *
 * @param explains whether all matching statements are collected, not only the first that decide
 * @see AWS IAM user guide, "Policy evaluation logic"
 */
export function evaluate(
  request: PolicyRequest,
  policies: ApplicablePolicies,
  explains = false,
): Decision {
  const evaluation = new Evaluation(request, policies.boundary !== undefined, explains);
  try {
    const denied = explicitDeny(evaluation, policies);
    if (denied !== undefined) return decision('explicitDeny', denied, evaluation, 'Deny');
    const { isAllowed, by } = allowance(evaluation, request, policies);
    return decision(isAllowed ? 'allowed' : 'implicitDeny', by, evaluation, 'Allow');
  } catch (error) {
    if (!(error instanceof EvaluationLimit)) throw error;
    return { outcome: 'explicitDeny', by: 'limit', matched: [] };
  }
}

function decision(
  outcome: Decision['outcome'],
  by: DecidedBy,
  { matched }: Evaluation,
  effect: 'Allow' | 'Deny',
): Decision {
  return { outcome, by, matched: matched.filter((statement) => statement.effect === effect) };
}

function explicitDeny(
  evaluation: Evaluation,
  { resource, identity, boundary, session }: ApplicablePolicies,
): DecidedBy | undefined {
  const byResource = resource !== undefined && evaluation.denies(resource);
  if (byResource && !evaluation.explains) return 'resource';
  const byIdentity = evaluation.anyDenies(identity);
  if (byIdentity && !evaluation.explains) return 'identity';
  const byBoundary = boundary !== undefined && evaluation.denies(boundary);
  if (byBoundary && !evaluation.explains) return 'boundary';
  const bySession = session !== undefined && evaluation.anyDenies(session);
  if (byResource) return 'resource';
  if (byIdentity) return 'identity';
  if (byBoundary) return 'boundary';
  return bySession ? 'session' : undefined;
}

interface Allowance {
  readonly isAllowed: boolean;
  readonly by: DecidedBy;
}

function allowance(
  evaluation: Evaluation,
  { principal }: PolicyRequest,
  policies: ApplicablePolicies,
): Allowance {
  const { resource, resourceAccountId = principal.accountId, grant = 'none' } = policies;
  const named = resource === undefined ? 'none' : evaluation.namedBy(resource);
  const naming = stronger(named, grant);
  const byNaming: DecidedBy = naming === named ? 'resource' : 'grant';
  const isNamed = naming === 'direct' || naming === 'issuer';
  // Services and identity providers have no policies of their own.
  if (principal.accountId === '')
    return { isAllowed: isNamed, by: isNamed ? byNaming : 'resource' };
  const isOwn = resourceAccountId === principal.accountId;
  if (isOwn && naming === 'direct') return { isAllowed: true, by: byNaming };
  const isRequired = policies.isResourcePolicyRequired === true || !isOwn;
  if (isRequired && naming === 'none') return { isAllowed: false, by: 'resource' };
  if (isOwn && isNamed) return withinLimits(evaluation, policies, byNaming);
  if (policies.isAccountRoot) return withinLimits(evaluation, policies, 'root');
  if (!evaluation.anyAllows(policies.identity)) return { isAllowed: false, by: 'identity' };
  return withinLimits(evaluation, policies, 'identity');
}

/** What is allowed otherwise, the permissions boundary and session policies must allow too. */
function withinLimits(
  evaluation: Evaluation,
  { boundary, session }: ApplicablePolicies,
  by: DecidedBy,
): Allowance {
  if (boundary && !evaluation.allows(boundary)) return { isAllowed: false, by: 'boundary' };
  if (session && !evaluation.anyAllows(session)) return { isAllowed: false, by: 'session' };
  return { isAllowed: true, by };
}

const policyNames: Readonly<Record<Exclude<DecidedBy, 'limit'>, readonly [string, string]>> = {
  identity: ['an', 'identity-based policy'],
  resource: ['a', 'resource-based policy'],
  boundary: ['a', 'permissions boundary'],
  session: ['a', 'session policy'],
  grant: ['a', 'resource-based policy'],
  root: ['an', 'identity-based policy'],
};

/**
 * The message of AWS for a denied request.
 *
 * @param callerArn for a session, its own ARN
 */
export function denialMessage(
  callerArn: string,
  action: string,
  resource: string,
  { outcome, by }: Pick<Decision, 'outcome' | 'by'>,
): string {
  const start = `User: ${callerArn} is not authorized to perform: ${action} on resource: ${resource}`;
  if (by === 'limit') return `${start} because its policies need too many comparisons`;
  const [article, name] = policyNames[by];
  return outcome === 'explicitDeny'
    ? `${start} with an explicit deny in ${article} ${name}`
    : `${start} because no ${name} allows the ${action} action`;
}
