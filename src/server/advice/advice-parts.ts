// What the checks of advice look at.

import type { Brokers } from '../../control/brokers.ts';
import type { Configurations } from '../../control/configurations/configurations.ts';
import type { Iam } from '../../identity/accounts/iam.ts';
import type { Identity } from '../../identity/identity.ts';
import type { KmsJournal } from '../../kms/kms-journal.ts';
import type { PublicCertificateSource } from '../public/public-certificate.ts';
import type { Settings } from '../settings.ts';

/** The state and the settings that are examined. Nothing is changed. */
export interface AdviceParts {
  readonly iam: Iam;
  readonly identity: Identity;
  readonly brokers: Brokers;
  readonly configurations: Configurations;
  readonly keys: KmsJournal;
  readonly settings: Pick<Settings, 'hasTlsParity' | 'sensitiveNames' | 'personNames'>;
  /** The certificates for the public names. */
  readonly publicCertificates: readonly PublicCertificateSource[];
  /** The number of TLS 1.2 handshakes since the start, by the name of a broker or `API`. */
  readonly tls12Counts: () => Promise<ReadonlyMap<string, number>>;
}

/** What a check tells about a subject. */
export type Observation = Readonly<Record<'subject' | 'what' | 'fix', string>>;

/** Examines one subject; undefined if there is nothing to tell about it. */
export type Examination = () => Observation | undefined | Promise<Observation | undefined>;

/** A check: one piece of advice, for each subject that it applies to. */
export interface Check {
  readonly name: string;
  /** The subject of the advice. */
  readonly why: string;
  /** Lists the examinations without performing them. */
  examinations(parts: AdviceParts, nowMs: number): Iterable<Examination>;
}
