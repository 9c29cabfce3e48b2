// The report on the credentials of all users, CSV.

import { setImmediate } from 'node:timers/promises';
import type { Identity } from '../../identity.ts';
import { rootArn } from '../arns.ts';
import { IamError } from '../errors.ts';
import type { Iam } from '../iam.ts';
import type { AccessKeyRecord, UserRecord } from '../records.ts';

/** The time for which a report is returned, and for which a new one is not made, milliseconds. */
const validMs = 4 * 3_600_000;
const dayMs = 86_400_000;

const columns = [
  'user',
  'arn',
  'user_creation_time',
  'password_enabled',
  'password_last_used',
  'password_last_changed',
  'password_next_rotation',
  'mfa_active',
  'access_key_1_active',
  'access_key_1_last_rotated',
  'access_key_1_last_used_date',
  'access_key_1_last_used_region',
  'access_key_1_last_used_service',
  'access_key_2_active',
  'access_key_2_last_rotated',
  'access_key_2_last_used_date',
  'access_key_2_last_used_region',
  'access_key_2_last_used_service',
  'cert_1_active',
  'cert_1_last_rotated',
  'cert_2_active',
  'cert_2_last_rotated',
] as const;

/** Rows that one turn of the event loop writes. */
const rowsPerTurn = 200;

/** A report and the time at which it was made. */
export interface CredentialReport {
  readonly content: Buffer;
  readonly atMs: number;
}

/** Makes reports, and keeps the last one in memory. */
export class CredentialReports {
  readonly #iam: Iam;
  readonly #identity: Identity;
  #last: CredentialReport | undefined = undefined;

  constructor(iam: Iam, identity: Identity) {
    this.#iam = iam;
    this.#identity = identity;
  }

  /**
   * Makes a report, unless there is one of the last four hours.
   *
   * @returns whether a new one was made
   */
  async generate(nowMs: number): Promise<boolean> {
    if (this.#last !== undefined && nowMs < this.#last.atMs + validMs) return false;
    const lines = [columns.join(','), this.#rootRow().join(',')];
    for (const user of [...this.#iam.journal.users.values()]) {
      if (lines.length % rowsPerTurn === 0) await setImmediate();
      lines.push(this.#userRow(user).join(','));
    }
    const content = Buffer.from(lines.join('\n'), 'utf8');
    this.#last = { content, atMs: nowMs };
    return true;
  }

  /** @throws {IamError} 'ReportNotPresent', 'ReportExpired' */
  get(nowMs: number): CredentialReport {
    const last = this.#last;
    if (last === undefined) {
      throw new IamError('ReportNotPresent', 'No report exists. Call GenerateCredentialReport.');
    }
    if (nowMs < last.atMs + validMs) return last;
    throw new IamError('ReportExpired', 'The report has expired. Call GenerateCredentialReport.');
  }

  #rootRow(): readonly string[] {
    const keys = this.#identity.rootAccessKeys.map(({ isActive, ...key }) => ({
      ...key,
      status: isActive ? ('Active' as const) : ('Inactive' as const),
    }));
    return [
      '<root_account>',
      rootArn(this.#iam.accountId()),
      time(this.#identity.createdMs),
      'not_supported',
      'not_supported',
      'not_supported',
      'not_supported',
      String(this.#iam.devices.of({ id: this.#iam.accountId() }).length > 0),
      ...this.#keyCells(keys[0]),
      ...this.#keyCells(keys[1]),
      ...noCertificates,
    ];
  }

  #userRow(user: UserRecord): readonly string[] {
    const [first, second] = this.#iam.accessKeys.of(user);
    return [
      user.name,
      this.#iam.arnOf('user', user),
      time(user.createdMs),
      ...this.#passwordCells(user),
      String(this.#iam.devices.of(user).length > 0),
      ...this.#keyCells(first),
      ...this.#keyCells(second),
      ...noCertificates,
    ].map(asCell);
  }

  #passwordCells(user: UserRecord): readonly string[] {
    const password = this.#iam.passwords.find(user);
    if (password === undefined) return ['false', 'N/A', 'N/A', 'N/A'];
    const { ageDaysMax } = this.#iam.passwords.rules ?? {};
    const next = ageDaysMax === undefined ? 'N/A' : time(password.changedMs + ageDaysMax * dayMs);
    const used = password.usedMs === undefined ? 'no_information' : time(password.usedMs);
    return ['true', used, time(password.changedMs), next];
  }

  #keyCells(
    key: Pick<AccessKeyRecord, 'accessKeyId' | 'status' | 'createdMs'> | undefined,
  ): readonly string[] {
    if (key === undefined) return ['false', 'N/A', 'N/A', 'N/A', 'N/A'];
    const use = this.#iam.journal.lastUse(key.accessKeyId);
    const used = use ? [time(use.atMs), use.region, use.service] : ['N/A', 'N/A', 'N/A'];
    return [String(key.status === 'Active'), time(key.createdMs), ...used];
  }
}

const noCertificates = ['false', 'N/A', 'false', 'N/A'];

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
}

/** Quotes a cell if necessary: names can contain commas. */
function asCell(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
