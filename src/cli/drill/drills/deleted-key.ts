// The drill `deleted-key`.

import { constants, publicEncrypt } from 'node:crypto';
import { systemRandom } from '../../../base/random.ts';
import { recoverMaterials } from '../../../server/keys/recovered-materials.ts';
import type { Drill } from '../drill.ts';
import type { ServiceProcess } from '../service/service-process.ts';

/** Somebody gets the root key and the whole folder after the material of a key was deleted. */
export const deletedKey: Drill = {
  name: 'deleted-key',
  promise:
    'Deleted key material cannot be recovered, not even with the root key and the whole folder.',
  limits:
    'A key is deleted at the earliest after 7 days. The drill deletes imported material, which is destroyed at once and in the same way. Copies from before are another matter.',
  run: async (lab) => {
    const service = await lab.service();
    const { kms } = service.aws;
    const [kept, deleted] = [systemRandom.bytes(32), systemRandom.bytes(32)];
    await lab.step('keep', 'imported material into a key that is kept', () =>
      importedKey(service, kept),
    );
    const KeyId = await lab.step('import', 'imported material into a key', () =>
      importedKey(service, deleted),
    );
    const Plaintext = Buffer.from(lab.word('secret'));
    const { CiphertextBlob } = await kms.encrypt({ KeyId, Plaintext });
    await lab.step('delete', 'deleted the material', () =>
      kms.deleteImportedKeyMaterial({ KeyId }),
    );
    const error = await kms.decrypt({ CiphertextBlob, KeyId }).then(
      () => undefined,
      (refused: Error) => refused,
    );
    lab.saw(
      'the service does not decrypt what it encrypted before',
      error?.name === 'KMSInvalidStateException',
      error === undefined ? 'it decrypted' : `${error.name}: ${error.message}`,
    );
    const copy = await lab.step(
      'take',
      'stopped the service, and took its folder and root key',
      () => lab.copyStopped(service),
    );
    const { materials, recordCount } = await recoverMaterials(copy.data, copy.keySource);
    const has = (material: Buffer) => materials.some((found) => found.equals(material));
    lab.saw('the attack opens the material of the key that is kept', has(kept), `${has(kept)}`);
    lab.saw(
      'the attack does not open the deleted material',
      !has(deleted),
      `${materials.length} materials opened from ${recordCount} records; ${has(deleted) ? 'it is' : 'it is not'} one of them`,
    );
  },
};

/** Creates a key with imported material. Returns its ARN. */
async function importedKey({ aws: { kms } }: ServiceProcess, material: Buffer): Promise<string> {
  const { KeyMetadata } = await kms.createKey({ Origin: 'EXTERNAL' });
  const KeyId = KeyMetadata?.Arn ?? '';
  const { PublicKey = Buffer.alloc(0), ImportToken } = await kms.getParametersForImport({
    KeyId,
    WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
    WrappingKeySpec: 'RSA_2048',
  });
  const key = { key: Buffer.from(PublicKey), format: 'der', type: 'spki' } as const;
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const EncryptedKeyMaterial = publicEncrypt({ ...key, padding, oaepHash: 'sha256' }, material);
  await kms.importKeyMaterial({
    KeyId,
    ImportToken,
    EncryptedKeyMaterial,
    ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
  });
  return KeyId;
}
