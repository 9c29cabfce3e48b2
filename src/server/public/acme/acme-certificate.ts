// A certificate by ACME: it is ordered, kept, and renewed.

import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { systemClock } from '../../../base/clock.ts';
import type { ServiceLog } from '../../../base/log.ts';
import { openValue, sealValue } from '../../../crypto/sealed-value.ts';
import { coversName } from '../../../net/server-name/name-match.ts';
import type { Entry } from '../../../storage/journal.ts';
import { checkCertificate } from '../check-certificate.ts';
import type { PublicCertificate, PublicCertificateSource } from '../public-certificate.ts';
import type { AcmeJournal, AcmeRecord } from './acme-journal.ts';
import { type AcmeSettings, acmeNames } from './acme-settings.ts';

/** The part of a certificate's life after which it is renewed. */
const renewalShare = 2 / 3;
/** Time until a failed order is repeated, milliseconds. It doubles with each failure. */
const retryMsMin = 60_000;
const retryMsMax = 12 * 3600 * 1000;
const shownLength = 300;
const contexts = { account: 'acme account key', certificate: 'acme certificate key' } as const;
const newKey = promisify(generateKeyPair);

/** The parts that the certificate needs. */
export interface AcmeParts {
  readonly settings: AcmeSettings;
  readonly host: string;
  readonly publicHosts: readonly string[];
  readonly hasTlsParity: boolean;
  readonly journal: AcmeJournal;
  /** 256 bits, derived from the data key of the system volume. */
  readonly sealingKey: KeyObject;
  readonly commit: (entries: readonly Entry[]) => Promise<unknown>;
  readonly log: ServiceLog;
}

/**
 * The certificate that an ACME authority issues for the public names. The keys of the account and of the
 * certificate are only stored sealed.
 */
export class AcmeCertificate implements PublicCertificateSource {
  readonly kind = 'acme';
  readonly #parts: AcmeParts;
  #current: PublicCertificate | undefined = undefined;
  #nextAtMs = 0;
  #failures = 0; // in a row
  #isOrdering = false;
  failureCount = 0;

  constructor(parts: AcmeParts) {
    this.#parts = parts;
    const { issued } = parts.journal.record ?? {};
    if (issued === undefined) return;
    try {
      this.#current = this.#checked(
        issued.certificate,
        this.#open('certificate', issued.sealedKey),
      );
    } catch (error) {
      // It has expired, or is for other names than now. Another one is ordered.
      parts.log.warn({ problem: (error as Error).message }, 'the certificate by ACME is not used');
    }
  }

  get current(): PublicCertificate | undefined {
    return this.#current;
  }

  /**
   * Orders a certificate if there is none, or two thirds of its life are over. At most one order is made
   * at a time.
   *
   * @param changed called if there is another certificate
   */
  tick(changed: () => void): void {
    const nowMs = systemClock.nowMs();
    if (this.#isOrdering || nowMs < this.#nextAtMs || !this.#isDue(nowMs)) return;
    this.#isOrdering = true;
    this.#order()
      .then(
        () => {
          changed();
          // Authorities limit how many certificates a name gets.
          if (this.#isDue(systemClock.nowMs())) {
            this.#failed(
              new Error('the new certificate lacks a name, or is to be renewed already'),
            );
          } else this.#failures = 0;
        },
        (error: Error) => this.#failed(error),
      )
      .finally(() => {
        this.#isOrdering = false;
      });
  }

  #isDue(nowMs: number): boolean {
    const current = this.#current;
    if (current === undefined) return true;
    const { issuedAtMs, expiresAtMs, names } = current;
    const isOld = nowMs >= issuedAtMs + (expiresAtMs - issuedAtMs) * renewalShare;
    return isOld || acmeNames(this.#parts.publicHosts).some((name) => !coversName(names, name));
  }

  #failed({ message }: Error): void {
    this.failureCount++;
    const waitMs = Math.min(retryMsMin * 2 ** this.#failures, retryMsMax);
    this.#failures++;
    this.#nextAtMs = systemClock.nowMs() + waitMs;
    const { settings, log } = this.#parts;
    const problem = message.slice(0, shownLength);
    const about = { directory: settings.directory, problem, retrySeconds: waitMs / 1000 };
    log.error(about, 'no certificate could be ordered by ACME');
  }

  async #order(): Promise<void> {
    const { settings, host, publicHosts, hasTlsParity, journal, log } = this.#parts;
    const { orderCertificate } = await import('./acme-order.ts');
    const record = await this.#account();
    const { privateKey: key } = hasTlsParity
      ? await newKey('rsa', { modulusLength: 2048 })
      : await newKey('ec', { namedCurve: 'P-256' });
    const privateKey = pemOf(key);
    const certificate = await orderCertificate({
      settings,
      host,
      names: acmeNames(publicHosts),
      accountKey: this.#open('account', record.sealedAccountKey),
      accountUrl: record.accountUrl,
      privateKey,
      registered: (accountUrl) => this.#keep({ ...record, accountUrl }),
    });
    const found = this.#checked(certificate, privateKey);
    const issued = {
      certificate: found.certificate,
      sealedKey: this.#seal('certificate', privateKey),
    };
    await this.#keep({ ...record, ...journal.record, issued });
    this.#current = found;
    const until = new Date(found.expiresAtMs).toISOString();
    log.info({ names: found.names, until }, 'a certificate was issued by ACME');
  }

  /** The account at the authority, whose key is kept before it is used. */
  async #account(): Promise<AcmeRecord> {
    const { journal, settings } = this.#parts;
    const { record } = journal;
    if (record?.directory === settings.directory) return record;
    const { privateKey } = await newKey('ec', { namedCurve: 'P-256' });
    const account = {
      directory: settings.directory,
      sealedAccountKey: this.#seal('account', pemOf(privateKey)),
      accountUrl: undefined,
      issued: record?.issued,
    };
    await this.#keep(account);
    return account;
  }

  async #keep(record: AcmeRecord): Promise<void> {
    await this.#parts.commit([this.#parts.journal.entry(record)]);
  }

  #checked(pem: string, privateKey: string): PublicCertificate {
    const { publicHosts, hasTlsParity } = this.#parts;
    const key = createPrivateKey(privateKey);
    const found = { pem, key, certificateName: 'the answer', keyName: 'the order' };
    return checkCertificate(found, { publicHosts, hasTlsParity }, systemClock.nowMs());
  }

  #seal(purpose: keyof typeof contexts, pem: string): string {
    const bytes = Buffer.from(pem);
    const sealed = sealValue(this.#parts.sealingKey, contexts[purpose], bytes);
    bytes.fill(0);
    return sealed.toString('base64');
  }

  #open(purpose: keyof typeof contexts, sealed: string): string {
    const bytes = openValue(
      this.#parts.sealingKey,
      contexts[purpose],
      Buffer.from(sealed, 'base64'),
    );
    return bytes.toString('utf8');
  }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
