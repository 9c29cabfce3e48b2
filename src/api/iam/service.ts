// The IAM service.

import type { Operation, Service } from '../../aws/service.ts';
import { withConditionValues } from './condition-values.ts';
import { translate } from './declare.ts';
import * as absentKinds from './operations/absent-kinds.ts';
import * as accessKeys from './operations/access-keys.ts';
import * as account from './operations/account.ts';
import * as attachments from './operations/attachments.ts';
import * as contextKeys from './operations/context-keys.ts';
import * as groups from './operations/groups.ts';
import * as inlinePolicies from './operations/inline-policies.ts';
import * as loginProfiles from './operations/login-profiles.ts';
import * as managedPolicies from './operations/managed-policies.ts';
import * as mfaDevices from './operations/mfa-devices.ts';
import * as oidcProviders from './operations/oidc-providers.ts';
import * as reports from './operations/reports.ts';
import * as roles from './operations/roles.ts';
import * as serviceLinkedRoles from './operations/service-linked-roles.ts';
import * as simulations from './operations/simulations.ts';
import * as tags from './operations/tags.ts';
import * as users from './operations/users.ts';
import * as webIdentities from './operations/web-identities.ts';
import type { IamParts } from './parts.ts';

/** Each family exports the makers of its operations, named like them with a small first letter. */
const families = [
  absentKinds,
  accessKeys,
  account,
  attachments,
  contextKeys,
  groups,
  inlinePolicies,
  loginProfiles,
  managedPolicies,
  mfaDevices,
  oidcProviders,
  reports,
  roles,
  serviceLinkedRoles,
  simulations,
  tags,
  users,
  webIdentities,
];

// biome-ignore lint/suspicious/noExplicitAny: operations differ in input and output; each is checked where it is declared.
type Maker = (parts: IamParts) => Operation<any, any>;

/** The IAM API over the accounts. @see IAM API 2010-05-08 */
export function iamService(parts: IamParts): Service {
  const makers = families.flatMap((family) => Object.entries<Maker>(family));
  return {
    name: 'iam',
    wires: ['query'],
    eventSource: 'iam.amazonaws.com',
    apiVersion: '2010-05-08',
    operations: Object.fromEntries(
      makers.map(([maker, make]) => {
        const name = operationName(maker);
        return [name, withConditionValues(parts, name, make(parts))] as const;
      }),
    ),
    translate,
  };
}

function operationName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
