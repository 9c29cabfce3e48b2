// Root keys that an AES key on a PKCS#11 token seals.

import { createRequire } from 'node:module';
import { systemRandom } from '../../../base/random.ts';
import { ServerError } from '../../errors.ts';
import { checkPassphraseFile } from '../../ownership.ts';
import type { Pkcs11Source } from '../source.ts';
import type { Pkcs11Key } from './pkcs11-uri.ts';
import { readPrivate } from './private-file.ts';
import {
  type MadeRootKey,
  type RootKeyHolder,
  type RootKeyOwner,
  rootKeyBytes,
  sourceNumbers,
} from './root-key-holder.ts';

const ivBytes = 12;
const tagBytes = 16;

/** Numbers of PKCS#11 2.40. */
const cko = { secretKey: 4 } as const;
const ckk = { aes: 0x1f } as const;
const ckm = { aesKeyGen: 0x1080, aesGcm: 0x1087 } as const;
const ckf = { readWrite: 2, serial: 4 } as const;
const userLogin = 1;
const cka = {
  class: 0,
  token: 1,
  private: 2,
  label: 3,
  keyType: 0x100,
  sensitive: 0x103,
  encrypt: 0x104,
  decrypt: 0x105,
  valueLength: 0x161,
  extractable: 0x162,
} as const;

type Handle = Buffer;
type Template = readonly { readonly type: number; readonly value: number | boolean | string }[];

/** The functions of `pkcs11js` that are used. They have the names of PKCS#11. */
interface Module {
  load(path: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(hasToken: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): { readonly label: string; readonly serialNumber: string };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, user: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: Template): void;
  C_FindObjects(session: Handle): Handle | null | undefined;
  C_FindObjectsFinal(session: Handle): void;
  C_GenerateKey(session: Handle, mechanism: object, template: Template): Handle;
  C_EncryptInit(session: Handle, mechanism: object, key: Handle): void;
  C_Encrypt(session: Handle, input: Buffer, output: Buffer): Buffer;
  C_DecryptInit(session: Handle, mechanism: object, key: Handle): void;
  C_Decrypt(session: Handle, input: Buffer, output: Buffer): Buffer;
}

interface Library {
  readonly PKCS11: new () => Module;
  readonly CK_PARAMS_AES_GCM: number;
}

/** A session on a token, logged in. */
interface Session {
  readonly library: Library;
  readonly module: Module;
  readonly session: Handle;
}

/**
 * A random root key that an AES key on a token has encrypted (AES-GCM). The key on the token never
 * leaves it. The token is used at each start, and not afterwards.
 */
export class Pkcs11Holder implements RootKeyHolder {
  readonly kind = 'pkcs11';
  readonly label: string;
  readonly #key: Pkcs11Key;

  constructor({ key }: Pkcs11Source) {
    this.#key = key;
    this.label = key.token === undefined ? key.label : `${key.token}: ${key.label}`;
  }

