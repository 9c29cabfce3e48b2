// The sources of the root key.

import type { RootKeySource } from '../source.ts';
import { AwsKmsHolder } from './aws-kms.ts';
import { CredentialHolder } from './credential.ts';
import { KeyFileHolder } from './key-file.ts';
import { PassphraseHolder } from './passphrase.ts';
import { Pkcs11Holder } from './pkcs11.ts';
import type { RootKeyHolder } from './root-key-holder.ts';
import { SealedFileHolder } from './sealed-file.ts';

/** Returns what holds the root key of a source. */
export function holderOf(source: RootKeySource): RootKeyHolder {
  switch (source.kind) {
    case 'file':
      return new KeyFileHolder(source);
    case 'passphrase':
      return new PassphraseHolder(source);
    case 'credential':
      return new CredentialHolder(source);
    case 'systemd-creds':
      return new SealedFileHolder(source);
    case 'pkcs11':
      return new Pkcs11Holder(source);
    case 'aws-kms':
      return new AwsKmsHolder(source);
  }
}
