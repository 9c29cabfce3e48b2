import type { IncomingMessage, ServerResponse } from 'node:http';
import send, { type SendStream } from 'send';
import type { SiteHandler } from './request-handler.ts';

/** What a browser is told about every file of a site. */
const siteHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
} as const;

/** A site of files. */
export interface StaticSite {
  /** The folder that holds the files, and nothing that is not for everybody. */
  readonly folder: string;
  /** The path that the site is at, without a slash at its end; empty for the root. */
  readonly path: string;
  /** The content security policy of every file. */
  readonly contentSecurityPolicy: string;
  /** Whether paths that are no files are answered with the site's `index.html`. */
  readonly isSinglePage: boolean;
  /** Fits the paths of files whose names change with their content: browsers keep them for a year. */
  readonly immutable: RegExp;
}

/**
 * Serves the files of a folder, with ETags and ranges. Names that begin with a dot are not served,
 * and nothing outside the folder is.
 */
export function staticSite(site: StaticSite): SiteHandler {
  return {
    serve(incoming, response, next) {
      const url = (incoming.url ?? '/').replace(/[?#].*$/s, '').slice(site.path.length);
      const path = url.startsWith('/') ? url : `/${url}`;
      file(site, incoming, path)
        .on('error', (error: Error & { readonly status?: number }) => {
          if (!site.isSinglePage || error.status !== 404) failed(error.status, response, next);
          else file(site, incoming, '/index.html').on('error', next).pipe(response);
        })
        .pipe(response);
    },
  };
}

function file(site: StaticSite, incoming: IncomingMessage, path: string): SendStream {
  const stream = send(incoming, path, {
    root: site.folder,
    dotfiles: 'ignore',
    cacheControl: false,
  });
  stream.on('headers', (response: ServerResponse) => {
    const all = { ...siteHeaders, 'Content-Security-Policy': site.contentSecurityPolicy };
    for (const [name, value] of Object.entries(all)) response.setHeader(name, value);
    const isKept = site.immutable.test(path);
    response.setHeader(
      'Cache-Control',
      isKept ? 'public, max-age=31536000, immutable' : 'no-cache',
    );
  });
  // A path without its slash would otherwise be sent elsewhere, to where the path above is not known.
  stream.on('directory', () => stream.error(404));
  return stream;
}

function failed(status: number | undefined, response: ServerResponse, next: () => void): void {
  if (status !== 412 && status !== 416) {
    next();
    return;
  }
  response.statusCode = status;
  response.end();
}
