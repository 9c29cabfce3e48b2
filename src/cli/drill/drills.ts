// All drills, in the order in which `waxwing drill --all` runs them.

import type { Drill } from './drill.ts';
import { curiousColleague } from './drills/curious-colleague.ts';
import { deletedBroker } from './drills/deleted-broker.ts';
import { deletedKey } from './drills/deleted-key.ts';
import { foreignFolder } from './drills/foreign-folder.ts';
import { impostor } from './drills/impostor.ts';
import { disabledKey, revokedGrant } from './drills/lost-keys.ts';
import { olderCopy } from './drills/older-copy.ts';
import { olderFolder } from './drills/older-folder.ts';
import { openPermissions } from './drills/open-permissions.ts';
import { processSecrets } from './drills/process-secrets.ts';
import { promotedReplica } from './drills/promoted-replica.ts';
import { removedDigest } from './drills/removed-digest.ts';
import { restoredBackup } from './drills/restored-backup.ts';
import { secondService } from './drills/second-service.ts';
import { stolenCredentials } from './drills/stolen-credentials.ts';
import { stolenFolder } from './drills/stolen-folder.ts';
import { tamperedSegment } from './drills/tampered-segment.ts';
import { wireTap } from './drills/wire-tap.ts';

/** All drills. */
export const drills: readonly Drill[] = [
  stolenFolder,
  foreignFolder,
  openPermissions,
  secondService,
  processSecrets,
  wireTap,
  impostor,
  curiousColleague,
  stolenCredentials,
  disabledKey,
  revokedGrant,
  deletedKey,
  deletedBroker,
  tamperedSegment,
  olderCopy,
  olderFolder,
  removedDigest,
  restoredBackup,
  promotedReplica,
];
