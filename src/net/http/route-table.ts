import { anyMethod, type PathMatch, PathTable } from './path-table.ts';
import type { RequestHandler, SiteHandler, UpgradeHandler } from './request-handler.ts';

/** Who answers the requests of one listener: by method and path. @see PathTable for patterns */
export class RouteTable {
  readonly #requests = new PathTable<RequestHandler | SiteHandler>();
  readonly #upgrades = new PathTable<UpgradeHandler>();
  #hasUpgrades = false;

  /**
   * Adds requests.
   *
   * @param method in upper case, or `*` for every method
   * @param pattern `/api/queues/{vhost}/{name}`, `/files/{path+}`, `/*`
   */
  handle(method: string, pattern: string, handler: RequestHandler): this {
    this.#requests.add(method, pattern, handler);
    return this;
  }

  /** Adds the files of a site, which answers GET and HEAD at a path and at all below it. */
  site(path: string, handler: SiteHandler): this {
    for (const method of ['GET', 'HEAD']) {
      this.#requests.add(method, `${path}/*`, handler);
      if (path !== '') this.#requests.add(method, path, handler);
    }
    return this;
  }

  /** Adds requests that ask for another protocol (`Upgrade: websocket`). */
  upgrade(pattern: string, handler: UpgradeHandler): this {
    this.#hasUpgrades = true;
    this.#upgrades.add('GET', pattern, handler);
    return this;
  }

  /** Whether any request may ask for another protocol. */
  get hasUpgrades(): boolean {
    return this.#hasUpgrades;
  }

  /** Who answers a request. */
  find(method: string, rawPath: string): PathMatch<RequestHandler | SiteHandler> | undefined {
    return this.#requests.find(method, rawPath);
  }

  /** Who takes over a connection that is to be upgraded. */
  findUpgrade(method: string, rawPath: string): PathMatch<UpgradeHandler> | undefined {
    return this.#upgrades.find(method, rawPath);
  }

  /** The methods that a path takes, for the header `Allow`; none where nothing is there. */
  methodsOf(rawPath: string): string[] {
    return this.#requests.methodsOf(rawPath).filter((method) => method !== anyMethod);
  }
}
