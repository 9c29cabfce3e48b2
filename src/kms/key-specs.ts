// Key specs and key usages.

import { KmsError } from './errors.ts';

/** The usages of keys. */
export const keyUsages = [
  'SIGN_VERIFY',
  'ENCRYPT_DECRYPT',
  'GENERATE_VERIFY_MAC',
  'KEY_AGREEMENT',
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

const specs = {
  SYMMETRIC_DEFAULT: { usages: ['ENCRYPT_DECRYPT'], encryption: ['SYMMETRIC_DEFAULT'] },
  RSA_2048: rsa,
  RSA_3072: rsa,
  RSA_4096: rsa,
  ECC_NIST_P256: curve('256'),
  ECC_NIST_P384: curve('384'),
  ECC_NIST_P521: curve('512'),
  ECC_SECG_P256K1: { usages: ['SIGN_VERIFY'], signing: ['ECDSA_SHA_256'] },
  HMAC_224: hmac(224),
  HMAC_256: hmac(256),
  HMAC_384: hmac(384),
  HMAC_512: hmac(512),
} as const satisfies Record<string, Spec>;

/** The spec of a key. */
export type KeySpec = keyof typeof specs;

/** The specs of keys that can be created. Only `SYMMETRIC_DEFAULT` keys can be used. */
export const keySpecs = Object.keys(specs) as readonly KeySpec[];

/** Whether FIPS 140-3 approves keys of a spec. */
export function isApproved(spec: KeySpec): boolean {
  return spec !== 'ECC_SECG_P256K1';
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

/** Whether a key is symmetric, so that it can encrypt and decrypt. */
export function isSymmetric(key: { readonly spec: string }): boolean {
  return key.spec === 'SYMMETRIC_DEFAULT';
}
