// The shapes of simulations of policies.

import {
  boolean,
  enumeration,
  integer,
  list,
  map,
  required,
  string,
  structure,
} from '../../../aws/shapes/shape.ts';
import { arn, pageInput, pageOutput, policyDocument } from './common.ts';

/** Maximum number of policies in a request. */
const policyCountMax = 50;
/** Maximum numbers of actions and of resources in a request; each is combined with each. */
const actionCountMax = 200;
const resourceCountMax = 200;
const contextEntryCountMax = 200;
const contextValueCountMax = 100;
const contextValueCharactersMax = 2048;

/** Policies in a request. */
export const policies = list(policyDocument, { max: policyCountMax });
/** Members of newer clients, which change the result and are refused. */
const unsupported = list(structure({}), { max: policyCountMax });
const resourceName = string({ min: 1, max: 2048 });
const decision = enumeration(['allowed', 'explicitDeny', 'implicitDeny']);

/** The members that both simulations share. */
export const simulationInput = {
  ActionNames: required(list(string({ min: 3, max: 128 }), { max: actionCountMax })),
  ResourceArns: list(resourceName, { max: resourceCountMax }),
  ResourcePolicy: policyDocument,
  ResourceOwner: resourceName,
  CallerArn: resourceName,
  PermissionsBoundaryPolicyInputList: policies,
  ContextEntries: list(
    structure({
      ContextKeyName: string({ min: 5, max: 256 }),
      ContextKeyValues: list(string({ max: contextValueCharactersMax }), {
        max: contextValueCountMax,
      }),
      ContextKeyType: enumeration([
        'string',
        'stringList',
        'numeric',
        'numericList',
        'boolean',
        'booleanList',
        'ip',
        'ipList',
        'binary',
        'binaryList',
        'date',
        'dateList',
      ]),
    }),
    { max: contextEntryCountMax },
  ),
  ResourceHandlingOption: string({ min: 1, max: 64 }),
  ...pageInput,
} as const;

/** The request of SimulateCustomPolicy. */
export const simulateCustomInput = structure({
  PolicyInputList: required(policies),
  OrderedOrganizationPolicyInputList: unsupported,
  ...simulationInput,
});

/** The request of SimulatePrincipalPolicy. */
export const simulatePrincipalInput = structure({
  PolicySourceArn: required(arn),
  PolicyInputList: policies,
  PolicyExclusionList: unsupported,
  ...simulationInput,
});

const position = structure({ Line: integer(), Column: integer() });
const statement = structure({
  SourcePolicyId: string(),
  SourcePolicyType: enumeration([
    'user',
    'group',
    'role',
    'aws-managed',
    'user-managed',
    'resource',
    'none',
  ]),
  StartPosition: position,
  EndPosition: position,
});
const boundaryDetail = structure({ AllowedByPermissionsBoundary: boolean() });
const details = map(string(), decision);

/** The answer of simulations. */
export const simulationOutput = structure({
  EvaluationResults: list(
    structure({
      EvalActionName: required(string()),
      EvalResourceName: string(),
      EvalDecision: required(decision),
      MatchedStatements: list(statement),
      MissingContextValues: list(string()),
      OrganizationsDecisionDetail: structure({ AllowedByOrganizations: boolean() }),
      PermissionsBoundaryDecisionDetail: boundaryDetail,
      EvalDecisionDetails: details,
      ResourceSpecificResults: list(
        structure({
          EvalResourceName: required(string()),
          EvalResourceDecision: required(decision),
          MatchedStatements: list(statement),
          MissingContextValues: list(string()),
          EvalDecisionDetails: details,
          PermissionsBoundaryDecisionDetail: boundaryDetail,
        }),
      ),
    }),
  ),
  ...pageOutput,
});
