// The files of the web console.

import { join } from 'node:path';
import { packageFolder } from '../../base/package-folder.ts';
import { pagePolicy } from '../../net/http/page-policy.ts';
import type { SiteHandler } from '../../net/http/request-handler.ts';
import { staticSite } from '../../net/http/static-site.ts';

/** The path of the console. */
export const consolePath = '/console';

// The clients of AWS create documents from XML, with the policy `default`.
const contentSecurityPolicy = pagePolicy('default');

/** Serves the files that the build of the console made. */
export function consoleSite(): SiteHandler {
  return staticSite({
    folder: join(packageFolder, 'dist', 'console'),
    path: consolePath,
    contentSecurityPolicy,
    isSinglePage: false,
    immutable: /^\/assets\//,
  });
}
