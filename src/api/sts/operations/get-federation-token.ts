// The STS operation `GetFederationToken`.

import { AwsError } from '../../../aws/errors.ts';
import { mapPermissions, operation } from '../../../aws/service.ts';
import { required, string, structure } from '../../../aws/shapes/shape.ts';
import { sessionTags } from '../../../identity/accounts/sessions/session-tags.ts';
import {
  credentialsView,
  issued,
  onSts,
  packedView,
  type StsParts,
  tokenSizeView,
} from '../parts.ts';
import {
  arn,
  credentials,
  durationSeconds,
  federatedName,
  minimumSessionTokenSize,
  packedPolicySize,
  policyArns,
  sessionPolicy,
  tags,
  tokenSize,
} from '../shapes.ts';

const secondsDefault = 43_200;
const rootSecondsMax = 3600;

const output = structure({
  Credentials: credentials,
  FederatedUser: structure({ FederatedUserId: required(string()), Arn: required(arn) }),
  PackedPolicySize: packedPolicySize,
  ...tokenSize,
});

/** Returns temporary credentials that a user hands to someone else. */
export function getFederationToken({ iam }: StsParts) {
  return operation({
    action: 'sts:GetFederationToken',
    readOnly: true,
    input: structure({
      Name: required(federatedName),
      Policy: sessionPolicy,
      PolicyArns: policyArns,
      DurationSeconds: durationSeconds,
      Tags: tags,
      MinimumSessionTokenSize: minimumSessionTokenSize,
    }),
    output,
    permissions: ({ Name, Tags }, call) => {
      const resources = [`arn:aws:sts::${iam.accountId()}:federated-user/${Name}`];
      const asked = onSts('sts:GetFederationToken', resources, call);
      if (Tags === undefined) return asked;
      const values = {
        'aws:TagKeys': Tags.map(({ Key }) => Key),
        ...Object.fromEntries(Tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
      };
      const tagging = { action: 'sts:TagSession', resources };
      return mapPermissions([...asked, tagging], (each) => ({ ...each, values }));
    },
    handle: (input, call) => {
      const { Name, Policy, PolicyArns = [], DurationSeconds, Tags = [] } = input;
      const { caller, nowMs, accountId } = call;
      const isUser = caller.type === 'user' || caller.type === 'root';
      if (!isUser || caller.temporary !== undefined) {
        throw new AwsError(
          'AccessDenied',
          'Cannot call GetFederationToken with session credentials',
          { status: 403 },
        );
      }
      const isRoot = caller.type === 'root';
      const seconds = DurationSeconds ?? secondsDefault;
      const arns = PolicyArns.flatMap((each) => (each.arn === undefined ? [] : [each.arn]));
      const key = iam.issuing.issue(
        {
          holder: {
            type: 'federated',
            name: Name,
            ...(isRoot ? {} : { userId: caller.principalId }),
          },
          issuedMs: nowMs,
          expiresMs: nowMs + (isRoot ? Math.min(seconds, rootSecondsMax) : seconds) * 1000,
          policy: Policy,
          policyArns: arns.length > 0 ? arns : undefined,
          ...sessionTags(caller, Tags, []),
        },
        input.MinimumSessionTokenSize,
      );
      const FederatedUser = {
        FederatedUserId: `${accountId}:${Name}`,
        Arn: `arn:aws:sts::${accountId}:federated-user/${Name}`,
      };
      const answered = {
        Credentials: credentialsView(key),
        FederatedUser,
        ...packedView(key),
        ...tokenSizeView(key),
      };
      return issued(output, answered, { changes: [] });
    },
  });
}
