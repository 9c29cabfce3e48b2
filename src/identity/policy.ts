// Parses and evaluates resource policies.

import { type Conditions, holds, type RequestValues, readConditions } from './conditions.ts';
import { IdentityError } from './errors.ts';
import { repeatedName } from './json-names.ts';
import { isLike } from './wildcards.ts';

/** A statement, with single values converted to lists. */
export interface Statement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: Names | undefined;
  readonly resources: Names | undefined;
  /** Set only in resource policies. */
  readonly principals: Principals | undefined;
  readonly conditions: Conditions;
}

/** Listed names, or all names except those listed (`NotAction`, `NotResource`). */
export interface Names {
  readonly not: boolean;
  readonly patterns: readonly string[];
}

/** The principals that a statement of a resource policy names. */
export interface Principals {
  readonly not: boolean;
  readonly anyone: boolean;
  /** ARNs and 12-digit account ids. */
  readonly aws: readonly string[];
  /** `mq.amazonaws.com` */
  readonly services: readonly string[];
}

/** A valid policy. */
export interface Policy {
  readonly statements: readonly Statement[];
}

/** The caller, in the forms that resource policies use. */
export interface PolicyPrincipal {
  /** 12 digits */
  readonly accountId: string;
  /** The ARN of the caller and, for a session, of its role; empty for a service. */
  readonly arns: readonly string[];
  /** The service principal, if a service calls for itself. */
  readonly service: string | undefined;
  readonly isRoot: boolean;
}

/** A request to evaluate. */
export interface PolicyRequest {
  /** `kms:Decrypt` */
  readonly action: string;
  readonly resource: string;
  readonly principal: PolicyPrincipal;
  readonly values: RequestValues;
}

/**
 * The result of evaluating a resource policy:
 * - `denied`: a statement denies the request, regardless of others that allow it.
 * - `allowed`: a statement allows this caller.
 * - `delegated`: a statement allows the caller's account, so the caller's own policies decide.
 * - `silent`: no statement applies.
 */
export type Verdict = 'denied' | 'allowed' | 'delegated' | 'silent';

/**
 * Parses a resource policy.
 *
 * @throws {IdentityError} 'malformed-policy'
 */
export function readResourcePolicy(text: string): Policy {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw malformed('The policy is not valid JSON.');
  }
  // Readers could take the first of two members with the same name, while the last one applies.
  const twice = repeatedName(text);
  if (twice !== undefined) {
    throw malformed(`The policy has an object with two members named ${twice.slice(0, 64)}.`);
  }
  if (!isObject(parsed)) throw malformed('The policy is not a JSON object.');
  refuseOthers(parsed, ['Version', 'Id', 'Statement']);
  const version = parsed['Version'] ?? '2008-10-17';
  if (version !== '2012-10-17' && version !== '2008-10-17') {
    throw malformed('The policy has an unknown Version; 2012-10-17 is allowed.');
  }
  const listed = parsed['Statement'];
  const statements = Array.isArray(listed) ? listed : [listed];
  if (statements.length === 0) throw malformed('The policy has no statement.');
  return { statements: statements.map(readStatement) };
}

/** Evaluates a resource policy. */
export function judge(policy: Policy, request: PolicyRequest): Verdict {
  let verdict: Verdict = 'silent';
  for (const statement of policy.statements) {
    const match = principalMatch(statement, request.principal);
    if (match === 'none' || !covers(statement, request)) continue;
    if (statement.effect === 'Deny') return 'denied';
    if (match === 'direct') verdict = 'allowed';
    else if (verdict === 'silent') verdict = 'delegated';
  }
  return verdict;
}

function covers(statement: Statement, request: PolicyRequest): boolean {
  const { actions, resources, conditions } = statement;
  const action = request.action.toLowerCase();
  if (!named(actions, (pattern) => isLike(pattern.toLowerCase(), action))) return false;
  if (!named(resources, (pattern) => isLike(pattern, request.resource))) return false;
  return holds(conditions, request.values, statement.effect);
}

