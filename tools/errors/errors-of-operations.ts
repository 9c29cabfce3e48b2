// Errors that single operations name themselves, without a code in an `errors.ts`.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An error of one or few operations. */
export interface OperationError {
  readonly code: string;
  /** HTTP status, 400 to 599. */
  readonly status: number;
  /** The operations, as a reader would look for them. */
  readonly operations: string;
  readonly cause: string;
  readonly remedy: string;
}

const unsupported = (code: string, member: string, cause: string): OperationError => ({
  code,
  status: 400,
  operations: '`CreateTrail`, `UpdateTrail`',
  cause,
  remedy: `leave \`${member}\` out`,
});

const onTrailKey = '`CreateTrail`, `UpdateTrail` with `KmsKeyId`';

/** The errors, sorted by code. */
export const operationErrors: readonly OperationError[] = [
  {
    code: 'DependencyTimeoutException',
    status: 503,
    operations: 'KMS, on the key of a broker in a KMS outside',
    cause: 'the KMS outside cannot be reached',
    remedy:
      'repeat; check the network and the credentials, see [remote KMS](../operate/remote-kms.md)',
  },
  {
    code: 'InsightNotEnabledException',
    status: 400,
    operations: '`GetInsightSelectors`',
    cause: 'there are no insights here',
    remedy: 'nothing',
  },
  {
    code: 'InsufficientEncryptionPolicyException',
    status: 400,
    operations: onTrailKey,
    cause: 'the policy of the key does not allow CloudTrail to use it',
    remedy: 'allow `kms:GenerateDataKey*` to `cloudtrail.amazonaws.com` in the policy of the key',
  },
  unsupported(
    'InvalidCloudWatchLogsLogGroupArnException',
    'CloudWatchLogsLogGroupArn',
    'trails do not deliver to log groups',
  ),
  unsupported(
    'InvalidCloudWatchLogsRoleArnException',
    'CloudWatchLogsRoleArn',
    'trails do not deliver to log groups',
  ),
  {
    code: 'InvalidEventCategoryException',
    status: 400,
    operations: '`LookupEvents`',
    cause: 'the category is not `insight`',
    remedy: 'leave `EventCategory` out for all events',
  },
  {
    code: 'InvalidMaxResultsException',
    status: 400,
    operations: '`LookupEvents`',
    cause: 'the number of results is not 1 to 50',
    remedy: 'correct `MaxResults`',
  },
  unsupported(
    'InvalidParameterCombinationException',
    'IncludeGlobalServiceEvents',
    'a trail of all regions without events of global services',
  ),
  unsupported('InvalidSnsTopicNameException', 'SnsTopicName', 'there are no SNS topics'),
  {
    code: 'InvalidTokenException',
    status: 400,
    operations: '`ListTags` and `ListPublicKeys` of CloudTrail',
    cause: 'a token of a list that has one page',
    remedy: 'leave `NextToken` out',
  },
  {
    code: 'KmsException',
    status: 400,
    operations: onTrailKey,
    cause: 'the KMS has refused the key for a reason that the message names',
    remedy: 'see the errors of AWS KMS above',
  },
  {
    code: 'KmsKeyDisabledException',
    status: 400,
    operations: onTrailKey,
    cause: 'the key is disabled or pending deletion',
    remedy: 'enable the key, or name another one',
  },
  {
    code: 'KmsKeyNotFoundException',
    status: 400,
    operations: onTrailKey,
    cause: 'the key does not exist',
    remedy: 'list the keys, and correct `KmsKeyId`',
  },
  {
    code: 'NoSuchBucket',
    status: 404,
    operations: 'S3',
    cause: 'no trail delivers to the bucket',
    remedy: 'take the name from `DescribeTrails`',
  },
  {
    code: 'NoSuchKey',
    status: 404,
    operations: 'S3',
    cause: 'the object does not exist, or was changed and cannot be opened',
    remedy: 'list the bucket; for a changed file, see [verification](cloudtrail.md#verification)',
  },
  unsupported(
    'OrganizationsNotInUseException',
    'IsOrganizationTrail',
    'the account is in no organization',
  ),
  {
    code: 'ResourceAlreadyExistsException',
    status: 400,
    operations: '`CreateLogGroup`',
    cause: 'the log group exists',
    remedy: 'use it, or choose another name',
  },
  {
    code: 'ServiceUnavailableException',
    status: 503,
    operations: '`/health/ready`',
    cause: 'the service is starting or stopping',
    remedy: 'repeat, as probes do',
  },
  {
    code: 'TooManyTagsException',
    status: 400,
    operations: '`TagResource` of log groups',
    cause: 'more than 50',
    remedy: 'remove tags',
  },
];

/** The code of each error that a source file constructs by its name, without tests. */
function namedInSources(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return [...text.matchAll(/new AwsError\(\s*'(\w+)'/g)].map(([, code = '']) => code);
    });
}

/**
 * Refuses a page without an error that an operation names, and a description of an error that none names.
 *
 * @param page the tables of the services
 * @throws {Error} with the codes
 */
export function checkOperationErrors(page: string, sources = 'src'): void {
  const named = new Set(namedInSources(sources));
  const described = new Set(operationErrors.map(({ code }) => code));
  const missing = [...named].filter(
    (code) => !described.has(code) && !page.includes(`\`${code}\``),
  );
  if (missing.length > 0) throw new Error(`tools/errors: no description of ${missing.join(', ')}`);
  const unknown = [...described].filter((code) => !named.has(code));
  if (unknown.length > 0) throw new Error(`tools/errors: no operation names ${unknown.join(', ')}`);
}
