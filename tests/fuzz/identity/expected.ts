// What a call needs, stated a second time: which actions on which resources. With the second
// evaluator it tells whether the policies give them.

import type { Service } from '../../../src/aws/service.ts';
import type { GrantRecord, KeyRecord } from '../../../src/kms/records.ts';
import { type Document, decide, type Principal as Named } from '../../policies/slow-evaluator.ts';
import { accountId, type ControlPlane, region } from '../../support/control-plane.ts';
import { type FuzzCaller, type Principal, principalOf, readDocument } from './callers.ts';

/** The input of a call. */
export type Input = Readonly<Record<string, unknown>>;

/**
 * What the policies say about a call. `exact`: they allow it, and nothing but its input can be the
 * reason of a refusal. `unknown`: the table does not tell.
 */
export type Expectation = 'denied' | 'allowed' | 'exact' | 'unknown';

interface Need {
  readonly action: string;
  readonly resource: string;
  readonly key?: KeyRecord;
  /** Everyone has it; a Deny refuses it. */
  readonly isGiven?: boolean;
}

const iam = `arn:aws:iam::${accountId}`;

/** Returns what the policies say about a call that has not been made yet. */
export function expectationOf(
  plane: ControlPlane,
  service: Service,
  name: string,
  input: Input,
  caller: FuzzCaller,
): Expectation {
  const principal = principalOf(plane, caller);
  if (principal === undefined) return 'denied';
  if (service.name === 'sts' && name === 'GetCallerIdentity') return 'allowed';
  const isWeak = caller.kind === 'user-session' || caller.kind === 'federated';
  if (isWeak && (service.name === 'iam' || (service.name === 'sts' && name !== 'AssumeRole'))) {
    return 'denied';
  }
  if (name === 'AssumeRole') return assuming(plane, input, principal);
  const needs = needsOf(plane, service, name, input, principal);
  if (needs === undefined) return 'unknown';
  if (!needs.every((need) => isGiven(plane, principal, need))) return 'denied';
  return service.name === 'iam' && name !== 'ChangePassword' ? 'exact' : 'allowed';
}

function isGiven(plane: ControlPlane, principal: Principal, need: Need): boolean {
  const { action, resource, key } = need;
  const request = { ...principal, action, resource, resourceAccount: accountId, isKey: false };
  if (key === undefined) {
    const answer = decide(request);
    return answer === 'allowed' || (need.isGiven === true && answer === 'implicitDeny');
  }
  const resourcePolicy = identified(readDocument(key.policy), key.principalIds, principal);
  const ofKey = { ...request, resourcePolicy, isKey: true };
  if (decide(ofKey) === 'allowed') return true;
  const grants = [...plane.kmsDomain.journal.grantsOf(key.id)];
  // Constraints are not looked at: a grant is taken as if they held.
  return grants
    .filter(({ operations }) => operations.includes(action.slice('kms:'.length)))
    .some((grant) => decide({ ...ofKey, grantee: granteeIn(grant, principal) }) === 'allowed');
}

function granteeIn({ grantee, granteeId }: GrantRecord, principal: Principal): string {
  return granteeId === undefined ? grantee : nameOf(granteeId, principal);
}

/** The policy with the caller's own names in the place of its unique ids. */
function identified(
  document: Document,
  ids: Readonly<Record<string, string>> | undefined,
  principal: Principal,
): Document {
  if (ids === undefined) return document;
  const named = (name: string) => (ids[name] === undefined ? name : nameOf(ids[name], principal));
  const ofAll = (listed: Named): Named =>
    listed === '*'
      ? '*'
      : Object.fromEntries(Object.entries(listed).map(([kind, all]) => [kind, all.map(named)]));
  return {
    ...document,
    Statement: document.Statement.map((statement) => ({
      ...statement,
      ...(statement.Principal && { Principal: ofAll(statement.Principal) }),
      ...(statement.NotPrincipal && { NotPrincipal: ofAll(statement.NotPrincipal) }),
    })),
  };
}

/** The name of the caller, or of its issuer, with this id; a name of nobody for other ids. */
function nameOf(id: string, { ids, caller }: Principal): string {
  if (id === ids.own) return caller.arn;
  return id === ids.issuer && caller.role !== undefined ? caller.role : `${iam}:user/nobody`;
}

