// The shapes of the KMS API.

import {
  blob,
  boolean,
  enumeration,
  freeText,
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
import {
  keyUsages,
  knownKeyPairSpecs,
  knownKeySpecs,
  knownSigningAlgorithms,
  macAlgorithms,
} from '../../kms/key-specs.ts';

/** A key id or key ARN; some operations also accept an alias name or alias ARN. */
export const keyId = string({ min: 1, max: 2048 });
/** `alias/…` */
export const aliasName = string({ min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ });
/** The description of a key. */
export const description = freeText('description', string({ min: 0, max: 8192 }));
/** The JSON text of a key policy. */
export const policy = string({
  min: 1,
  max: 131_072,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: tab and line ends belong to JSON texts.
  pattern: /^[\u0009\u000A\u000D\u0020-\u00FF]+$/,
});
/** Only `default` is valid. */
export const policyName = string({ min: 1, max: 128, pattern: /^[\w]+$/ });
/** Maximum number of entries on a page. */
export const limit = integer({ min: 1, max: 1000 });
/** The position of a page. */
export const marker = string({ min: 1, max: 1024, pattern: /^[\u0020-\u00FF]*$/ });
/** Maximum size of an encryption context, and thus of each of its keys and values. */
const contextBytesMax = 8192;
/**
 * The pairs that are authenticated with a ciphertext. The audit trail records them in clear, as AWS
 * does.
 */
export const encryptionContext = map(
  string({ max: contextBytesMax }),
  string({ max: contextBytesMax }),
  { max: 1024 },
);
/** Not a secret, but it identifies a grant, so it is left out of the trail. */
export const grantToken = sensitive(string({ min: 1, max: 8192 }));
/** Up to ten. */
export const grantTokens = sensitive(list(grantToken, { min: 0, max: 10 }));
/** 64 hexadecimal digits. */
export const grantId = string({ min: 1, max: 128 });
/** The ARN of a grantee or retiring principal. */
export const principal = string({ min: 1, max: 256, pattern: /^[\w+=,.@:/-]+$/ });
/** Plaintext. */
export const plaintext = sensitive(blob({ min: 1, max: 4096 }));
/** A ciphertext blob, opaque to callers. */
export const ciphertext = sensitive(blob({ min: 1, max: 6144 }));
/** The encryption algorithm of a ciphertext. */
export const encryptionAlgorithm = enumeration([
  'SYMMETRIC_DEFAULT',
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'SM2PKE',
]);
/** An attested enclave that receives the result encrypted; not supported. */
export const recipient = structure({
  KeyEncryptionAlgorithm: enumeration(['RSAES_OAEP_SHA_256']),
  AttestationDocument: blob({ min: 1, max: 262_144 }),
});
/** Checks that a dry run leaves out. */
export const dryRunModifiers = list(enumeration(['IGNORE_CIPHERTEXT']), { max: 1 });
/** An external key store; not supported. */
export const customKeyStoreId = string({ min: 1, max: 64 });
/** 64 hexadecimal digits. */
export const keyMaterialId = string({ min: 64, max: 64, pattern: /^[a-f0-9]+$/ });
/** Maximum number of tags in a request. The key service enforces the limit of 50 per key. */
const tagsInRequestMax = 200;
const tagKey = string({ min: 1, max: 128 });
const tagValue = string({ min: 0, max: 256 });
/** Tags of a key. */
export const tags = list(
  structure({
    TagKey: required(freeText('tag key', tagKey)),
    TagValue: required(freeText('tag value', tagValue, 'TagKey')),
  }),
  { max: tagsInRequestMax },
);
/** Keys of the tags to remove. */
export const tagKeys = list(tagKey, { max: tagsInRequestMax });
const grantOperation = enumeration([...symmetricGrantOperations, ...otherGrantOperations]);
/** The operations that a grant allows, each at most once. */
export const grantOperations = list(grantOperation, {
  max: symmetricGrantOperations.length + otherGrantOperations.length,
});
/** Pairs that the encryption context of a call must contain for the grant to apply. */
const constraintPairs = map(string({ max: contextBytesMax }), string({ max: 384 }), { max: 8 });
/** The constraints of a grant. */
export const grantConstraints = structure({
  EncryptionContextSubset: constraintPairs,
  EncryptionContextEquals: constraintPairs,
  SourceArn: string({ min: 1, max: 2048 }),
});
/** Key specs. */
export const keySpec = enumeration(knownKeySpecs);
/** Specs of data key pairs. */
export const keyPairSpec = enumeration(knownKeyPairSpecs);
/** Signing algorithms. */
export const signingAlgorithm = enumeration(knownSigningAlgorithms);
/** HMAC algorithms. */
export const macAlgorithm = enumeration(macAlgorithms);
/** Key agreement algorithms. */
export const agreementAlgorithm = enumeration(['ECDH']);
/** A public key, SubjectPublicKeyInfo in DER. */
export const publicKey = blob({ min: 1, max: 8192 });
/** A message or digest to sign or authenticate. */
export const message = sensitive(blob({ min: 1, max: 4096 }));
/** Key usages. */
export const keyUsage = enumeration(keyUsages);
/** Key states. */
export const keyState = string();

const regionKey = structure({ Arn: string(), Region: string() });

/** The metadata of a key. */
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
  ValidTo: timestamp(),
  Origin: string(),
  ExpirationModel: string(),
  KeyManager: string(),
  CustomerMasterKeySpec: string(),
  KeySpec: string(),
  EncryptionAlgorithms: list(string()),
  SigningAlgorithms: list(string()),
  KeyAgreementAlgorithms: list(string()),
  MacAlgorithms: list(string()),
  MultiRegion: boolean(),
  MultiRegionConfiguration: structure({
    MultiRegionKeyType: string(),
    PrimaryKey: regionKey,
    ReplicaKeys: list(regionKey),
  }),
  CurrentKeyMaterialId: keyMaterialId,
});

/** A grant in a list. */
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

/** An empty output. */
export const nothing = structure({});
