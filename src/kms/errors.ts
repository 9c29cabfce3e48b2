import { WaxwingError } from '../base/errors.ts';

/**
 * Why the key service refuses a call. The codes are AWS KMS's own, since clients decide by them:
 *
 * - `AccessDeniedException`: neither key policy, identity policy nor grant allows it, or one denies it.
 * - `AlreadyExistsException`: the alias name is taken.
 * - `ConflictException`: a rotation of this key is under way or due within 20 minutes.
 * - `DisabledException`: the key is disabled.
 * - `DryRunOperationException`: the call would have succeeded, but was only a dry run.
 * - `IncorrectKeyException`: the ciphertext was made under another key than the one named.
 * - `InvalidAliasNameException`: the alias name holds characters that are not allowed.
 * - `InvalidArnException`: an ARN is malformed or names no valid principal.
 * - `InvalidCiphertextException`: the ciphertext or its encryption context is not what was sealed.
 * - `InvalidGrantIdException`: the grant id is malformed.
 * - `InvalidGrantTokenException`: the grant token was not issued here.
 * - `InvalidKeyUsageException`: the key's usage or algorithm does not fit the operation.
 * - `InvalidMarkerException`: the marker was not issued by this listing.
 * - `KMSInvalidStateException`: the key's state does not allow the operation.
 * - `LimitExceededException`: a named quota is reached.
 * - `MalformedPolicyDocumentException`: the key policy is not valid, or would lock the caller out.
 * - `NotAuthorizedException`: aliases under `alias/aws/` belong to AWS services.
 * - `NotFoundException`: no such key, alias, grant or policy.
 * - `TagException`: a tag is repeated or reserved, or there are too many.
 * - `UnsupportedOperationException`: not possible for this kind of key, or not implemented.
 * - `ValidationException`: members that are each valid do not fit together.
 */
export type KmsErrorCode =
  | 'AccessDeniedException'
  | 'AlreadyExistsException'
  | 'ConflictException'
  | 'DisabledException'
  | 'DryRunOperationException'
  | 'IncorrectKeyException'
  | 'InvalidAliasNameException'
  | 'InvalidArnException'
  | 'InvalidCiphertextException'
  | 'InvalidGrantIdException'
  | 'InvalidGrantTokenException'
  | 'InvalidKeyUsageException'
  | 'InvalidMarkerException'
  | 'KMSInvalidStateException'
  | 'LimitExceededException'
  | 'MalformedPolicyDocumentException'
  | 'NotAuthorizedException'
  | 'NotFoundException'
  | 'TagException'
  | 'UnsupportedOperationException'
  | 'ValidationException';

/** A refusal in AWS KMS's words; the message is what AWS would say and may be empty where it is. */
export class KmsError extends WaxwingError<KmsErrorCode> {}