function named(names: Names | undefined, matches: (pattern: string) => boolean): boolean {
  return names !== undefined && names.patterns.some(matches) !== names.not;
}

function principalMatch(
  { principals, effect }: Statement,
  caller: PolicyPrincipal,
): 'none' | 'account' | 'direct' {
  if (principals === undefined) return 'none';
  const match = listedMatch(principals, caller);
  if (principals.not) return match === 'none' ? 'direct' : 'none';
  // Denying an account denies everyone in it. Only an Allow is delegated.
  return effect === 'Deny' && match === 'account' ? 'direct' : match;
}

function listedMatch(principals: Principals, caller: PolicyPrincipal) {
  if (principals.anyone) return 'direct';
  if (caller.service !== undefined) {
    return principals.services.includes(caller.service) ? 'direct' : 'none';
  }
  if (principals.aws.some((arn) => caller.arns.includes(arn))) return 'direct';
  const { accountId } = caller;
  const ofAccount = principals.aws.some((arn) => arn === accountId || arn === rootOf(accountId));
  if (!ofAccount) return 'none';
  return caller.isRoot ? 'direct' : 'account';
}

function rootOf(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}

function readStatement(value: unknown): Statement {
  if (!isObject(value)) throw malformed('A statement is not a JSON object.');
  refuseOthers(value, statementMembers);
  const { Effect: effect, Sid: sid } = value;
  if (effect !== 'Allow' && effect !== 'Deny') {
    throw malformed('The Effect of a statement is neither Allow nor Deny.');
  }
  if (sid !== undefined && typeof sid !== 'string') {
    throw malformed('The Sid of a statement is not a string.');
  }
  const actions = readNames(value, 'Action');
  if (actions === undefined) throw malformed('A statement has no Action.');
  const principals = readPrincipals(value);
  if (principals === undefined) throw malformed('A statement has no Principal.');
  return {
    sid,
    effect,
    actions,
    resources: readNames(value, 'Resource'),
    principals,
    conditions: readConditions(value['Condition']),
  };
}

const statementMembers = [
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Principal',
  'NotPrincipal',
  'Condition',
];

function readNames(statement: object, member: 'Action' | 'Resource'): Names | undefined {
  const listed = oneOf(statement, member);
  return listed && { not: listed.not, patterns: strings(listed.value, member) };
}

function readPrincipals(statement: object): Principals | undefined {
  const listed = oneOf(statement, 'Principal');
  if (listed === undefined) return undefined;
  const { not, value } = listed;
  if (value === '*') return { not, anyone: true, aws: [], services: [] };
  if (!isObject(value)) throw malformed('A Principal is neither "*" nor an object.');
  refuseOthers(value, ['AWS', 'Service', 'Federated', 'CanonicalUser']);
  const aws = strings(value['AWS'] ?? [], 'Principal');
  return {
    not,
    anyone: aws.includes('*'),
    aws: aws.filter((name) => name !== '*'),
    services: strings(value['Service'] ?? [], 'Principal'),
  };
}

/** Returns a member or its negation. A statement must not have both. */
function oneOf(statement: object, member: string): { not: boolean; value: unknown } | undefined {
  const members = new Map<string, unknown>(Object.entries(statement));
  const not = members.has(`Not${member}`);
  if (!not && !members.has(member)) return undefined;
  if (not && members.has(member)) {
    throw malformed(`A statement has both ${member} and Not${member}.`);
  }
  return { not, value: members.get(not ? `Not${member}` : member) };
}

function strings(value: unknown, member: string): readonly string[] {
  const listed: unknown[] = Array.isArray(value) ? value : [value];
  return listed.map((each) => {
    if (typeof each === 'string' && each !== '') return each;
    throw malformed(`The ${member} of a statement is not a string or a list of them.`);
  });
}

function refuseOthers(value: object, allowed: readonly string[]): void {
  const other = Object.keys(value).find((name) => !allowed.includes(name));
  if (other !== undefined) {
    throw malformed(`The policy has an unknown element: ${other.slice(0, 64)}.`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(message: string): IdentityError {
  return new IdentityError('malformed-policy', message);
}
