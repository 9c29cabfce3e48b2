// The IAM operations that tell what policies would decide.

import { partsOfArn } from '../../../identity/accounts/arns.ts';
import { IamError, noSuchEntity } from '../../../identity/accounts/errors.ts';
import type { Iam } from '../../../identity/accounts/iam.ts';
import type { EntityKind, EntityRecord, TagRecord } from '../../../identity/accounts/records.ts';
import type { PrincipalPolicies } from '../../../identity/policies/principal-policies.ts';
import type { PolicyPrincipal } from '../../../identity/policies/principals.ts';
import type { ContextValue } from '../../../identity/policies/scope.ts';
import { everything, iamOperation } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import {
  simulateCustomInput,
  simulatePrincipalInput,
  simulationOutput,
} from '../shapes/simulation.ts';
import { inputPolicies, simulated } from '../simulation.ts';

/** Tells what the policies of the request would decide. */
export const simulateCustomPolicy = ({ iam }: IamParts) =>
  iamOperation('SimulateCustomPolicy', {
    input: simulateCustomInput,
    output: simulationOutput,
    resources: everything,
    handle: async (input) => {
      const { OrderedOrganizationPolicyInputList } = input;
      refuseMembers({ OrderedOrganizationPolicyInputList });
      const identity = await inputPolicies(input.PolicyInputList, 'identity', 'PolicyInputList');
      const policies = { identity, isAccountRoot: false, ...(await limitsOf(input)) };
      const principal = principalOf(iam, input.CallerArn);
      const values = valuesOf(iam, input.CallerArn);
      return { output: await simulated(input, { principal, policies, values }) };
    },
  });

/** Tells what the policies of a user, group or role would decide. */
export const simulatePrincipalPolicy = ({ iam }: IamParts) =>
  iamOperation('SimulatePrincipalPolicy', {
    input: simulatePrincipalInput,
    output: simulationOutput,
    resources: ({ PolicySourceArn }) => [PolicySourceArn],
    handle: async (input) => {
      const { PolicyExclusionList } = input;
      refuseMembers({ PolicyExclusionList });
      const own = policiesOf(iam, input.PolicySourceArn);
      const more = await inputPolicies(input.PolicyInputList, 'identity', 'PolicyInputList');
      const policies = {
        isAccountRoot: false,
        boundary: own.boundary,
        ...(await limitsOf(input)),
        identity: [...own.identity, ...more],
      };
      const caller = input.CallerArn ?? input.PolicySourceArn;
      const principal = principalOf(iam, caller);
      const values = valuesOf(iam, caller);
      return { output: await simulated(input, { principal, policies, values }) };
    },
  });

/** @throws {IamError} 'InvalidInput': without the member, the result would be another one */
function refuseMembers(members: Readonly<Record<string, unknown>>): void {
  const [name] = Object.entries(members).find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined) throw new IamError('InvalidInput', `${name} is not supported.`);
}

/** The boundary and the policy of the resource in a request. */
async function limitsOf(input: {
  readonly PermissionsBoundaryPolicyInputList?: readonly string[] | undefined;
  readonly ResourcePolicy?: string | undefined;
}) {
  const { PermissionsBoundaryPolicyInputList: boundaries = [], ResourcePolicy } = input;
  if (boundaries.length > 1) {
    throw new IamError('InvalidInput', 'One permissions boundary is allowed.');
  }
  const [boundary] = await inputPolicies(
    boundaries,
    'boundary',
    'PermissionsBoundaryPolicyInputList',
  );
  const texts = ResourcePolicy === undefined ? [] : [ResourcePolicy];
  const [resource] = await inputPolicies(texts, 'resource', 'ResourcePolicy');
  return { ...(boundary && { boundary }), ...(resource && { resource }) };
}

/** @throws {IamError} 'NoSuchEntity', 'InvalidInput' */
function policiesOf(iam: Iam, arn: string): Pick<PrincipalPolicies, 'identity' | 'boundary'> {
  const { kind, name = '' } = partsOfArn(iam.accountId(), arn) ?? {};
  const { users, groups, roles } = iam;
  if (kind === 'user')
    return iam.policies.ofUser(requireExact(iam, kind, users.require(name), arn));
  if (kind === 'role')
    return iam.policies.ofRole(requireExact(iam, kind, roles.require(name), arn));
  if (kind === 'group') {
    return iam.policies.ofGroup(requireExact(iam, kind, groups.require(name), arn));
  }
  throw new IamError('InvalidInput', `${arn} is not the ARN of a user, group or role.`);
}

/**
 * Returns an entity if an ARN is its own. The caller's permission was checked for that ARN, which
 * could have the path or the case of another name.
 *
 * @throws {IamError} 'NoSuchEntity'
 */
function requireExact<R extends EntityRecord>(
  iam: Iam,
  kind: EntityKind,
  record: R,
  arn: string,
): R {
  if (iam.arnOf(kind, record) === arn) return record;
  throw noSuchEntity(`The ${kind} with ARN ${arn} cannot be found.`);
}

function principalOf(iam: Iam, arn: string | undefined): PolicyPrincipal {
  return { accountId: iam.accountId(), arn: arn ?? '', isRoot: false };
}

/** The condition keys that follow from the principal. */
function valuesOf(iam: Iam, arn: string | undefined): ReadonlyMap<string, ContextValue> {
  const values = new Map<string, ContextValue>();
  if (arn === undefined) return values;
  const { kind, name = '' } = partsOfArn(iam.accountId(), arn) ?? {};
  if (kind !== 'user' && kind !== 'role') return values;
  const found = kind === 'user' ? iam.journal.users.named(name) : iam.journal.roles.named(name);
  if (found === undefined) throw noSuchEntity(`The ${kind} with name ${name} cannot be found.`);
  requireExact<EntityRecord>(iam, kind, found, arn);
  values.set('aws:principalarn', arn).set('aws:principalaccount', iam.accountId());
  values.set('aws:principaltype', kind === 'user' ? 'User' : 'AssumedRole');
  if (kind === 'user') values.set('aws:username', found.name).set('aws:userid', found.id);
  for (const { key, value } of found.tags as readonly TagRecord[]) {
    values.set(`aws:principaltag/${key.toLowerCase()}`, value);
  }
  return values;
}
