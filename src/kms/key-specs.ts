// Key specs and key usages.

import { KmsError } from './errors.ts';

/** The usages of keys. */
export const keyUsages = [
  'SIGN_VERIFY',
  'ENCRYPT_DECRYPT',
  'GENERATE_VERIFY_MAC',
  'KEY_AGREEMENT',
  'ENCAPSULATE_DECAPSULATE',
] as const;

/** The usage of a key. */
export type KeyUsage = (typeof keyUsages)[number];

interface Spec {
  /** The first one is the default if it is the only one. */
  readonly usages: readonly KeyUsage[];
  readonly encryption?: readonly string[];
  readonly signing?: readonly string[];
  readonly mac?: readonly string[];
}

const agreement = ['ECDH'];
const oaep = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'];
const rsaSigning = ['RSASSA_PKCS1_V1_5', 'RSASSA_PSS'].flatMap((scheme) =>
  ['256', '384', '512'].map((bits) => `${scheme}_SHA_${bits}`),
);
const rsa: Spec = {
  usages: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
  encryption: oaep,
  signing: rsaSigning,
};

function curve(hash: string): Spec {
  return { usages: ['SIGN_VERIFY', 'KEY_AGREEMENT'], signing: [`ECDSA_SHA_${hash}`] };
}

function hmac(bits: number): Spec {
  return { usages: ['GENERATE_VERIFY_MAC'], mac: [`HMAC_SHA_${bits}`] };
}

const pairSpecs = {
  RSA_2048: rsa,
  RSA_3072: rsa,
  RSA_4096: rsa,
  ECC_NIST_P256: curve('256'),
  ECC_NIST_P384: curve('384'),
  ECC_NIST_P521: curve('512'),
  ECC_SECG_P256K1: { usages: ['SIGN_VERIFY'], signing: ['ECDSA_SHA_256'] },
  ECC_NIST_EDWARDS25519: { usages: ['SIGN_VERIFY'], signing: ['ED25519_SHA_512'] },
} as const satisfies Record<string, Spec>;

const specs = {
  SYMMETRIC_DEFAULT: { usages: ['ENCRYPT_DECRYPT'], encryption: ['SYMMETRIC_DEFAULT'] },
  ...pairSpecs,
  HMAC_224: hmac(224),
  HMAC_256: hmac(256),
  HMAC_384: hmac(384),
  HMAC_512: hmac(512),
} as const satisfies Record<string, Spec>;

/** Sizes of HMAC keys, in bytes. */
const macKeyBytes: Readonly<Record<string, number>> = {
  HMAC_224: 28,
  HMAC_256: 32,
  HMAC_384: 48,
  HMAC_512: 64,
};

/** The spec of a key. */
export type KeySpec = keyof typeof specs;

/** The spec of an asymmetric key. */
export type KeyPairSpec = keyof typeof pairSpecs;

/** The specs of keys that can be created. */
export const keySpecs = Object.keys(specs) as readonly KeySpec[];

/** The specs of asymmetric keys that can be created. */
export const keyPairSpecs = Object.keys(pairSpecs) as readonly KeyPairSpec[];

/** The specs of AWS KMS that this service knows and refuses: Node 20 does not implement them. */
const missingPairSpecs = [
  'ML_DSA_44',
  'ML_DSA_65',
  'ML_DSA_87',
  'ML_KEM_512',
  'ML_KEM_768',
  'ML_KEM_1024',
  'SM2',
] as const;

/** The specs that a CreateKey request can name. */
export const knownKeySpecs = [...keySpecs, ...missingPairSpecs] as const;

/** The specs that a GenerateDataKeyPair request can name. */
export const knownKeyPairSpecs = [
  ...keyPairSpecs,
  ...missingPairSpecs.filter((spec) => !spec.startsWith('ML_DSA')),
] as const;

/** The signing algorithms that a request can name; keys list those that they support. */
export const knownSigningAlgorithms = [
  ...rsaSigning,
  'ECDSA_SHA_256',
  'ECDSA_SHA_384',
  'ECDSA_SHA_512',
  'ED25519_SHA_512',
  'ED25519_PH_SHA_512',
  'ML_DSA_SHAKE_256',
  'SM2DSA',
];

/** The algorithms of HMAC keys. */
export const macAlgorithms = [224, 256, 384, 512].map((bits) => `HMAC_SHA_${bits}`);

/**
 * Checks that keys of a spec can be made.
 *
 * @param made the specs that can be made
 * @throws {KmsError} 'UnsupportedOperationException'
 */
export function supportedSpec<S extends KeySpec>(
  spec: S | (typeof missingPairSpecs)[number],
  made: readonly KeySpec[] = keySpecs,
): S {
  if (made.some((each) => each === spec)) return spec as S; // the check
  throw new KmsError(
    'UnsupportedOperationException',
    `The key spec ${spec} is not supported; ${made.join(', ')} are.`,
  );
}

/** Whether a key is asymmetric. */
export function isPairSpec(spec: string): spec is KeyPairSpec {
  return Object.hasOwn(pairSpecs, spec);
}

/** Size of the material of a symmetric or HMAC key, in bytes. */
export function materialBytesOf(spec: string): number {
  return macKeyBytes[spec] ?? 32;
}

/** Whether the FIPS 140-3 module of OpenSSL 3.0 approves keys of a spec. */
export function isApproved(spec: KeySpec): boolean {
  return spec !== 'ECC_SECG_P256K1' && spec !== 'ECC_NIST_EDWARDS25519';
}

/**
 * Determines the usage of a new key.
 *
 * @throws {KmsError} 'ValidationException' if the usage does not fit the spec
 */
export function usageOf(spec: KeySpec, asked: KeyUsage | undefined): KeyUsage {
  const { usages }: Spec = specs[spec];
  const usage = asked ?? 'ENCRYPT_DECRYPT';
  if (usages.includes(usage)) return usage;
  throw new KmsError(
    'ValidationException',
    asked === undefined
      ? `You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.`
      : `KeyUsage ${usage} is not compatible with KeySpec ${spec}`,
  );
}

/** The algorithms of a key, under their member names in the metadata. */
export function algorithmsOf(spec: string, usage: string) {
  const found: Spec | undefined = specs[spec as KeySpec];
  if (found === undefined) return {};
  if (usage === 'ENCRYPT_DECRYPT') return { EncryptionAlgorithms: found.encryption ?? [] };
  if (usage === 'SIGN_VERIFY') return { SigningAlgorithms: found.signing ?? [] };
  if (usage === 'KEY_AGREEMENT') return { KeyAgreementAlgorithms: agreement };
  return { MacAlgorithms: found.mac ?? [] };
}

/** Whether a key is symmetric and encrypts. */
export function isSymmetric(key: { readonly spec: string }): boolean {
  return key.spec === 'SYMMETRIC_DEFAULT';
}
