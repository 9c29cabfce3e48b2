// The errors of the key service.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of the key service. They are those of AWS KMS, because clients depend on them:
 * - `AccessDeniedException`: neither key policy, identity policy nor grant allows it, or one denies
 * it.
 * - `AlreadyExistsException`: the alias name is in use.
 * - `ConflictException`: a rotation of this key is in progress or due within 20 minutes.
 * - `DisabledException`: the key is disabled.
 * - `DryRunOperationException`: the call would have succeeded, but was a dry run.
 * - `CustomKeyStoreNotFoundException`: there are no custom key stores.
 * - `ExpiredImportTokenException`: the import token is older than 24 hours.
 * - `IncorrectKeyException`: the ciphertext was made with another key than the named one.
 * - `IncorrectKeyMaterialException`: the imported material has another size or type, or is not the
 * material that was imported before.
 * - `InvalidAliasNameException`: the alias name contains invalid characters.
 * - `InvalidArnException`: an ARN is malformed or names no valid principal.
 * - `InvalidCiphertextException`: the ciphertext or its encryption context does not match.
 * - `InvalidGrantIdException`: the grant id is malformed.
 * - `InvalidGrantTokenException`: the grant token was not issued by this service.
 * - `InvalidImportTokenException`: the import token is not of this service or this key.
 * - `InvalidKeyUsageException`: the key's usage or algorithm does not fit the operation.
 * - `InvalidMarkerException`: the marker was not issued by this list operation.
 * - `KMSInternalException`: a temporary failure; the call can be repeated.
 * - `KMSInvalidMacException`: the HMAC does not belong to the message.
 * - `KMSInvalidSignatureException`: the signature does not belong to the message.
 * - `KMSInvalidStateException`: the key's state does not allow the operation.
 * - `LimitExceededException`: a quota is reached.
 * - `MalformedPolicyDocumentException`: the key policy is invalid, or would lock out the caller.
 * - `NotAuthorizedException`: aliases under `alias/aws/` belong to AWS services.
 * - `NotFoundException`: the key, alias, grant or policy does not exist.
 * - `TagException`: a tag is repeated or reserved, or there are too many.
 * - `ThrottlingException`: too many key pairs are being generated for the account.
 * - `UnsupportedOperationException`: not possible for this type of key, or not implemented.
 * - `ValidationException`: members that are valid individually do not fit together.
 */
export type KmsErrorCode =
  | 'AccessDeniedException'
  | 'AlreadyExistsException'
  | 'ConflictException'
  | 'CustomKeyStoreNotFoundException'
  | 'DisabledException'
  | 'DryRunOperationException'
  | 'ExpiredImportTokenException'
  | 'IncorrectKeyException'
  | 'IncorrectKeyMaterialException'
  | 'InvalidAliasNameException'
  | 'InvalidArnException'
  | 'InvalidCiphertextException'
  | 'InvalidGrantIdException'
  | 'InvalidGrantTokenException'
  | 'InvalidImportTokenException'
  | 'InvalidKeyUsageException'
  | 'InvalidMarkerException'
  | 'KMSInternalException'
  | 'KMSInvalidMacException'
  | 'KMSInvalidSignatureException'
  | 'KMSInvalidStateException'
  | 'LimitExceededException'
  | 'MalformedPolicyDocumentException'
  | 'NotAuthorizedException'
  | 'NotFoundException'
  | 'TagException'
  | 'ThrottlingException'
  | 'UnsupportedOperationException'
  | 'ValidationException';

/** An error with a code and message of AWS KMS. The message is empty if it is empty in AWS. */
export class KmsError extends WaxwingError<KmsErrorCode> {}
