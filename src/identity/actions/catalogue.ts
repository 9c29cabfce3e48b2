// All actions that policies can allow or deny.

import { cloudTrailActions } from './cloudtrail.ts';
import { cloudWatchActions } from './cloudwatch.ts';
import { iamActions } from './iam.ts';
import { kmsActions } from './kms.ts';
import { logsActions } from './logs.ts';
import { mqActions } from './mq.ts';
import { s3Actions } from './s3.ts';
import type { ActionEntry, ServiceActions } from './service-actions.ts';
import { ssoActions, ssoOauthActions } from './sso.ts';
import { stsActions } from './sts.ts';
import { waxwingActions } from './waxwing.ts';

/** The actions of every service. */
export const actionCatalogue: readonly ServiceActions[] = [
  mqActions,
  kmsActions,
  cloudTrailActions,
  cloudWatchActions,
  logsActions,
  s3Actions,
  stsActions,
  iamActions,
  ssoActions,
  ssoOauthActions,
  waxwingActions,
];

const byName = new Map<string, ActionEntry>(
  actionCatalogue.flatMap(({ prefix, actions }) =>
    actions.map((action) => [`${prefix}:${action.name}`.toLowerCase(), action] as const),
  ),
);

/**
 * Finds an action.
 *
 * @param name with the prefix of its service, in any case: `mq:CreateBroker`
 */
export function findAction(name: string): ActionEntry | undefined {
  return byName.get(name.toLowerCase());
}
