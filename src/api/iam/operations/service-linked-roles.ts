// The IAM operations on roles that belong to services.

import { enumeration, list, required, string, structure } from '../../../aws/shapes/shape.ts';
import { noSuchEntity } from '../../../identity/accounts/errors.ts';
import { asChange, changed } from '../../../identity/accounts/result.ts';
import { answer, iamOperation } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import { arn, description, role, roleName } from '../shapes/common.ts';
import { roleView } from '../views.ts';

/** Maximum number of deletions whose outcome can be asked for. */
const taskCountMax = 100;

/** The outcome of a deletion. */
interface DeletionTask {
  readonly status: 'SUCCEEDED' | 'FAILED';
  readonly roleArn: string;
  /** The ARNs of the resources that still need the role. */
  readonly usedBy: readonly string[];
}

/** The outcomes of recent deletions, which are decided at once. */
const tasksOf = new WeakMap<IamParts, Map<string, DeletionTask>>();

function tasks(parts: IamParts): Map<string, DeletionTask> {
  const known = tasksOf.get(parts) ?? new Map<string, DeletionTask>();
  tasksOf.set(parts, known);
  return known;
}

function keep(parts: IamParts, id: string, task: DeletionTask): void {
  const all = tasks(parts);
  all.set(id, task);
  const [oldest] = all.keys();
  if (all.size > taskCountMax && oldest !== undefined) all.delete(oldest);
}

/** Creates the role of a service. */
export const createServiceLinkedRole = ({ iam }: IamParts) =>
  iamOperation('CreateServiceLinkedRole', {
    input: structure({
      AWSServiceName: required(string({ min: 1, max: 128, pattern: /^[\w+=,.@-]+$/ })),
      Description: description,
      CustomSuffix: string({ min: 1, max: 64, pattern: /^[\w+=,.@-]+$/ }),
    }),
    output: structure({ Role: role }),
    resources: ({ AWSServiceName }) => [
      `arn:aws:iam::${iam.accountId()}:role/aws-service-role/${AWSServiceName}/*`,
    ],
    handle: ({ AWSServiceName, Description, CustomSuffix }, call) => {
      iam.roles.refuseSuffix(AWSServiceName, CustomSuffix);
      return answer(iam.roles.createLinked(AWSServiceName, Description, call), (record) => {
        const { RoleLastUsed: _unused, ...Role } = roleView(iam, record);
        return { Role };
      });
    },
  });

/** Deletes the role of a service, unless resources of the service still need it. */
export const deleteServiceLinkedRole = (parts: IamParts) =>
  iamOperation('DeleteServiceLinkedRole', {
    input: structure({ RoleName: required(roleName) }),
    output: structure({ DeletionTaskId: required(string()) }),
    resources: ({ RoleName }) => [parts.iam.arnNamed('role', RoleName)],
    handle: ({ RoleName }) => {
      const { iam, random, linkedResources } = parts;
      const record = iam.roles.requireLinked(RoleName);
      const service = record.service ?? '';
      const usedBy = linkedResources(service);
      const id = `task/aws-service-role/${service}/${record.name}/${random.uuid()}`;
      const status = usedBy.length > 0 ? 'FAILED' : 'SUCCEEDED';
      const roleArn = iam.arnOf('role', record);
      const { changes } =
        status === 'FAILED' ? changed() : changed({ delete: 'role', id: record.id });
      return {
        output: { DeletionTaskId: id },
        changes: changes.map(asChange),
        committed: () => keep(parts, id, { status, roleArn, usedBy }),
      };
    },
  });

/** Returns the outcome of a deletion. */
export const getServiceLinkedRoleDeletionStatus = (parts: IamParts) =>
  iamOperation('GetServiceLinkedRoleDeletionStatus', {
    input: structure({ DeletionTaskId: required(string({ min: 1, max: 1000 })) }),
    output: structure({
      Status: required(enumeration(['SUCCEEDED', 'IN_PROGRESS', 'FAILED', 'NOT_STARTED'])),
      Reason: structure({
        Reason: string(),
        RoleUsageList: list(structure({ Region: string(), Resources: list(arn) })),
      }),
    }),
    resources: ({ DeletionTaskId }) => {
      const task = tasks(parts).get(DeletionTaskId);
      return [task?.roleArn ?? `arn:aws:iam::${parts.iam.accountId()}:role/aws-service-role/*`];
    },
    handle: ({ DeletionTaskId }) => {
      const task = tasks(parts).get(DeletionTaskId);
      if (task === undefined) {
        throw noSuchEntity(`Deletion task ${DeletionTaskId} was not found.`);
      }
      if (task.status === 'SUCCEEDED') return { output: { Status: 'SUCCEEDED' as const } };
      const RoleUsageList = [{ Region: parts.region, Resources: task.usedBy }];
      const Reason = { Reason: 'The role is still in use by resources.', RoleUsageList };
      return { output: { Status: 'FAILED' as const, Reason } };
    },
  });
