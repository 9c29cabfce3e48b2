// The routes of an HTTP listener.

import { anyMethod, type PathMatch, PathTable } from './path-table.ts';
import type { RequestHandler, SiteHandler, UpgradeHandler } from './request-handler.ts';

/** The handlers of one listener, by method and path. @see PathTable for patterns */
export class RouteTable {
  readonly #requests = new PathTable<RequestHandler | SiteHandler>();
  readonly #upgrades = new PathTable<UpgradeHandler>();
  #hasUpgrades = false;

  /**
   * Adds a handler for requests.
   *
   * @param method in upper case, or `*` for every method
   * @param pattern `/api/queues/{vhost}/{name}`, `/files/{path+}`, `/*`
   */
  handle(method: string, pattern: string, handler: RequestHandler): this {
    this.#requests.add(method, pattern, handler);
    return this;
  }

  /** Adds a site of files, which answers GET and HEAD at a path and below it. */
  site(path: string, handler: SiteHandler): this {
    for (const method of ['GET', 'HEAD']) {
      this.#requests.add(method, `${path}/*`, handler);
      if (path !== '') this.#requests.add(method, path, handler);
    }
    return this;
  }

  /** Adds a file at exactly one path, which answers GET and HEAD. */
  page(path: string, handler: SiteHandler): this {
    for (const method of ['GET', 'HEAD']) this.#requests.add(method, path, handler);
    return this;
  }

  /** Adds a handler for protocol upgrades (`Upgrade: websocket`). */
  upgrade(pattern: string, handler: UpgradeHandler): this {
    this.#hasUpgrades = true;
    this.#upgrades.add('GET', pattern, handler);
    return this;
  }

  /** Whether there is any handler for upgrades. */
  get hasUpgrades(): boolean {
    return this.#hasUpgrades;
  }

  /** The handler of a request. */
  find(method: string, rawPath: string): PathMatch<RequestHandler | SiteHandler> | undefined {
    return this.#requests.find(method, rawPath);
  }

  /** The handler of an upgrade. */
  findUpgrade(method: string, rawPath: string): PathMatch<UpgradeHandler> | undefined {
    return this.#upgrades.find(method, rawPath);
  }

  /** The methods that a path supports, for the `Allow` header; empty if the path does not exist. */
  methodsOf(rawPath: string): string[] {
    return this.#requests.methodsOf(rawPath).filter((method) => method !== anyMethod);
  }
}
