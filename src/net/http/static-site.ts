// Serving of static files.

import type { ReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { SendStream } from 'send';
import type { SiteHandler } from './request-handler.ts';

/** Response headers for every file of a site. */
const siteHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/**
 * Bytes of a file that are read at once. A client that does not read holds one piece, and a
 * burst of requests leaves few large buffers to the garbage collector.
 */
const pieceBytes = 16 * 1024;

/** The files that are being sent on each connection. */
const openFiles = new WeakMap<Socket, Set<ReadStream>>();

/**
 * Closes a file with its connection. The library does so only for the request whose turn it is, and
 * not for further ones that the client sent before it read the answer.
 */
function closeWith(socket: Socket, file: ReadStream): void {
  if (socket.destroyed) {
    file.destroy();
    return;
  }
  const known = openFiles.get(socket);
  const files = known ?? new Set();
  if (known === undefined) {
    openFiles.set(socket, files);
    socket.once('close', () => {
      for (const each of files) each.destroy();
    });
  }
  files.add(file);
  file.once('close', () => files.delete(file));
}

/** The settings of a site. */
export interface StaticSite {
  /** The folder of the files. All of them are public. */
  readonly folder: string;
  /** The path of the site without a trailing slash; empty for the root. */
  readonly path: string;
  /** The file for the path of the site itself; by default `index.html`. */
  readonly index?: string;
  /** The content security policy of all files. */
  readonly contentSecurityPolicy: string;
  /** Whether unknown paths are answered with `index.html`. */
  readonly isSinglePage: boolean;
  /**
   * Matches the paths of files whose names change with their content. Browsers cache them for a
   * year, and store no other files.
   */
  readonly immutable: RegExp;
}

/** The types of files of which the build makes a compressed copy, `NAME.br`. */
const compressible: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/**
 * Serves the files of a folder, with ETags and ranges. Clients that accept Brotli get the compressed copy
 * of a file, where there is one. Files outside of the folder and names that begin with a dot are not
 * served.
 */
export function staticSite(site: StaticSite): SiteHandler {
  return {
    serve(incoming, response, next) {
      serveFile(site, incoming, response, next).catch(next);
    },
  };
}

async function serveFile(
  site: StaticSite,
  incoming: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
): Promise<void> {
  // Loaded at the first request, because it takes long.
  const { default: send } = await import('send');
  const url = (incoming.url ?? '/').replace(/[?#].*$/s, '').slice(site.path.length);
  const path = url.startsWith('/') ? url : `/${url}`;
  const file = (name: string, type?: string) =>
    fileStream(site, send(incoming, name, sendOptions(site)), name, type).on('stream', (opened) =>
      closeWith(incoming.socket, opened as ReadStream),
    );
  const plain = () =>
    file(path)
      .on('error', (error: SendError) => {
        if (!site.isSinglePage || error.status !== 404) failed(error.status, response, next);
        else file('/index.html').on('error', next).pipe(response);
      })
      .pipe(response);
  const name = path.endsWith('/') ? `${path}${site.index ?? 'index.html'}` : path;
  const type = compressible[name.slice(name.lastIndexOf('.') + 1)];
  if (type === undefined || !acceptsBrotli(incoming.headers['accept-encoding']))
    return void plain();
  file(`${name}.br`, type)
    .on('error', ({ status }: SendError) => {
      if (status === 404) plain();
      else failed(status, response, next);
    })
    .pipe(response);
}

type SendError = Error & { readonly status?: number };

/** Whether a value of `Accept-Encoding` names Brotli, and not with the quality zero. */
export function acceptsBrotli(header: string | string[] | undefined): boolean {
  const [, quality = '1'] = /(?:^|,)\s*br\s*(?:;\s*q=([\d.]+)\s*)?(?:,|$)/i.exec(
    String(header ?? ''),
  ) ?? ['', '0'];
  return Number(quality) > 0;
}

function sendOptions({ folder, index = 'index.html' }: StaticSite) {
  const options = { root: folder, index, dotfiles: 'ignore', cacheControl: false } as const;
  // The library passes it to the stream of the file.
  return { ...options, highWaterMark: pieceBytes };
}

/** @param encodedType the type of the file of which this is the compressed copy */
function fileStream(
  site: StaticSite,
  stream: SendStream,
  path: string,
  encodedType?: string,
): SendStream {
  stream.on('headers', (response: ServerResponse) => {
    const all = {
      ...siteHeaders,
      'Content-Security-Policy': site.contentSecurityPolicy,
      Vary: 'Accept-Encoding',
      ...(encodedType && { 'Content-Encoding': 'br', 'Content-Type': encodedType }),
    };
    for (const [name, value] of Object.entries(all)) response.setHeader(name, value);
    const isKept = site.immutable.test(path);
    response.setHeader(
      'Cache-Control',
      isKept ? 'public, max-age=31536000, immutable' : 'no-store',
    );
  });
  // The default is a redirect, which would be wrong because the site's own path is unknown there.
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
