import {
  blob,
  boolean,
  enumeration,
  integer,
  list,
  map,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../aws/shapes/shape.ts';
import {
  otherGrantOperations,
  symmetricGrantOperations,
} from '../../kms/grants/grant-constraints.ts';
import { keySpecs, keyUsages } from '../../kms/key-specs.ts';

/** Key id, key ARN or, where an operation takes one, alias name or alias ARN. */
export const keyId = string({ min: 1, max: 2048 });
/** `alias/…` */
export const aliasName = string({ min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ });
/** What a key is for, in its owner's words. */
export const description = string({ min: 0, max: 8192 });
/** A key policy's JSON text. */
export const policy = string({
  min: 1,
  max: 131_072,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: tab and line ends belong to JSON texts.
  pattern: /^[\u0009\u000A\u000D\u0020-\u00FF]+$/,
});
/** Only `default` is one. */
export const policyName = string({ min: 1, max: 128, pattern: /^[\w]+$/ });
/** How many entries a page holds at most. */
export const limit = integer({ min: 1, max: 1000 });
/** Where a page begins. */
export const marker = string({ min: 1, max: 1024, pattern: /^[\u0020-\u00FF]*$/ });
/** Bytes of an encryption context, so no key and no value of one is longer. */
const contextBytesMax = 8192;
/** The pairs authenticated with a ciphertext. Recorded in the trail in clear, as in AWS. */
export const encryptionContext = map(
  string({ max: contextBytesMax }),
  string({ max: contextBytesMax }),
  { max: 1024 },
);
/** No secret, but who has one may name the grant; not in the trail. */
export const grantToken = sensitive(string({ min: 1, max: 8192 }));
/** At most ten. */
export const grantTokens = sensitive(list(grantToken, { min: 0, max: 10 }));
/** 64 hex digits. */
export const grantId = string({ min: 1, max: 128 });
/** ARN of who is granted something, or may retire it. */
export const principal = string({ min: 1, max: 256, pattern: /^[\w+=,.@:/-]+$/ });
/** What is to be encrypted, or was. */
export const plaintext = sensitive(blob({ min: 1, max: 4096 }));
/** Opaque to callers. */
export const ciphertext = sensitive(blob({ min: 1, max: 6144 }));
/** How a ciphertext is made. */
export const encryptionAlgorithm = enumeration([
  'SYMMETRIC_DEFAULT',
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'SM2PKE',
]);
/** An enclave for whose eyes alone an answer is; there are none here. */
export const recipient = structure({
  KeyEncryptionAlgorithm: enumeration(['RSAES_OAEP_SHA_256']),
  AttestationDocument: blob({ min: 1, max: 262_144 }),
});
/** What a dry run need not look at. */
export const dryRunModifiers = list(enumeration(['IGNORE_CIPHERTEXT']), { max: 1 });
/** A key store outside; there are none here. */
export const customKeyStoreId = string({ min: 1, max: 64 });
/** 64 hex digits. */
export const keyMaterialId = string({ min: 64, max: 64, pattern: /^[a-f0-9]+$/ });
/** Tags in one request. A key has up to 50, which the key service checks. */
const tagsInRequestMax = 200;
const tagKey = string({ min: 1, max: 128 });
/** Tags of a key, or to be. */
export const tags = list(
  structure({ TagKey: required(tagKey), TagValue: required(string({ min: 0, max: 256 })) }),
  { max: tagsInRequestMax },
);
/** Keys of tags to be removed. */
export const tagKeys = list(tagKey, { max: tagsInRequestMax });
const grantOperation = enumeration([...symmetricGrantOperations, ...otherGrantOperations]);
/** The operations that a grant allows. The list has at most as many entries as there are operations. */
export const grantOperations = list(grantOperation, {
  max: symmetricGrantOperations.length + otherGrantOperations.length,
});
/** Pairs that a call's encryption context must have for a grant to apply. */
const constraintPairs = map(string({ max: contextBytesMax }), string({ max: 384 }), {
  min: 1,
  max: 8,
});
/** When a grant applies. */
export const grantConstraints = structure({
  EncryptionContextSubset: constraintPairs,
  EncryptionContextEquals: constraintPairs,
  SourceArn: string({ min: 1, max: 2048 }),
});
/** Kinds of key. */
export const keySpec = enumeration(keySpecs);
/** What a key may be used for. */
export const keyUsage = enumeration(keyUsages);
/** States of a key. */
export const keyState = string();

/** A key as it is described. */
export const keyMetadata = structure({
  AWSAccountId: string(),
  KeyId: required(keyId),
  Arn: string(),
  CreationDate: timestamp(),
  Enabled: boolean(),
  Description: description,
  KeyUsage: string(),
  KeyState: keyState,
  DeletionDate: timestamp(),
  Origin: string(),
  KeyManager: string(),
  CustomerMasterKeySpec: string(),
  KeySpec: string(),
  EncryptionAlgorithms: list(string()),
  SigningAlgorithms: list(string()),
  KeyAgreementAlgorithms: list(string()),
  MacAlgorithms: list(string()),
  MultiRegion: boolean(),
  CurrentKeyMaterialId: keyMaterialId,
});

/** A grant as it is listed. */
export const grantEntry = structure({
  KeyId: keyId,
  GrantId: grantId,
  Name: string(),
  CreationDate: timestamp(),
  GranteePrincipal: string(),
  RetiringPrincipal: string(),
  IssuingAccount: string(),
  Operations: list(string()),
  Constraints: grantConstraints,
  GranteeServicePrincipal: string(),
  RetiringServicePrincipal: string(),
});

/** An answer without members. */
export const nothing = structure({});
