// Client-side encryption of messages with the AWS Encryption SDK and a KMS key of Waxwing.

import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  getLocalCryptographicMaterialsCache,
  KmsKeyringNode,
  NodeCachingMaterialsManager,
} from '@aws-crypto/client-node';

// Ciphertexts commit to their key, in both directions.
const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);

// AES-256-GCM without a signature for each message: publisher and consumers use the same key, so a
// signature would cost time and prove nothing.
const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;

/**
 * Encrypts and decrypts messages of tenants. A data key is used for up to five minutes and 1,000
 * messages of one tenant, so that KMS is not called for each message. The key of the tenant is the
 * KMS key together with the encryption context: KMS decrypts a data key only with the context that it
 * was made for, and the grant of a consumer names the context that it may use.
 */
export class TenantEncryption {
  #materials;

  /** @param keyArn the ARN of the KMS key */
  constructor(keyArn) {
    this.#materials = new NodeCachingMaterialsManager({
      backingMaterials: new KmsKeyringNode({ generatorKeyId: keyArn }),
      cache: getLocalCryptographicMaterialsCache(100),
      maxAge: 5 * 60 * 1000,
      maxMessagesEncrypted: 1000,
    });
  }

  /** Encrypts a message of a tenant. */
  async seal(tenant, plaintext) {
    const encryptionContext = { tenant, purpose: 'orders' };
    const { result } = await encrypt(this.#materials, plaintext, { encryptionContext, suiteId });
    return result;
  }

  /** Decrypts a message, and requires that it is one of the tenant. */
  async open(tenant, ciphertext) {
    const { plaintext, messageHeader } = await decrypt(this.#materials, ciphertext);
    // The context is authenticated, but which one is right only this program knows.
    const found = messageHeader.encryptionContext.tenant;
    if (found !== tenant) throw new Error(`a message of '${found}'; expected one of '${tenant}'`);
    return plaintext;
  }
}
