// The IAM operations on the account: alias, summary, authorization details.

import {
  boolean,
  enumeration,
  integer,
  list,
  map,
  required,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import type { Iam } from '../../../identity/accounts/iam.ts';
import { pageOf } from '../../../identity/accounts/pages.ts';
import type { ManagedPolicy } from '../../../identity/accounts/policies/managed-policies.ts';
import type { GroupRecord, RoleRecord, UserRecord } from '../../../identity/accounts/records.ts';
import { accountSummary } from '../../../identity/accounts/reports/account-summary.ts';
import { done, everything, iamOperation, pageMembers } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import {
  arn,
  groupDetail,
  nothing,
  pageInput,
  pageOutput,
  policyName,
  policyPath,
  policyVersion,
  roleDetail,
  userDetail,
} from '../shapes/common.ts';
import { groupDetailView, policyDetailView, roleDetailView, userDetailView } from '../views.ts';

const alias = string({
  min: 3,
  max: 63,
  pattern: /^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$/,
});

/** Sets the alias of the account. */
export const createAccountAlias = ({ iam }: IamParts) =>
  iamOperation('CreateAccountAlias', {
    input: structure({ AccountAlias: required(alias) }),
    output: nothing,
    resources: everything,
    handle: ({ AccountAlias }) => done(iam.settings.setAlias(AccountAlias)),
  });

/** Removes the alias of the account. */
export const deleteAccountAlias = ({ iam }: IamParts) =>
  iamOperation('DeleteAccountAlias', {
    input: structure({ AccountAlias: required(alias) }),
    output: nothing,
    resources: everything,
    handle: ({ AccountAlias }) => done(iam.settings.deleteAlias(AccountAlias)),
  });

/** Lists the alias of the account; there is one at most. */
export const listAccountAliases = ({ iam }: IamParts) =>
  iamOperation('ListAccountAliases', {
    input: structure(pageInput),
    output: structure({ AccountAliases: required(list(alias)), ...pageOutput }),
    resources: everything,
    handle: () => {
      const own = iam.settings.alias;
      return { output: { AccountAliases: own === undefined ? [] : [own], IsTruncated: false } };
    },
  });

/** Returns counts and quotas. */
export const getAccountSummary = ({ iam, identity }: IamParts) =>
  iamOperation('GetAccountSummary', {
    input: structure({}),
    output: structure({ SummaryMap: map(string(), integer()) }),
    resources: everything,
    handle: () => ({
      output: { SummaryMap: accountSummary(iam, identity.rootAccessKeys.length) },
    }),
  });

const policyDetail = structure({
  PolicyName: policyName,
  PolicyId: string(),
  Arn: arn,
  Path: policyPath,
  DefaultVersionId: string(),
  AttachmentCount: integer(),
  PermissionsBoundaryUsageCount: integer(),
  IsAttachable: boolean(),
  Description: string(),
  CreateDate: timestamp(),
  UpdateDate: timestamp(),
  PolicyVersionList: list(policyVersion),
});

/** An object of one kind, with the place that it has in the list of all. */
type Listed =
  | { readonly kind: 'User'; readonly order: string; readonly record: UserRecord }
  | { readonly kind: 'Group'; readonly order: string; readonly record: GroupRecord }
  | { readonly kind: 'Role'; readonly order: string; readonly record: RoleRecord }
  | { readonly kind: 'Policy'; readonly order: string; readonly record: ManagedPolicy };

type Filter = 'User' | 'Role' | 'Group' | 'LocalManagedPolicy' | 'AWSManagedPolicy';

/** The entities of one kind, in the place that they have in the list of all. */
function listed<K extends 'User' | 'Group' | 'Role', R extends { readonly name: string }>(
  kind: K,
  place: number,
  records: Iterable<R>,
) {
  return [...records].map((record) => ({ kind, order: `${place} ${record.name}`, record }));
}

/** Managed policies. Provided ones are listed only if they are in use. */
function listedPolicies({ iam }: IamParts, isAsked: (filter: Filter) => boolean) {
  const { managed } = iam;
  const isListed = ({ isProvided, arn }: ManagedPolicy) =>
    isProvided
      ? isAsked('AWSManagedPolicy') && managed.attachmentCount(arn) > 0
      : isAsked('LocalManagedPolicy');
  return [...managed.all('All')].filter(isListed).map((record) => ({
    kind: 'Policy' as const,
    order: `4 ${record.name} ${record.isProvided}`,
    record,
  }));
}

function listedOf(parts: IamParts, filter: readonly Filter[] | undefined): readonly Listed[] {
  const isAsked = (kind: Filter) => filter === undefined || filter.includes(kind);
  const { users, groups, roles } = parts.iam.journal;
  return [
    ...(isAsked('User') ? listed('User', 1, users.values()) : []),
    ...(isAsked('Group') ? listed('Group', 2, groups.values()) : []),
    ...(isAsked('Role') ? listed('Role', 3, roles.values()) : []),
    ...listedPolicies(parts, isAsked),
  ];
}

/** Maximum length of the documents on a page, characters. Documents may be mostly whitespace. */
const pageCharactersMax = 1024 * 1024;

function documentSize(iam: Iam, { kind, record }: Listed): number {
  const documents =
    kind === 'Policy' ? iam.managed.versionsOf(record) : [...iam.journal.inlineOf(record.id)];
  const trust = kind === 'Role' ? record.trust.length : 0;
  return documents.reduce((sum, { document }) => sum + document.length, trust);
}

/** Returns all users, groups, roles and policies with their documents, in pages. */
export const getAccountAuthorizationDetails = (parts: IamParts) =>
  iamOperation('GetAccountAuthorizationDetails', {
    input: structure({
      Filter: list(
        enumeration(['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy']),
        { max: 5 },
      ),
      ...pageInput,
    }),
    output: structure({
      UserDetailList: list(userDetail),
      GroupDetailList: list(groupDetail),
      RoleDetailList: list(roleDetail),
      Policies: list(policyDetail),
      ...pageOutput,
    }),
    resources: everything,
    handle: (input) => {
      const { iam } = parts;
      const size = {
        sizeOf: (each: Listed) => documentSize(iam, each),
        sizeMax: pageCharactersMax,
      };
      const page = pageOf(listedOf(parts, input.Filter), ({ order }) => order, input, size);
      const output = {
        UserDetailList: page.items.flatMap((each) =>
          each.kind === 'User' ? [userDetailView(iam, each.record)] : [],
        ),
        GroupDetailList: page.items.flatMap((each) =>
          each.kind === 'Group' ? [groupDetailView(iam, each.record)] : [],
        ),
        RoleDetailList: page.items.flatMap((each) =>
          each.kind === 'Role' ? [roleDetailView(iam, each.record)] : [],
        ),
        Policies: page.items.flatMap((each) =>
          each.kind === 'Policy' ? [policyDetailView(iam, each.record)] : [],
        ),
        ...pageMembers(page),
      };
      return { output };
    },
  });
