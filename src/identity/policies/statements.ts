// The grammar of statements.

import type { CompiledStatement, PolicyKind } from './compiled-policy.ts';
import { compileConditions } from './conditions.ts';
import { malformed, type Reading, refuseValue } from './malformed.ts';
import { compileActions, compileResources, type ResourcePatterns } from './names.ts';
import type { Principals } from './principals.ts';

/** A statement without its place in the document. */
type Statement = Omit<CompiledStatement, 'index' | 'start' | 'end'>;

/** What the statements of a kind of policy have. */
interface Grammar {
  readonly principal: 'required' | 'forbidden';
  readonly resource: 'required' | 'optional' | 'forbidden';
  /** The form of a Sid, and how it is described. */
  readonly sid: readonly [RegExp, string] | undefined;
}

const alphanumeric = [/^[0-9A-Za-z]*$/, 'letters and digits'] as const;
const ofPrincipal: Grammar = { principal: 'forbidden', resource: 'required', sid: alphanumeric };

const grammars: Readonly<Record<PolicyKind, Grammar>> = {
  identity: ofPrincipal,
  session: ofPrincipal,
  boundary: ofPrincipal,
  resource: { principal: 'required', resource: 'optional', sid: undefined },
  trust: { principal: 'required', resource: 'forbidden', sid: alphanumeric },
};

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

/**
 * Compiles a statement.
 *
 * @throws {IdentityError} 'malformed-policy'
 */
export function compileStatement(value: unknown, kind: PolicyKind, reading: Reading): Statement {
  if (!isObject(value)) throw malformed('A statement is not a JSON object.');
  refuseOthers(value, statementMembers, 'A statement');
  const { Effect: effect } = value;
  if (effect !== 'Allow' && effect !== 'Deny') {
    throw malformed('The Effect of a statement is neither Allow nor Deny.');
  }
  const grammar = grammars[kind];
  return {
    sid: sidOf(value['Sid'], grammar),
    effect,
    actions: actionsOf(value, kind, reading),
    resources: resourcesOf(value, grammar, reading),
    principals: principalsOf(value, kind, reading),
    conditions: compileConditions(value['Condition'], reading),
  };
}

function sidOf(sid: unknown, { sid: form }: Grammar): string | undefined {
  if (sid === undefined) return undefined;
  if (typeof sid !== 'string') throw malformed('The Sid of a statement is not a string.');
  if (form !== undefined && !form[0].test(sid)) {
    throw malformed(`A statement has the Sid '${sid.slice(0, 64)}'; ${form[1]} are allowed.`);
  }
  return sid;
}

function actionsOf(statement: object, kind: PolicyKind, reading: Reading) {
  const listed = oneOf(statement, 'Action');
  if (listed === undefined) {
    throw malformed('A statement has no Action. Policy statement must contain actions.');
  }
  const names = strings(listed.value, 'Action', reading);
  const other = names.find((name) => !/^sts:/i.test(name));
  if (kind === 'trust' && other !== undefined) {
    throw malformed(
      `A trust policy has the action '${other.slice(0, 64)}'. AssumeRole policy may only specify STS AssumeRole actions.`,
    );
  }
  return compileActions(names, listed.not, reading);
}

const everyResource = compileResources(['*'], false, { hasVariables: false, isTolerant: false });

function resourcesOf(
  statement: object,
  grammar: Grammar,
  reading: Reading,
): ResourcePatterns | undefined {
  const listed = oneOf(statement, 'Resource');
  if (grammar.resource === 'forbidden') {
    if (listed === undefined) return everyResource;
    throw malformed('A trust policy has a Resource. Has prohibited field Resource.');
  }
  if (listed !== undefined) {
    return compileResources(strings(listed.value, 'Resource', reading), listed.not, reading);
  }
  if (grammar.resource === 'optional') return undefined;
  throw malformed('A statement has no Resource. Policy statement must contain resources.');
}

