// The files of the web console.

import { join } from 'node:path';
import { packageFolder } from '../../base/package-folder.ts';
import type { SiteHandler } from '../../net/http/request-handler.ts';
import { staticSite } from '../../net/http/static-site.ts';

/** The path of the console. */
export const consolePath = '/console';

/**
 * What the pages may do: run and show files of this site, and call its API. Styles are files too;
 * elements are styled by script only through the object model, which the policy permits.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // No text becomes HTML or code, not even by mistake, but for XML that the clients of AWS read.
  "require-trusted-types-for 'script'",
  'trusted-types default',
].join('; ');

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
