// The callers of the identity fuzzer, and the policies that apply to them: from the records, without
// the code of the service that finds them.

import { providedPolicy } from '../../../src/identity/accounts/policies/provided-policies.ts';
import type { EntityRecord, UserRecord } from '../../../src/identity/accounts/records.ts';
import type { Document, SlowRequest, Statement } from '../../policies/slow-evaluator.ts';
import { accountId, type ControlPlane, region } from '../../support/control-plane.ts';

/** A caller with what it signs with. */
export interface FuzzCaller {
  readonly kind: 'root' | 'user' | 'user-session' | 'role-session' | 'federated';
  /** The unique id of the user or role; empty for the root user. */
  readonly id: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Of a session. */
  readonly name?: string;
  readonly policies?: readonly string[];
  readonly policyArns?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly expiresMs?: number;
}

/** A caller as the second evaluator knows it, with all that applies to it. */
export type Principal = Pick<
  SlowRequest,
  'caller' | 'context' | 'identity' | 'boundary' | 'session'
> & {
  /** The unique ids behind the ARNs of the caller and its issuer. */
  readonly ids: { readonly own: string; readonly issuer: string };
};

const iam = `arn:aws:iam::${accountId}`;

/** Returns what applies to a caller now; undefined if it is no caller any more. */
export function principalOf(plane: ControlPlane, caller: FuzzCaller): Principal | undefined {
  const { journal } = plane.iamDomain;
  const { kind, id, name = '' } = caller;
  if (caller.expiresMs !== undefined && caller.expiresMs <= plane.machine.clock.nowMs()) {
    return undefined;
  }
  const session = kind === 'user' ? undefined : sessionOf(plane, caller);
  if (kind === 'root') {
    const arn = `${iam}:root`;
    return principal(plane, caller, { kind: 'root', account: accountId, arn }, [], {}, session);
  }
  if (kind === 'role-session') {
    const role = journal.roles.byId(id);
    if (role === undefined) return undefined;
    const arn = `arn:aws:sts::${accountId}:assumed-role/${role.name}/${name}`;
    const of = { kind: 'session', account: accountId, arn, role: arnOf('role', role) } as const;
    const tags = { ...tagsOf(role), ...caller.tags };
    const ids = { own: `${id}:${name}`, issuer: id };
    const documents = documentsOf(plane, role);
    return { ...principal(plane, caller, of, documents, tags, session, role.boundary), ids };
  }
  const user = journal.users.byId(id);
  if (user === undefined || !hasKey(plane, caller)) return undefined;
  const groups = user.groups.flatMap((groupId) => journal.groups.byId(groupId) ?? []);
  const documents = [user, ...groups].flatMap((entity) => documentsOf(plane, entity));
  const tags = { ...tagsOf(user), ...caller.tags };
  if (kind === 'federated') {
    const arn = `arn:aws:sts::${accountId}:federated-user/${name}`;
    const of = { kind: 'session', account: accountId, arn, role: arnOf('user', user) } as const;
    const made = principal(plane, caller, of, documents, tags, session ?? [], user.boundary);
    return { ...made, ids: { own: '', issuer: id } };
  }
  const of = { kind: 'user', account: accountId, arn: arnOf('user', user) } as const;
  const made = principal(plane, caller, of, documents, tags, undefined, user.boundary);
  return { ...made, ids: { own: id, issuer: '' } };
}

function hasKey(plane: ControlPlane, { kind, id, credentials }: FuzzCaller): boolean {
  if (kind !== 'user') return true;
  const key = plane.iamDomain.journal.accessKey(credentials.accessKeyId);
  return key?.userId === id && key.status === 'Active';
}

function principal(
  plane: ControlPlane,
  { kind }: FuzzCaller,
  caller: SlowRequest['caller'],
  identity: readonly Document[],
  tags: Readonly<Record<string, string>>,
  session: readonly Document[] | undefined,
  boundary?: string,
): Principal {
  const isTemporary = kind !== 'user' && kind !== 'root';
  const types = { root: 'Account', user: 'User', session: 'AssumedRole', service: '' };
  const context: Record<string, string | readonly string[]> = {
    'aws:PrincipalArn': kind === 'role-session' ? (caller.role ?? '') : caller.arn,
    'aws:PrincipalType': kind === 'federated' ? 'FederatedUser' : types[caller.kind],
    'aws:SourceIp': '192.0.2.1',
    'aws:RequestedRegion': region,
    'aws:SecureTransport': 'true',
    'aws:ViaAWSService': 'false',
    ...(isTemporary && { 'aws:TokenIssueTime': 'known', 'aws:MultiFactorAuthPresent': 'false' }),
    ...(caller.kind === 'user' && { 'aws:username': caller.arn.replace(/^.*\//, '') }),
  };
  for (const [key, value] of Object.entries(tags)) context[`aws:PrincipalTag/${key}`] = value;
  return {
    caller,
    context,
    identity,
    boundary: boundary === undefined ? undefined : managed(plane, boundary),
    session,
    ids: { own: '', issuer: '' },
  };
}

/** The session policies; undefined if none were passed. */
function sessionOf(
  plane: ControlPlane,
  { policies = [], policyArns = [] }: FuzzCaller,
): readonly Document[] | undefined {
  if (policies.length + policyArns.length === 0) return undefined;
  return [...policies.map(readDocument), ...policyArns.map((arn) => managed(plane, arn))];
}

function documentsOf(plane: ControlPlane, entity: EntityRecord): readonly Document[] {
  const inline = [...plane.iamDomain.journal.inlineOf(entity.id)];
  return [
    ...inline.map(({ document }) => readDocument(document)),
    ...entity.attached.map((arn) => managed(plane, arn)),
  ];
}

/** A policy that denies everything: one that does not exist. */
const denying: Document = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Deny', Action: ['*'], Resource: ['*'] }],
};

function managed(plane: ControlPlane, arn: string): Document {
  const provided = providedPolicy(arn);
  if (provided) return readDocument(provided.document);
  const { journal } = plane.iamDomain;
  const policy = [...journal.policies.values()].find(
    ({ path, name }) => `${iam}:policy${path}${name}` === arn,
  );
  const version = policy && journal.version(policy.id, policy.defaultVersion);
  return version ? readDocument(version.document) : denying;
}

const known = new Map<string, Document>();

/** Reads a stored policy in the form of the second evaluator: with lists for all names. */
export function readDocument(text: string): Document {
  const found = known.get(text);
  if (found) return found;
  const document = JSON.parse(text);
  const made: Document = {
    Version: document.Version,
    Statement: [document.Statement].flat().map(withLists),
  };
  if (known.size > 5000) known.clear();
  known.set(text, made);
  return made;
}

function withLists(statement: Record<string, unknown>): Statement {
  const listed = Object.entries(statement).map(([name, value]) => {
    if (/^(Not)?(Action|Resource)$/.test(name)) return [name, [value].flat()];
    if (/Principal$/.test(name) && value !== '*') return [name, ofLists(value)];
    if (name !== 'Condition') return [name, value];
    const operators = Object.entries(value as Record<string, unknown>);
    return [
      name,
      Object.fromEntries(operators.map(([operator, keys]) => [operator, ofLists(keys)])),
    ];
  });
  return Object.fromEntries(listed);
}

function ofLists(value: unknown): Record<string, readonly string[]> {
  const entries = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(entries.map(([key, each]) => [key, [each].flat().map(String)]));
}

function arnOf(kind: string, { path, name }: EntityRecord): string {
  return `${iam}:${kind}${path}${name}`;
}

function tagsOf({ tags }: Pick<UserRecord, 'tags'>): Record<string, string> {
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}