function principalsOf(
  statement: object,
  kind: PolicyKind,
  reading: Reading,
): Principals | undefined {
  const listed = oneOf(statement, 'Principal');
  if (grammars[kind].principal === 'forbidden') {
    if (listed === undefined) return undefined;
    throw malformed('A statement has a Principal. Policy document should not specify a principal.');
  }
  if (listed === undefined) throw malformed('A statement has no Principal.');
  if (listed.not && kind === 'trust') {
    throw malformed('A trust policy has a NotPrincipal. Has prohibited field NotPrincipal.');
  }
  const principals = principalsFrom(listed.value, listed.not, reading);
  if (kind === 'trust') refuseWrongNames(principals);
  return principals;
}

function principalsFrom(value: unknown, not: boolean, reading: Reading): Principals {
  if (value === '*') {
    return { not, anyone: true, aws: new Set(), services: new Set(), federated: new Set() };
  }
  if (!isObject(value)) throw malformed('A Principal is neither "*" nor an object of principals.');
  if (Object.keys(value).length === 0) refuseValue('A Principal names nobody.', reading);
  refuseOthers(value, ['AWS', 'Service', 'Federated', 'CanonicalUser'], 'A Principal');
  const namesOf = (member: string) =>
    value[member] === undefined ? [] : strings(value[member], 'Principal', reading);
  const aws = namesOf('AWS');
  // Canonical users belong to a service that is not offered, so they are nobody.
  namesOf('CanonicalUser');
  return {
    not,
    anyone: aws.includes('*'),
    aws: new Set(aws.filter((name) => name !== '*')),
    services: new Set(namesOf('Service')),
    federated: new Set(namesOf('Federated')),
  };
}

function refuseWrongNames({ aws, services, federated }: Principals): void {
  const wrong =
    [...aws].find((name) => !isAwsPrincipal(name) && !/^A(IDA|ROA)[A-Z0-9]{17}$/.test(name)) ??
    [...services].find((name) => !/^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$/.test(name)) ??
    [...federated].find((name) => /[*?\s]/.test(name));
  if (wrong !== undefined)
    throw malformed(`Invalid principal in policy: "${wrong.slice(0, 128)}".`);
}

/** Whether a name is an account id, or the ARN of a root user, user, role or session. */
export function isAwsPrincipal(name: string): boolean {
  return (
    /^\d{12}$/.test(name) ||
    /^arn:aws:iam::\d{12}:(root|(user|role)\/[\w+=,.@/-]+)$/.test(name) ||
    /^arn:aws:sts::\d{12}:(assumed-role|federated-user)\/[\w+=,.@/-]+$/.test(name)
  );
}

/** Returns a member or its negation. A statement must not have both. */
function oneOf(
  statement: object,
  member: 'Action' | 'Resource' | 'Principal',
): { readonly not: boolean; readonly value: unknown } | undefined {
  const members = new Map<string, unknown>(Object.entries(statement));
  const not = members.has(`Not${member}`);
  if (!not && !members.has(member)) return undefined;
  if (not && members.has(member)) {
    throw malformed(`A statement has both ${member} and Not${member}.`);
  }
  return { not, value: members.get(not ? `Not${member}` : member) };
}

function strings(value: unknown, member: string, reading: Reading): readonly string[] {
  const listed: unknown[] = Array.isArray(value) ? value : [value];
  if (listed.length === 0) refuseValue(`The ${member} of a statement is an empty list.`, reading);
  return listed.map((each) => {
    if (typeof each === 'string' && each !== '') return each;
    throw malformed(`The ${member} of a statement is not a string or a list of them.`);
  });
}

/** Refuses members with other names. */
export function refuseOthers(value: object, allowed: readonly string[], what: string): void {
  const other = Object.keys(value).find((name) => !allowed.includes(name));
  if (other !== undefined) {
    throw malformed(
      `${what} has an unknown element: ${other.slice(0, 64)}; ${allowed.join(', ')} are allowed.`,
    );
  }
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