  /** Generates the key on the token if there is none with the label. */
  async make(owner: RootKeyOwner): Promise<MadeRootKey> {
    return await this.#withToken(({ library, module, session }) => {
      const found = this.#findKey(module, session) ?? this.#generateKey(module, session);
      const key = systemRandom.bytes(rootKeyBytes);
      const iv = systemRandom.bytes(ivBytes);
      module.C_EncryptInit(session, mechanismOf(library, iv, owner), found);
      const sealed = module.C_Encrypt(session, key, Buffer.alloc(rootKeyBytes + tagBytes));
      return { key, stored: Buffer.concat([iv, sealed]), number: sourceNumbers.pkcs11 };
    });
  }

  async open(owner: RootKeyOwner, stored: Buffer): Promise<Buffer> {
    return await this.#withToken(({ library, module, session }) => {
      const found = this.#findKey(module, session);
      if (found === undefined) {
        throw new ServerError('root-key-missing', `the token has no AES key ${this.#key.label}`);
      }
      const iv = stored.subarray(0, ivBytes);
      module.C_DecryptInit(session, mechanismOf(library, iv, owner), found);
      // Some libraries want room for the tag too.
      const room = Buffer.alloc(rootKeyBytes + tagBytes);
      const key = Buffer.from(decrypted(module, session, stored.subarray(ivBytes), room, owner));
      room.fill(0);
      return key;
    });
  }

  #findKey(module: Module, session: Handle): Handle | undefined {
    module.C_FindObjectsInit(session, [
      { type: cka.class, value: cko.secretKey },
      { type: cka.keyType, value: ckk.aes },
      { type: cka.label, value: this.#key.label },
    ]);
    try {
      const found = module.C_FindObjects(session) ?? undefined;
      const another = found && module.C_FindObjects(session);
      if (!another) return found;
      const text = `the token has several AES keys ${this.#key.label}; one is required`;
      throw new ServerError('root-key-wrong', text);
    } finally {
      module.C_FindObjectsFinal(session);
    }
  }

  #generateKey(module: Module, session: Handle): Handle {
    return module.C_GenerateKey(session, { mechanism: ckm.aesKeyGen }, [
      { type: cka.class, value: cko.secretKey },
      { type: cka.keyType, value: ckk.aes },
      { type: cka.valueLength, value: rootKeyBytes },
      { type: cka.label, value: this.#key.label },
      { type: cka.token, value: true },
      { type: cka.private, value: true },
      { type: cka.sensitive, value: true },
      { type: cka.extractable, value: false },
      { type: cka.encrypt, value: true },
      { type: cka.decrypt, value: true },
    ]);
  }

  async #withToken<T>(use: (session: Session) => T): Promise<T> {
    const { modulePath, pinFile } = this.#key;
    const library = loadLibrary();
    const pin = await readPin(pinFile);
    const module = new library.PKCS11();
    let isInitialized = false;
    try {
      module.load(modulePath);
      module.C_Initialize();
      isInitialized = true;
      const slot = this.#findSlot(module);
      const session = module.C_OpenSession(slot, ckf.serial | ckf.readWrite);
      try {
        module.C_Login(session, userLogin, pin);
        return use({ library, module, session });
      } finally {
        module.C_CloseSession(session);
      }
    } catch (error) {
      throw error instanceof ServerError ? error : unavailable(error);
    } finally {
      if (isInitialized) module.C_Finalize();
      module.close();
    }
  }

  #findSlot(module: Module): Handle {
    const { token, serial } = this.#key;
    const slots = module.C_GetSlotList(true).filter((slot) => {
      const info = module.C_GetTokenInfo(slot);
      // Both are padded with spaces.
      const fits = (wanted: string | undefined, found: string) =>
        wanted === undefined || found.replace(/[\0 ]+$/, '') === wanted;
      return fits(token, info.label) && fits(serial, info.serialNumber);
    });
    const [slot, ...others] = slots;
    if (slot !== undefined && others.length === 0) return slot;
    const which = token === undefined ? 'of this PKCS#11 URI' : `with the label ${token}`;
    const text = `there are ${slots.length} tokens ${which}; one is required`;
    throw new ServerError('root-key-missing', text);
  }
}

function decrypted(
  module: Module,
  session: Handle,
  sealed: Buffer,
  room: Buffer,
  { folder }: RootKeyOwner,
): Buffer {
  try {
    return module.C_Decrypt(session, sealed, room);
  } catch (error) {
    // What a token answers to a wrong tag differs: invalid data, an invalid length, a general error.
    const text = `the key on the token does not match ${folder}: ${reasonOf(error)}`;
    throw new ServerError('root-key-wrong', text);
  }
}

function mechanismOf(library: Library, iv: Buffer, { volumeId }: RootKeyOwner): object {
  const parameter = {
    type: library.CK_PARAMS_AES_GCM,
    iv,
    ivBits: ivBytes * 8,
    aad: Buffer.from(`waxwing root key of ${volumeId}`),
    tagBits: tagBytes * 8,
  };
  return { mechanism: ckm.aesGcm, parameter };
}

/** Loads the optional package, which the administrator installs. */
function loadLibrary(): Library {
  try {
    return createRequire(import.meta.url)('pkcs11js') as Library;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'MODULE_NOT_FOUND' ? 'is not installed' : `cannot be loaded: ${code}`;
    const text = `the package pkcs11js ${why}; run in the folder of Waxwing: npm install pkcs11js@2`;
    throw new ServerError('root-key-unavailable', text, { cause });
  }
}

async function readPin(file: string): Promise<string> {
  const bytes = await readPrivate(file, 'the PIN file', checkPassphraseFile);
  const pin = bytes.toString('utf8').replace(/\r?\n$/, '');
  bytes.fill(0);
  return pin;
}

function unavailable(error: unknown): ServerError {
  return new ServerError('root-key-unavailable', `the PKCS#11 token: ${reasonOf(error)}`);
}

/** The names of errors, such as CKR_PIN_INCORRECT, are in the message. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : String(error).slice(0, 200);
}