/** The trust policy decides, where it leaves it to them with the policies of the caller. */
function assuming(plane: ControlPlane, input: Input, principal: Principal): Expectation {
  if (principal.caller.kind === 'root') return 'denied';
  // The session of a federated user must not assume roles.
  if (principal.context['aws:PrincipalType'] === 'FederatedUser') return 'denied';
  const roles = [...plane.iamDomain.journal.roles.values()];
  const role = roles.find(({ path, name }) => `${iam}:role${path}${name}` === input['RoleArn']);
  if (role === undefined) return 'denied';
  const document = identified(readDocument(role.trust), role.trustIds, principal);
  const trusting = document.Statement.map((each) => ({ ...each, Resource: ['*'] }));
  const request = {
    ...principal,
    resource: String(input['RoleArn']),
    resourceAccount: accountId,
    resourcePolicy: { ...document, Statement: trusting },
    isKey: true,
  };
  const actions = [
    'sts:AssumeRole',
    ...(listOf(input['Tags']).length > 0 ? ['sts:TagSession'] : []),
    ...(input['SourceIdentity'] === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
  const isTrusted = actions.every((action) => decide({ ...request, action }) === 'allowed');
  return isTrusted ? 'allowed' : 'denied';
}

function needsOf(
  plane: ControlPlane,
  service: Service,
  name: string,
  input: Input,
  principal: Principal,
): readonly Need[] | undefined {
  switch (service.name) {
    case 'iam':
      return ofIam(plane, name, input, principal);
    case 'kms':
      return ofKms(plane, name, input);
    case 'sts':
      return ofSts(name, input);
    case 'cloudtrail':
      return [{ action: `cloudtrail:${name}`, resource: '*' }];
    default:
      return undefined;
  }
}

function ofSts(name: string, input: Input): readonly Need[] {
  const action = `sts:${name}`;
  if (name === 'GetSessionToken') return [{ action, resource: '*', isGiven: true }];
  if (name !== 'GetFederationToken') return [{ action, resource: '*' }];
  const resource = `arn:aws:sts::${accountId}:federated-user/${text(input['Name'])}`;
  const own = [{ action, resource }];
  return input['Tags'] === undefined ? own : [...own, { action: 'sts:TagSession', resource }];
}

/** Actions of the key service that are not about one key. */
const withoutKey = new Set([
  'CreateKey',
  'ListKeys',
  'ListAliases',
  'GenerateRandom',
  'ListRetirableGrants',
]);

function ofKms(plane: ControlPlane, name: string, input: Input): readonly Need[] | undefined {
  const action = `kms:${name}`;
  if (withoutKey.has(name)) {
    const own = [{ action, resource: '*' }];
    return listOf(input['Tags']).length > 0
      ? [...own, { action: 'kms:TagResource', resource: '*' }]
      : own;
  }
  if (name === 'RetireGrant' || name === 'ReEncrypt') return undefined;
  const keyId = input['KeyId'] ?? input['TargetKeyId'];
  const key = keyId === undefined ? undefined : keyNamed(plane, text(keyId));
  const onKey = key === undefined ? [] : [{ action, resource: key.arn, key }];
  if (!/Alias$/.test(name)) return key === undefined ? undefined : onKey;
  const resource = `arn:aws:kms:${region}:${accountId}:${text(input['AliasName'])}`;
  return [{ action, resource }, ...onKey];
}

function keyNamed(plane: ControlPlane, name: string): KeyRecord | undefined {
  const { journal } = plane.kmsDomain;
  const last = name.slice(name.lastIndexOf(':') + 1);
  const alias = last.startsWith('alias/') ? journal.alias(accountId, last) : undefined;
  return journal.key(alias?.keyId ?? last.replace(/^key\//, ''));
}

/** Actions of IAM that are not about one resource. */
const ofAccount =
  /^(ListAccountAliases|(Create|Delete)AccountAlias|Get(AccountSummary|AccountAuthorizationDetails|AccountPasswordPolicy|CredentialReport)|(Update|Delete)AccountPasswordPolicy|GenerateCredentialReport|SimulateCustomPolicy|ListPolicies)$/;

const tagActions: Readonly<Record<string, string>> = {
  CreateUser: 'iam:TagUser',
  CreateRole: 'iam:TagRole',
  CreatePolicy: 'iam:TagPolicy',
  CreateVirtualMFADevice: 'iam:TagMFADevice',
};

function ofIam(
  plane: ControlPlane,
  name: string,
  input: Input,
  principal: Principal,
): readonly Need[] | undefined {
  const action = `iam:${name}`;
  if (ofAccount.test(name)) return [{ action, resource: '*' }];
  const resources = iamResources(plane, name, input, principal);
  if (resources === undefined) return undefined;
  const tagging = listOf(input['Tags']).length > 0 ? tagActions[name] : undefined;
  const actions = tagging === undefined ? [action] : [action, tagging];
  const isGiven =
    name === 'ChangePassword' && plane.iamDomain.passwords.rules?.usersMayChange === true;
  return actions.flatMap((each) =>
    resources.map((resource) => ({ action: each, resource, isGiven })),
  );
}

/** The resources of an operation of IAM; undefined if the table does not tell. */
function iamResources(
  plane: ControlPlane,
  name: string,
  input: Input,
  principal: Principal,
): readonly string[] | undefined {
  const path = text(input['Path'] ?? '/');
  if (name === 'CreatePolicy') return [`${iam}:policy${path}${text(input['PolicyName'])}`];
  if (name === 'CreateVirtualMFADevice') {
    return [`${iam}:mfa${path}${text(input['VirtualMFADeviceName'])}`];
  }
  if (name === 'ListVirtualMFADevices') return [`${iam}:mfa/*`];
  if (name === 'SimulatePrincipalPolicy') return [text(input['PolicySourceArn'])];
  if (/ServiceLinkedRole|LastUsed|MFADevice/.test(name)) return undefined;
  if (/^List(User|Group|Role)s$/.test(name)) {
    return [`${iam}:${name.slice(4, -1).toLowerCase()}${text(input['PathPrefix'] ?? '/')}`];
  }
  return namedResources(plane, name, input, path) ?? ownResource(plane, name, principal);
}

/** The resources that members of an input name. */
function namedResources(
  plane: ControlPlane,
  name: string,
  input: Input,
  path: string,
): readonly string[] | undefined {
  const members = { group: 'GroupName', role: 'RoleName', user: 'UserName' } as const;
  for (const kind of ['group', 'role', 'user'] as const) {
    const entity = input[members[kind]];
    if (entity === undefined) continue;
    const before = arnNamed(plane, kind, text(entity), path);
    if (name !== 'UpdateUser' && name !== 'UpdateGroup') return [before];
    // The name that the entity gets needs the permission too.
    const at = before.lastIndexOf('/') + 1;
    const ownPath = before.slice(`${iam}:${kind}`.length, at);
    const newName = input[`New${members[kind]}`] ?? before.slice(at);
    return [before, `${iam}:${kind}${text(input['NewPath'] ?? ownPath)}${text(newName)}`];
  }
  return input['PolicyArn'] === undefined ? undefined : [text(input['PolicyArn'])];
}

/** The caller, where an operation without a name means it. */
function ownResource(
  plane: ControlPlane,
  name: string,
  { caller, context }: Principal,
): readonly string[] | undefined {
  const ofOwn = /^(Get|List|Create|Update|Delete|Change)(User|AccessKeys?|LoginProfile|Password)$/;
  if (!ofOwn.test(name)) return undefined;
  const userName = context['aws:username'];
  return [userName === undefined ? caller.arn : arnNamed(plane, 'user', text(userName))];
}

/** The ARN of the entity with a name in any case, or the one that it would have. */
function arnNamed(
  plane: ControlPlane,
  kind: 'user' | 'group' | 'role',
  name: string,
  path = '/',
): string {
  const all = [...plane.iamDomain.journal.entities(kind).values()];
  const found = all.find((each) => each.name.toLowerCase() === name.toLowerCase());
  return `${iam}:${kind}${found?.path ?? path}${found?.name ?? name}`;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return String(value);
}
