// The errors of CloudTrail.

import { AuditError, type AuditErrorCode } from '../../audit/errors.ts';
import { AwsError } from '../../aws/errors.ts';

/** Converts an error of the audit trail to an error of CloudTrail. */
export function cloudTrailFailure(error: Error): AwsError | undefined {
  if (error instanceof AwsError) return error;
  if (!(error instanceof AuditError)) return undefined;
  return new AwsError(codes[error.code], error.message, { cause: error });
}

const codes: Readonly<Record<AuditErrorCode, string>> = {
  'invalid-lookup-attributes': 'InvalidLookupAttributesException',
  'invalid-time-range': 'InvalidTimeRangeException',
  'invalid-next-token': 'InvalidNextTokenException',
  'trail-not-found': 'TrailNotFoundException',
  'trail-exists': 'TrailAlreadyExistsException',
  'too-many-trails': 'MaximumNumberOfTrailsExceededException',
  'invalid-trail-name': 'InvalidTrailNameException',
  'invalid-trail-arn': 'CloudTrailARNInvalidException',
  'invalid-bucket-name': 'InvalidS3BucketNameException',
  'invalid-prefix': 'InvalidS3PrefixException',
  'invalid-event-selectors': 'InvalidEventSelectorsException',
  'invalid-tags': 'InvalidTagParameterException',
  'too-many-tags': 'TagsLimitExceededException',
  'no-such-bucket': 'S3BucketDoesNotExistException',
  'no-such-object': 'ResourceNotFoundException',
  'bucket-refused': 'InsufficientS3BucketPolicyException',
  'bucket-unreachable': 'InsufficientS3BucketPolicyException',
  'trail-file-invalid': 'OperationNotPermittedException',
};
