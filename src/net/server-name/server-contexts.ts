// The TLS settings of a server with several certificates.

import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type {
  ClientCertificateOptions,
  ListenerAccess,
  ServerCertificate,
} from '../tls-listener.ts';
import type { TlsPolicy } from '../tls-policy.ts';
import { coversName } from './name-match.ts';

/** The settings that all certificates of a server share. */
export interface ContextOptions {
  readonly policy: TlsPolicy;
  readonly clientCertificates?: ClientCertificateOptions | undefined;
  /** Undefined if no certificates with names may come. */
  readonly access?: Pick<ListenerAccess, 'choosesByName'> | undefined;
}

/** Options of a TLS server. */
export interface ServerTlsOptions extends SecureContextOptions {
  SNICallback?(name: string, chosen: (error: Error | null, context?: SecureContext) => void): void;
}

interface Named {
  readonly names: readonly string[];
  readonly context: SecureContext;
}

/**
 * The certificates of a server. Clients that ask for a name of a certificate get that one; others get
 * those without names.
 */
export class ServerContexts {
  readonly #options: ContextOptions;
  #named: readonly Named[] = [];
  #others: SecureContext | undefined = undefined;

  constructor(options: ContextOptions) {
    this.#options = options;
  }

  /** The settings of a new server. */
  first(certificates: readonly ServerCertificate[]): ServerTlsOptions {
    const context = this.show(certificates);
    if (this.#options.access?.choosesByName !== true) return context;
    return { ...context, SNICallback: (name, chosen) => chosen(null, this.#choose(name)) };
  }

  /**
   * Uses other certificates from now on.
   *
   * @returns the settings for clients that send no name
   */
  show(certificates: readonly ServerCertificate[]): SecureContextOptions {
    const others = certificates.filter(({ names }) => names === undefined);
    if (this.#options.access?.choosesByName !== true) return this.#context(others);
    this.#named = certificates.flatMap((each) =>
      each.names === undefined
        ? []
        : [{ names: each.names, context: createSecureContext(this.#context([each])) }],
    );
    this.#others = createSecureContext(this.#context(others));
    const unnamed = certificates.filter(({ isForUnnamed }) => isForUnnamed === true);
    return this.#context(unnamed.length > 0 ? unnamed : others);
  }

  #choose(name: string): SecureContext | undefined {
    return this.#named.find(({ names }) => coversName(names, name))?.context ?? this.#others;
  }

  #context(certificates: readonly ServerCertificate[]): SecureContextOptions {
    const { policy, clientCertificates } = this.#options;
    return {
      ...policy,
      cert: certificates.map(({ certificate }) => certificate),
      key: certificates.map(({ privateKey }) => privateKey),
      ...(clientCertificates && { ca: clientCertificates.authorities }),
    };
  }
}
