// The files of the web console of a broker, at the root of its port.

import { join } from 'node:path';
import { packageFolder } from '../../../base/package-folder.ts';
import type { HttpResponse } from '../../../net/http/message.ts';
import { pagePolicy } from '../../../net/http/page-policy.ts';
import type { RequestHandler } from '../../../net/http/request-handler.ts';
import type { RouteTable } from '../../../net/http/route-table.ts';
import { type StaticSite, staticSite } from '../../../net/http/static-site.ts';

const folder = join(packageFolder, 'dist', 'console');

const contentSecurityPolicy = pagePolicy("'none'");

/** The file of a console: that for brokers of RabbitMQ's type, or of ActiveMQ's. */
export type ConsolePage = 'rabbitmq.html' | 'activemq.html';

const common = { contentSecurityPolicy, isSinglePage: false } as const;

/** The page of a console, which is not stored. Its addresses are behind `#`. */
function pageSite(index: ConsolePage): StaticSite {
  return { ...common, folder, path: '', index, immutable: /^$/ };
}

/** What the page loads, where the service has it too. The names contain hashes. */
const assets: StaticSite = {
  ...common,
  folder: join(folder, 'assets'),
  path: '/console/assets',
  immutable: /./,
};

/** The answer to other methods, such as the form of a page elsewhere. */
const notAllowed: HttpResponse = {
  status: 405,
  headers: {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    Allow: 'GET, HEAD',
  },
  body: 'This page is read with GET.',
};

const refusal: RequestHandler = {
  admit: () => ({
    refusal: notAllowed,
    isProven: false,
    answer: () => Promise.resolve(notAllowed),
  }),
  reject: () => notAllowed,
};

/** Adds a console to the routes of a port. */
export function addConsole(routes: RouteTable, page: ConsolePage): RouteTable {
  return routes
    .page('/', staticSite(pageSite(page)))
    .handle('*', '/', refusal)
    .site(assets.path, staticSite(assets));
}
