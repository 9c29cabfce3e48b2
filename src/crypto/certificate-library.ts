// The libraries that read and write certificates. The bundler makes one file of them, because few
// starts need them and they share state.
// biome-ignore-all lint/performance/noBarrelFile: this is that file

import 'reflect-metadata';

export { AsnConvert } from '@peculiar/asn1-schema';
export {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from '@peculiar/asn1-x509';
export * as x509 from '@peculiar/x509';
